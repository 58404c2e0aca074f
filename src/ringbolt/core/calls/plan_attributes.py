"""The attributes of a plan's verbs: known by name, each of the right kind."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from ringbolt.core.calls.xml_tree import Element
from ringbolt.core.errors import InvalidInput, Role

MAX_NAME_CHARS: Final = 64


def refused(message: str, line: int) -> InvalidInput:
    return InvalidInput(
        f"{message} (line {line} of the plan)",
        code="INVALID_PLAN",
        role=Role.PLAN,
        suggestion="Send XML such as <plan><say>Hello</say><hangup/></plan>. Nothing was charged.",
    )


class Attributes:
    """A verb's attributes, by any case of their names; ``names`` are those that it may have.

    Raises ``InvalidInput``, here and when one is read.
    """

    def __init__(self, verb: Element, *names: str) -> None:
        self._verb = verb
        self._names = names
        self._given: dict[str, str] = {}
        known = {name.lower(): name for name in names}
        if "lang" in known:
            known |= {"language": "lang", "xml:lang": "lang"}
        for written, value in verb.attributes.items():
            if written.lower().startswith("xmlns"):
                continue
            name = known.get(written.lower())
            if name is None:
                raise self._wrong(written, "is not known" + self._offer())
            if name in self._given:
                raise self._wrong(written, "is given twice")
            self._given[name] = value

    def _offer(self) -> str:
        return f"; it has {', '.join(self._names)}" if self._names else ""

    def _wrong(self, name: str, why: str) -> InvalidInput:
        return refused(
            f"<{self._verb.name[:40]}>: the attribute {name[:40]} {why}.", self._verb.line
        )

    def text(self, name: str) -> str:
        return self._given.get(name, "").strip()

    def name(self, name: str) -> str:
        """Raises ``InvalidInput`` for what is too long to be a name."""
        value = self.text(name)
        if len(value) > MAX_NAME_CHARS:
            raise self._wrong(name, f"is longer than {MAX_NAME_CHARS} characters")
        return value

    def both(self, one: str, other: str) -> bool:
        return one in self._given and other in self._given

    def boolean(self, name: str) -> bool:
        match self.text(name).lower():
            case "true" | "1" | "yes":
                return True
            case "" | "false" | "0" | "no":
                return False
        raise self._wrong(name, "is true or false")

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise self._wrong(name, f"is a whole number, not {value[:40]!r}")
        if not least <= int(value) <= most:
            raise self._wrong(name, f"is {least} to {most}")
        return int(value)

    def milliseconds(self, name: str, default: int, least: int, most: int) -> int:
        """From seconds (``2``, ``1.5``, ``2s``) or milliseconds (``500ms``)."""
        value = self.text(name).lower()
        if not value:
            return default
        unit = 1 if value.endswith("ms") else 1000
        number = value.removesuffix("s").removesuffix("m") if unit == 1 else value.removesuffix("s")
        try:
            ms = Decimal(number) * unit if len(number) < 12 else Decimal("NaN")
        except InvalidOperation:
            ms = Decimal("NaN")
        if not ms.is_finite():
            raise self._wrong(name, f"is a number of seconds, not {value[:40]!r}")
        if not least <= ms <= most:
            raise self._wrong(name, f"is {least / 1000:g} to {most // 1000} seconds")
        return int(ms)

    def keys(self, name: str, default: str, most: int) -> str:
        if name not in self._given:
            return default
        value = self.text(name)
        if len(value) > most or not set(value) <= set("0123456789*#"):
            raise self._wrong(name, "is one of 0 to 9, * and #")
        return value
