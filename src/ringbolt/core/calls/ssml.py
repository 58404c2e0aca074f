"""The part of SSML 1.1 (W3C) that a telephone call needs, as pieces of plain text and pauses.

Understood: ``break``, ``say-as``, ``prosody rate``, ``lang``, ``xml:lang``, ``p``, ``s``, ``sub``;
``emphasis`` and everything else passes its text on. Speech engines take no markup here: each piece
is spoken by itself, at its rate and in its language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from ringbolt.core.calls.say_as import kind_of, marked, unmarked
from ringbolt.core.calls.xml_tree import Element, XmlRefused, parse_xml
from ringbolt.core.errors import InvalidInput

MAX_BYTES: Final = 64 * 1024
MAX_BREAK_MS: Final = 10_000
MAX_PAUSES_MS: Final = 30_000
MAX_PIECES: Final = 100
MIN_RATE: Final = 0.5
MAX_RATE: Final = 2.0

SSML_IGNORED: Final = "ssml_ignored"
"""The note on markup that has no effect: ``ssml_ignored: audio, voice``."""

KEYS: Final = "*#"
"""The keys of a telephone that are no digits. They are named: a text may be one alone."""

_STRENGTHS: Final = {
    "none": 0,
    "x-weak": 100,
    "weak": 250,
    "medium": 500,
    "strong": 750,
    "x-strong": 1000,
}
_RATES: Final = {
    "x-slow": 0.5,
    "slow": 0.75,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.25,
    "x-fast": 1.5,
}
_SENTENCE_MS: Final = 250
_PARAGRAPH_MS: Final = 600
_BLANK: Final = re.compile(r"[\s\ufeff]*")
_DOCTYPE: Final = (
    r"""<!DOCTYPE\b(?>"[^"]*"|'[^']*'|[^"'\[>])*+"""
    r"""(?:\[(?><!--.*?-->|"[^"]*"|'[^']*'|(?!<!--)[^"'\]])*+\]\s*)?>"""
)
# possessive: matching takes time linear in the length of the text
_OPENING: Final = re.compile(
    rf"(?>\s|<\?.*?\?>|<!--.*?-->|{_DOCTYPE})*+<speak[\s/>]", re.DOTALL | re.IGNORECASE
)
_TIME: Final = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)", re.ASCII | re.IGNORECASE)
_RATE: Final = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,3})?)(%?)", re.ASCII)
_POINTS: Final = frozenset({"en", "ar", "he", "zh", "ja", "ko", "hi", "ur", "th", "fa"})
"""Languages that write 1,000 for a thousand; the others write 1.000."""
_TRANSPARENT: Final = frozenset({"speak", "emphasis", "say-as", "sub", "lang", "w", "token"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A text to speak in one go. ``language``: BCP 47 or '' for automatic; ``rate``: 1.0 is
    usual. ``marked``: the text with the marks of its ``say-as``, '' if it has none."""

    text: str
    language: str = ""
    rate: float = 1.0
    marked: str = ""

    @property
    def to_speak(self) -> str:
        """The text with all that decides how it is spoken."""
        return self.marked or self.text


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause of ``ms``."""

    ms: int


@dataclass(frozen=True, slots=True)
class Markup:
    """What a marked-up text says, in order; ``ignored`` names elements that have no effect.

    There is at least one ``Piece``.
    """

    parts: tuple[Piece | Silence, ...]
    ignored: tuple[str, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All that is spoken."""
        return tuple(part for part in self.parts if isinstance(part, Piece))

    @property
    def text(self) -> str:
        """The words of all pieces."""
        return " ".join(piece.text for piece in self.pieces)

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"{SSML_IGNORED}: {', '.join(self.ignored)}",) if self.ignored else ()


def is_ssml(text: str) -> bool:
    """The text begins with ``<speak`` (in any case), perhaps after the prolog of an XML document:
    a byte order mark, an XML declaration, comments, a DOCTYPE (which is then refused)."""
    return "<" in text and _OPENING.match(_without_blanks(text)) is not None


def parse_ssml(text: str) -> Markup:
    """Raises ``InvalidInput`` (``SSML_INVALID``), which names the line."""
    try:
        return read_markup(text)
    except XmlRefused as error:
        raise InvalidInput(
            f"The marked-up text {error} (line {error.line}).",
            code="SSML_INVALID",
            suggestion='Send plain text, or SSML such as <speak>Your code is <say-as interpret-as="'
            'digits">4829</say-as> <break time="1s"/> Goodbye.</speak>',
        ) from error


def read_markup(text: str) -> Markup:
    """Raises ``XmlRefused``."""
    return markup_of(parse_xml(_without_blanks(text), MAX_BYTES))


def whole_text(text: str) -> str:
    """The text without its tags, and nothing in their place: a word that tags cut in two is whole.
    Raises ``InvalidInput`` (``SSML_INVALID``)."""
    parse_ssml(text)
    return _whole_text(parse_xml(_without_blanks(text), MAX_BYTES))


def _without_blanks(text: str) -> str:
    """Nothing may precede an XML declaration, but editors put a byte order mark there."""
    text = text.rstrip()
    blank = _BLANK.match(text)
    return text[blank.end() :] if blank else text


def markup_of(root: Element) -> Markup:
    """What a ``speak`` element says. Raises ``XmlRefused``."""
    if root.key != "speak":
        raise XmlRefused(f"begins with <{root.name[:40]}>, not with <speak>", root.line)
    walk = _Walk()
    walk.element(root, Piece(""))
    return walk.markup(root.line)


class _Walk:
    """Collects pieces and pauses. Text with the same style is one piece."""

    def __init__(self) -> None:
        self._parts: list[Piece | Silence] = []
        self._paused_ms = 0
        self._ignored: dict[str, None] = {}

    def markup(self, line: int) -> Markup:
        """Raises ``XmlRefused`` if nothing is spoken, or too much is asked for."""
        parts: list[Piece | Silence] = []
        for part in self._parts:
            if isinstance(part, Silence):
                parts.append(part)
            elif any(char.isalnum() or char in KEYS for char in part.text):
                parts.append(_on_one_line(part))
        if not any(isinstance(part, Piece) for part in parts):
            raise XmlRefused("says nothing", line)
        if len(parts) > MAX_PIECES:
            raise XmlRefused(
                f"falls into {len(parts)} pieces; at most {MAX_PIECES} are spoken",
                line,
            )
        return Markup(tuple(parts), tuple(self._ignored))

    def element(self, element: Element, style: Piece) -> None:
        """``style``: a piece without text, whose language and rate apply."""
        style = replace(style, language=_language(element) or style.language)
        match element.key:
            case "break":
                self._pause(_break_ms(element), element.line)
            case "p" | "s":
                self._block(element, style)
            case "sub":
                alias = unmarked(element.attributes.get("alias") or _whole_text(element))
                self._say(alias, alias, style)
            case "say-as":
                self._say(*_said_as(element, style.language), style)
            case "prosody":
                self._children(element, replace(style, rate=self._rate(element, style.rate)))
            case "desc" | "metadata" | "meta" | "lexicon" | "mark":
                self._note(element)  # not meant to be spoken
            case key:
                if key not in _TRANSPARENT:
                    self._note(element)
                self._children(element, style)

    def _children(self, element: Element, style: Piece) -> None:
        for child in element.children:
            if isinstance(child, str):
                text = unmarked(child)
                self._say(text, text, style)
            else:
                self.element(child, style)

    def _block(self, element: Element, style: Piece) -> None:
        """A sentence or paragraph: separate from the text before and after it."""
        gap_ms = _PARAGRAPH_MS if element.key == "p" else _SENTENCE_MS
        self._part_from(gap_ms)
        self._children(element, style)
        self._part_from(gap_ms)

    def _part_from(self, ms: int) -> None:
        """A pause between two texts, not before the first one; it does not count towards the
        limit."""
        match self._parts[-1:]:
            case [Silence(before)]:
                self._parts[-1] = Silence(max(before, ms))
            case [_]:
                self._parts.append(Silence(ms))

    def _pause(self, ms: int, line: int) -> None:
        if ms > MAX_BREAK_MS:
            raise XmlRefused(
                f"has a break of {ms / 1000:g} s; one lasts at most {MAX_BREAK_MS // 1000} s", line
            )
        self._paused_ms += ms
        if self._paused_ms > MAX_PAUSES_MS:
            raise XmlRefused(f"has breaks of more than {MAX_PAUSES_MS // 1000} s in all", line)
        match self._parts[-1:]:
            case [Silence(before)] if ms:
                self._parts[-1] = Silence(before + ms)
            case _ if ms:
                self._parts.append(Silence(ms))

    def _say(self, text: str, to_speak: str, style: Piece) -> None:
        match self._parts[-1:]:
            case [Piece(before, style.language, style.rate) as last]:
                to_speak = (last.marked or before) + to_speak
                self._parts[-1] = _piece(before + text, to_speak, style)
            case _ if text.strip():
                self._parts.append(_piece(text, to_speak, style))

    def _rate(self, element: Element, rate: float) -> float:
        for name in element.attributes:
            if name.lower() != "rate" and not name.lower().startswith("xml"):
                self._ignored[f"prosody {name.lower()[:40]}"] = None
        asked = _attribute(element, "rate").strip().lower()
        factor = _factor(asked)
        if factor is not None:
            rate *= factor
        elif asked in ("medium", "default"):
            rate = 1.0
        elif asked in _RATES:
            rate *= _RATES[asked]
        elif asked:
            raise XmlRefused(
                f"has the rate {asked[:40]!r}; it is one of {', '.join(_RATES)}, or such as 80%",
                element.line,
            )
        return round(min(MAX_RATE, max(MIN_RATE, rate)), 2)

    def _note(self, element: Element) -> None:
        if len(self._ignored) < 10:
            self._ignored[element.key[:40]] = None


def _attribute(element: Element, name: str) -> str:
    return next((v for key, v in element.attributes.items() if key.lower() == name), "")


def _factor(rate: str) -> float | None:
    """``80%`` and ``0.8`` as 0.8, ``+10%`` as 1.1; None for anything else."""
    found = _RATE.fullmatch(rate)
    if found is None:
        return None
    sign, number, percent = found.groups()
    factor = float(number) / (100 if percent else 1)
    return factor if not sign else max(0.0, 1 + float(f"{sign}{factor}"))


def _language(element: Element) -> str:
    return (_attribute(element, "xml:lang") or _attribute(element, "lang")).strip()[:35]


def _break_ms(element: Element) -> int:
    time, strength = _attribute(element, "time").strip(), _attribute(element, "strength").strip()
    if time:
        found = _TIME.fullmatch(time)
        if found is None:
            raise XmlRefused(
                f"has a break of {time[:40]!r}; write it as 500ms or 1.5s", element.line
            )
        return round(float(found[1]) * (1 if found[2].lower() == "ms" else 1000))
    ms = _STRENGTHS.get(strength.lower() or "medium")
    if ms is None:
        raise XmlRefused(
            f"has a break as strong as {strength[:40]!r}; it is one of {', '.join(_STRENGTHS)}",
            element.line,
        )
    return ms


def _whole_text(element: Element) -> str:
    return "".join(
        child if isinstance(child, str) else _whole_text(child) for child in element.children
    )


def _piece(text: str, to_speak: str, style: Piece) -> Piece:
    return replace(style, text=text, marked="" if to_speak == text else to_speak)


def _on_one_line(piece: Piece) -> Piece:
    text, to_speak = (" ".join(each.split()) for each in (piece.text, piece.marked))
    return replace(piece, text=text, marked=to_speak)


def _said_as(element: Element, language: str) -> tuple[str, str]:
    """The text rewritten as it is read, and with the marks of what is asked for."""
    text = unmarked(_whole_text(element))
    kind = kind_of(_attribute(element, "interpret-as"), _attribute(element, "format"))
    shown = text
    match kind:
        case "":
            return text, text
        case "digits" | "characters":
            shown = _apart("".join(text.split()))
        case "telephone":
            plus = "+" if text.strip().startswith("+") else ""
            shown = plus + ", ".join(_apart(run) for run in re.findall(r"\w+", text))
        case "cardinal":
            shown = _whole(text, language)
    return shown, marked(kind, text)


def _apart(characters: str) -> str:
    """``AB12`` as ``A B 1 2``; long ones in groups of four, with a short pause after each."""
    size = 4 if len(characters) > 6 else 6
    groups = [characters[at : at + size] for at in range(0, len(characters), size)]
    return ", ".join(" ".join(group) for group in groups).upper()


def _whole(text: str, language: str) -> str:
    """A number in groups of three, which is never read as a code. Without a language the
    separator of its groups is unknown: then it stays as it is."""
    number = text.strip()
    if not language or not re.fullmatch(r"[1-9]\d{3,11}", number, re.ASCII):
        return text
    mark = "," if language.split("-", maxsplit=1)[0].lower() in _POINTS else "."
    return f"{int(number):,}".replace(",", mark)
