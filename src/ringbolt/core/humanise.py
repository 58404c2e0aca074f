"""Numbers and times for sentences: "1 second", "2 hours 24 minutes"."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

_UNITS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_HISSING: Final = ("s", "x", "ch", "sh")


def counted(number: int | float, noun: str) -> str:
    """A number with its noun: "1 second", "1.5 seconds", "2 web addresses"."""
    said = f"{number:g}" if isinstance(number, float) else str(number)
    if said == "1":
        return f"1 {noun}"
    return f"{said} {noun}{'es' if noun.endswith(_HISSING) else 's'}"


def span(ms: int) -> str:
    """A time in its two largest units, rounded up: "6 minutes", "2 hours 24 minutes"."""
    return " ".join(counted(number, noun) for number, noun in in_units(ms))


def in_units(ms: int) -> list[tuple[int, str]]:
    """A time in its two largest units, rounded up: 2 "hour", 24 "minute"."""
    seconds = max(1, -(-ms // 1000))
    for (size, _), (smaller, _) in pairwise(_UNITS):
        if seconds >= size:
            seconds = -(-seconds // smaller) * smaller
            break
    parts: list[tuple[int, str]] = []
    for size, noun in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append((number, noun))
    return parts


def every(ms: int) -> str:
    """How often, as it follows "every": "6 minutes", "minute"."""
    time = span(ms)
    return time.removeprefix("1 ") if time.count(" ") == 1 else time
