"""Untrusted XML as a small tree: no DTD, only XML's five entities, limited size and depth.

What makes XML dangerous (entity expansion, external files) needs a DTD; a document with one is
refused where it begins. Lines are counted from 1, for messages that say where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

MAX_DEPTH: Final = 20

# the numbers of expat.h; pyexpat exposes their texts only
_SYNTAX, _NO_ELEMENTS, _INVALID_TOKEN, _UNCLOSED_TOKEN, _MISMATCH = 2, 3, 4, 5, 7
_DUPLICATE, _JUNK_AFTER, _UNDEFINED_ENTITY = 8, 9, 11
_PLAIN: Final = {
    _SYNTAX: "is no XML",
    _NO_ELEMENTS: "ends before its last element is closed",
    _INVALID_TOKEN: "has a sign that XML does not allow there (write & as &amp; and < as &lt;)",
    _UNCLOSED_TOKEN: "ends in the middle of a tag",
    _MISMATCH: "closes an element that is not the one that is open",
    _DUPLICATE: "gives an attribute twice",
    _JUNK_AFTER: "goes on after its outermost element",
    _UNDEFINED_ENTITY: "uses an entity that is not one of &amp; &lt; &gt; &apos; &quot;",
}


class XmlRefused(Exception):
    """The document cannot be read; the message is a plain clause, ``line`` says where."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class Element:
    """An element: its ``name`` and attributes as written, texts and elements in their order."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list[str | Element] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The name without regard to case."""
        return self.name.lower()

    @property
    def elements(self) -> Iterator[Element]:
        return (child for child in self.children if isinstance(child, Element))

    @property
    def text(self) -> str:
        """All texts directly inside."""
        return "".join(child for child in self.children if isinstance(child, str))

    def inner_xml(self) -> str:
        """The content, as XML again."""
        return "".join(
            escape(child) if isinstance(child, str) else child.outer_xml()
            for child in self.children
        )

    def outer_xml(self) -> str:
        attributes = "".join(f" {name}={quoteattr(v)}" for name, v in self.attributes.items())
        return f"<{self.name}{attributes}>{self.inner_xml()}</{self.name}>"


def parse_xml(source: str | bytes, max_bytes: int) -> Element:
    """The root element. Raises ``XmlRefused``; reads nothing if ``source`` is too long."""
    data = _encoded(source)
    if len(data) > max_bytes:
        raise XmlRefused(f"is longer than {max_bytes // 1024} KB")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise XmlRefused(_plain(error), error.lineno) from error
    except ValueError as error:
        # pyexpat itself refuses some input, such as a lone surrogate
        raise XmlRefused("is no well-formed XML") from error
    return reader.root


def _encoded(source: str | bytes) -> bytes:
    """As UTF-8. Raises ``XmlRefused`` for another encoding."""
    try:
        if isinstance(source, str):
            return source.encode()
        source.decode()
    except UnicodeError as error:
        raise XmlRefused("is not written in UTF-8") from error
    return source


def _plain(error: expat.ExpatError) -> str:
    """Expat's message, or a clearer one for the most common mistakes."""
    return _PLAIN.get(error.code) or f"is no well-formed XML ({expat.ErrorString(error.code)})"


class _Reader:
    """Builds the tree from what expat reports."""

    root: Element

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[Element] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if len(self._open) >= MAX_DEPTH:
            raise XmlRefused(f"nests elements more than {MAX_DEPTH} deep", line)
        element = Element(name, attributes, line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].children.append(text)

    def _doctype(self, *_: object) -> None:
        raise XmlRefused(
            "has a document type (DOCTYPE), which is not read here", self.parser.CurrentLineNumber
        )
