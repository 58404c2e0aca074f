"""Reads TwiML documents: https://www.twilio.com/docs/voice/twiml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringbolt.core.calls.xml_tree import Element, XmlRefused, parse_xml

MAX_BYTES: Final = 64 * 1024
VERBS: Final = frozenset({"Play", "Say", "Pause", "Gather", "Record", "Redirect", "Hangup"})
_MOST_REPEATS: Final = 1000


class BadDocument(Exception):
    """No TwiML, or a verb that the world's phones do not know."""


@dataclass(frozen=True, slots=True)
class Verb:
    """``text``: what it speaks, plays or goes to. ``nested``: the prompt of a ``Gather``."""

    name: str
    attributes: dict[str, str]
    text: str
    nested: tuple[Verb, ...] = ()

    def number(self, name: str, otherwise: int) -> int:
        """Raises ``BadDocument``."""
        value = self.attributes.get(name, "")
        if not value:
            return otherwise
        if not (value.isascii() and value.isdigit() and len(value) < 7):
            raise BadDocument(f"{name} of {self.name} is no number: {value}")
        return int(value)

    @property
    def repeats(self) -> int:
        """How often it is played; 0 in a document is for ever."""
        return self.number("loop", 1) or _MOST_REPEATS


def read(document: str | bytes) -> list[Verb]:
    """The verbs of a ``<Response>``. Raises ``BadDocument``."""
    try:
        root = parse_xml(document, MAX_BYTES)
    except XmlRefused as error:
        raise BadDocument(f"it {error}") from error
    if root.name != "Response":
        raise BadDocument(f"its root is {root.name}")
    return [_verb(each) for each in root.elements]


def _verb(element: Element) -> Verb:
    if element.name not in VERBS:
        raise BadDocument(f"unknown verb {element.name}")
    nested = tuple(_verb(each) for each in element.elements)
    if nested and element.name != "Gather":
        raise BadDocument(f"{element.name} holds other verbs")
    return Verb(element.name, element.attributes, element.text.strip(), nested)
