"""The fields of a request, each read with plain words for what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ringbolt.api.kit.style import Sentence, Style, shown
from ringbolt.core.errors import InvalidInput

MAX_NAME_CHARS: Final = 64
_YES: Final = frozenset({"true", "1", "yes", "on"})
_NO: Final = frozenset({"false", "0", "no", "off", ""})
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DIGITS: Final = re.compile(r"-?[0-9]+", re.ASCII)


@dataclass(slots=True, eq=False)
class Fields:
    """``values`` by canonical name; ``names``: the client's own names, where they differ;
    ``ignored``: names that mean nothing here; ``texts``: names of fields that came in a query or
    form, where everything is text. ``inside`` names the object that the fields are in, with a dot.
    """

    style: Style
    values: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()
    inside: str = ""

    def get(self, name: str) -> Any:
        """The field as it came; None if it is absent or null."""
        return self.values.get(name)

    def within(self, name: str) -> Fields:
        """The fields of a field that is an object."""
        return Fields(self.style, self.get(name), inside=f"{self.label(name)}.")

    def with_text(self, name: str, value: str) -> Fields:
        """These fields and one more, a text that came in another place."""
        values = {**self.values, name: value}
        return replace(self, values=values, texts=self.texts | {name})

    def written(self, name: str) -> str:
        """The client's name for the field."""
        return self.inside + (self.names.get(name) or name)[:MAX_NAME_CHARS]

    def label(self, name: str) -> str:
        """The field as a sentence calls it: by the client's name for it, and by ours."""
        written, name = self.written(name), self.inside + name
        return name if written == name else f"{written} ({name})"

    def wrong(self, name: str, what: str, code: str, suggestion: str) -> InvalidInput:
        """The error for a field: its name, then ``what``."""
        return InvalidInput(
            f"{self.label(name)} {what}",
            code=code,
            field=self.written(name),
            suggestion=suggestion,
        )

    def missing(self, name: str, why: str) -> InvalidInput:
        return self._error(name, self.style.missing, why=why)

    def wrong_kind(self, name: str, wanted: str, suggestion: str) -> InvalidInput:
        """The error for a value of another JSON type than ``wanted``."""
        kind = self.style.kind(self.get(name))
        return self.wrong(name, f"must be {wanted}, not {kind}.", "INVALID_TYPE", suggestion)

    def text(self, name: str, max_chars: int | None = None) -> str:
        """The field, '' if it is absent. Raises ``InvalidInput``."""
        value = self._text(name, max_chars)
        if not self.style.exact and _CONTROL.search(value):
            raise self._error(name, self.style.control)
        return value

    def foreign_text(self, name: str, max_chars: int | None = None) -> str:
        """A text that its sender did not write: U+FFFD replaces control characters."""
        return _CONTROL.sub("\ufffd", self._text(name, max_chars))

    def line(self, name: str, max_chars: int | None = None) -> str:
        """A text of one line, stripped."""
        value = self.text(name, max_chars).strip()
        if "\n" in value or "\r" in value:
            raise self._error(name, self.style.one_line)
        return value

    def choice(self, name: str, options: Sequence[str]) -> str | None:
        """One of ``options`` in any letter case, None if absent. Raises ``InvalidInput``."""
        if self.get(name) is None:
            return None
        chosen = self.text(name).strip().lower()
        if chosen not in options:
            known = ", ".join(options)
            raise self.wrong(
                name,
                f"must be one of {known}, not {shown(chosen)}.",
                "INVALID_CHOICE",
                f"Choose one of {known}, or leave it out.",
            )
        return chosen

    def boolean(self, name: str) -> bool:
        """False if absent. Raises ``InvalidInput`` for what is neither yes nor no."""
        value = self.get(name)
        if value is None:
            return False
        read = value if isinstance(value, bool) or self.style.exact else as_boolean(value)
        if not isinstance(read, bool):
            raise self._error(name, self.style.boolean)
        return read

    def number(self, name: str, usual: float | None = None) -> float | None:
        """Any number, None if absent. Raises ``InvalidInput``."""
        value = self.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self._error(name, self.style.number, usual=usual)
        return value

    def whole_number(
        self,
        name: str,
        least: int | None,
        most: int | None,
        usual: int | None = None,
        *,
        quoted: bool = True,
    ) -> int | None:
        """A whole number from ``least`` to ``most``, None if absent. Raises ``InvalidInput``.

        ``quoted``: whether JSON may have it in quotes, as queries and forms always do.
        """
        value = self.get(name)
        if value is None or (value == "" and name in self.texts):  # a field left empty in a form
            return None
        ends: dict[str, Any] = {
            "least": least,
            "most": most,
            "usual": usual,
            "example": max(least or 0, 1),
        }
        quoted = not self.style.exact and (quoted or name in self.texts)
        number = as_number(value, self.style, quoted=quoted)
        if number is None:
            raise self._error(name, self.style.number, **ends)
        is_less, is_more = least is not None and number < least, most is not None and number > most
        if is_less or is_more or number != int(number):
            raise self._error(name, self.style.out_of_range, shown(number), **ends)
        return int(number)

    def _text(self, name: str, max_chars: int | None) -> str:
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._error(name, self.style.text)
        if max_chars is not None and len(value) > max_chars:
            raise self._error(name, self.style.too_long, size=len(value), most=max_chars)
        return value

    def _error(
        self, name: str, sentence: Sentence, value: str | None = None, **about: Any
    ) -> InvalidInput:
        found = self.get(name)
        about |= {"value": value or shown(found), "kind": self.style.kind(found)}
        what, suggestion = (
            text.format(name=self.inside + name, **about)
            for text in (sentence.what, sentence.suggestion)
        )
        return self.wrong(name, what, sentence.code, suggestion)


def as_boolean(value: Any) -> bool | None:
    """A value read as yes or no; None if it is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _YES:
        return True
    return False if word in _NO else None


def as_number(value: Any, style: Style, *, quoted: bool) -> int | float | None:
    """A value read as a whole number (2, 2.0 and "2" may be one); None if it is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.strip()
        fits = len(digits.removeprefix("-")) <= style.quoted_digits
        return int(digits) if quoted and fits and _DIGITS.fullmatch(digits) else None
    if isinstance(value, float):
        is_taken = style.fractions == "range" or (style.fractions == "whole" and value.is_integer())
        return value if is_taken else None
    return value if isinstance(value, int) else None
