"""How a family reads fields and what it says of them: one table for each family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

KINDS: Final = ("a boolean", "a number", "a list", "an object", "a text")


class Sentence(NamedTuple):
    """The sentence about a field after its name, the error's code, and what to do about it.

    The texts may hold ``{name}``, ``{value}`` (as it may be shown), ``{kind}``, ``{why}``,
    ``{size}``, ``{least}``, ``{most}``, ``{usual}`` and ``{example}`` (a number that is taken).
    """

    what: str
    code: str
    suggestion: str


_TOO_LONG: Final = Sentence(
    "has {size} characters; at most {most} are taken.",
    "TOO_LONG",
    "Shorten it to {most} characters.",
)
_CONTROL: Final = Sentence("holds control characters.", "INVALID_TEXT", "Remove them.")
_ONE_LINE: Final = Sentence("must be one line.", "INVALID_TEXT", "Remove the line breaks.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a family says of fields, and what it takes for a number, a boolean or a name.

    ``exact``: values must have their JSON type. Otherwise booleans may be words or 0 and 1, and
    numbers may stand in quotes with up to ``quoted_digits`` digits. ``fractions``: whether 2.0 is a
    whole number (``whole``) or not (``never``), or any fraction is out of range (``range``).

    ``aliases``: other names of a field; ``fold`` brings names to the form in which they are
    compared. A name that resembles a field's by ``misspelt`` (0 to 1) is refused; None: names that
    are not known are ignored.
    """

    missing: Sentence
    text: Sentence
    boolean: Sentence
    number: Sentence
    out_of_range: Sentence
    too_long: Sentence = _TOO_LONG
    control: Sentence = _CONTROL
    one_line: Sentence = _ONE_LINE
    too_many: str = "Send only the documented fields."
    container: str = "body"
    kinds: tuple[str, str, str, str, str] = KINDS
    exact: bool = False
    quoted_digits: int = 9
    fractions: Literal["whole", "never", "range"] = "whole"
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fold: Callable[[str], str] | None = None
    misspelt: float | None = None

    def kind(self, value: Any) -> str:
        """What sort of JSON value it is, in words."""
        boolean, number, many, thing, text = self.kinds
        names = {bool: boolean, int: number, float: number, list: many, dict: thing}
        return names.get(type(value), text)


def shown(value: Any) -> str:
    """A value as an error message shows it: shortened to 40 characters."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"{value[:40]!r}..."
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of that size"
    return str(value)[:40].lower() if isinstance(value, bool) else str(value)[:40]
