"""Texts with a slot in the place of their code, made of the labelled ones."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from support.labelled_texts import BLIND, PARTS, LabelledText, labelled_texts

_NO_SIGN = r"(?<![A-Za-z0-9])"
_LINK = re.compile(r"[/#=]$")


@dataclass(frozen=True, slots=True)
class Template:
    """``pieces`` stand around the slots; a slot after a sign of links (``is_link``) takes the code
    without blanks and hyphens. ``zero`` is the digit 0 of the script that the code is written in.
    """

    origin: LabelledText
    pieces: tuple[str, ...]
    zero: str
    is_prefixed: bool

    def filled(self, written: str) -> str:
        """The text with ``written`` for its code."""
        shown = "".join(chr(ord(self.zero) + int(x)) if "0" <= x <= "9" else x for x in written)
        joined = re.sub(r"[ -]", "", shown)
        text = self.pieces[0]
        for piece in self.pieces[1:]:
            text += (joined if _LINK.search(text) else shown) + piece
        return text

    @property
    def before(self) -> str:
        """What stands before the first slot."""
        return self.pieces[0]


@cache
def templates() -> tuple[Template, ...]:
    """One for every labelled text whose code can be exchanged."""
    found = (
        _template(each) for part in (*PARTS, *BLIND) for each in labelled_texts(part) if each.code
    )
    return tuple(template for template in found if template is not None)


def _template(origin: LabelledText) -> Template | None:
    ascii_text = "".join(map(_ascii_digit, origin.text))
    signs = "[ -]?".join(map(re.escape, origin.code or ""))
    spans = [each.span() for each in re.finditer(f"{_NO_SIGN}{signs}(?![0-9])", ascii_text)]
    if not spans:
        return None
    edges = [0, *(edge for span in spans for edge in span), len(origin.text)]
    pieces = [origin.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    first = origin.text[spans[0][0]]
    zero = chr(ord(first) - unicodedata.decimal(first)) if first.isdecimal() else "0"
    is_prefixed = re.search(r"[A-Za-z]-$", pieces[0]) is not None
    return Template(origin, tuple(pieces), zero, is_prefixed)


def _ascii_digit(sign: str) -> str:
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
