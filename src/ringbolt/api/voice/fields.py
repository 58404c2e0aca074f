"""What a request says, field by field, each read with plain words for what is wrong with it.

Booleans and numbers may stand in quotes: clients of the original send them so, and a query knows
nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from ringbolt.core.errors import InvalidInput

_YES: Final = frozenset({"true", "1", "yes", "on"})
_NO: Final = frozenset({"false", "0", "no", "off", ""})
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """``values`` by canonical name; ``written``: the names that the client used; ``ignored``:
    names that mean nothing here."""

    values: dict[str, Any] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def get(self, name: str) -> Any:
        """The field as it came; None if it is absent or null."""
        return self.values.get(name)

    def written_as(self, name: str) -> str:
        """The client's name for the field."""
        return self.written.get(name, name)

    def label(self, name: str) -> str:
        """The field as an error calls it: by the client's name for it, and by ours."""
        written = self.written.get(name, name)
        return name if written == name else f"{written[:64]} ({name})"

    def wrong(self, name: str, what: str, code: str, suggestion: str) -> InvalidInput:
        """The error for a field: its name, then ``what``."""
        written = self.written.get(name, name)[:64]
        return InvalidInput(
            f"{self.label(name)} {what}", code=code, field=written, suggestion=suggestion
        )

    def missing(self, name: str, why: str) -> InvalidInput:
        return self.wrong(name, f"is missing. {why}", "MISSING_FIELD", f"Send {name}.")

    def text(self, name: str, max_chars: int) -> str:
        """The field, '' if it is absent. Raises ``InvalidInput``."""
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(
                name, f"must be a text, not {kind(value)}.", "INVALID_TYPE", "Put it in quotes."
            )
        if len(value) > max_chars:
            raise self.wrong(
                name,
                f"has {len(value)} characters; at most {max_chars} are taken.",
                "TOO_LONG",
                f"Shorten it to {max_chars} characters.",
            )
        if _CONTROL.search(value):
            raise self.wrong(name, "holds control characters.", "INVALID_TEXT", "Remove them.")
        return value

    def line(self, name: str, max_chars: int) -> str:
        """A text of one line, stripped."""
        value = self.text(name, max_chars).strip()
        if "\n" in value or "\r" in value:
            raise self.wrong(name, "must be one line.", "INVALID_TEXT", "Remove the line breaks.")
        return value

    def boolean(self, name: str) -> bool:
        """False if absent. Raises ``InvalidInput`` for what is neither yes nor no."""
        value = self.get(name)
        if value is None:
            return False
        read = as_boolean(value)
        if read is None:
            raise self.wrong(
                name,
                f"must be true or false, not {shown(value)}.",
                "INVALID_TYPE",
                "Send true or false, or leave it out.",
            )
        return read

    def whole_number(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number from ``least`` to ``most``. Raises ``InvalidInput``."""
        value = self.get(name)
        if value is None:
            return default
        whole = as_whole(value)
        if whole is None:
            raise self.wrong(
                name,
                f"must be a whole number, not {shown(value)}.",
                "INVALID_TYPE",
                f"Send a whole number from {least} to {most}.",
            )
        if not least <= whole <= most:
            raise self.wrong(
                name,
                f"must be between {least} and {most}, not {shown(value)}.",
                "OUT_OF_RANGE",
                f"Send a whole number from {least} to {most}, or leave it out.",
            )
        return whole


def as_boolean(value: Any) -> bool | None:
    """What a value means as yes or no; None if it is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _YES:
        return True
    return False if word in _NO else None


def as_whole(value: Any) -> int | None:
    """What a value means as a whole number (2, 2.0 and "2" are one); None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value.strip()) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def shown(value: Any) -> str:
    """A value as it may stand in a sentence: short, and never a page of it."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"{value[:40]!r}..."
    if isinstance(value, dict | list):
        return kind(value)
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of that size"
    return str(value)[:40].lower() if isinstance(value, bool) else str(value)[:40]


def kind(value: Any) -> str:
    """What sort of JSON value it is, in words."""
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a text")
