"""Whether two values of one field say the same: compared as they are read, not as written."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit.phone_input import international
from ringbolt.api.voice.fields import as_boolean, as_whole
from ringbolt.core.canonical import canonical_json

_WHOLE: Final = frozenset({"reps", "timeout", "maxMinutes", "maxDigits", "gatherTimeout", "limit"})
_BOOLEANS: Final = frozenset({"neural", "dtmf"})
_MAX_NUMBER_CHARS: Final = 64


def same(canonical: str, one: Any, other: Any) -> bool:
    """True for "3" and 3, "false" and false, a number and the same number with spaces. What
    cannot be read is compared as it came. Raises ``InvalidInput`` for what JSON cannot hold."""
    return canonical_json([_read(canonical, one)]) == canonical_json([_read(canonical, other)])


def _read(canonical: str, value: Any) -> Any:
    read: Any = None
    if canonical in _WHOLE:
        read = as_whole(value)
    elif canonical in _BOOLEANS:
        read = as_boolean(value)
    elif canonical == "to":
        read = _e164(value)
    return value if read is None else read


def _e164(value: Any) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        value = str(value)
    if not isinstance(value, str) or len(value) > _MAX_NUMBER_CHARS:
        return None
    return international(value.strip())
