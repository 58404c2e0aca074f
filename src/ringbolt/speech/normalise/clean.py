"""Clean a text: composed, without markup and what has no sound, with ASCII digits. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ringbolt.speech.normalise.lookalikes import cyrillic_words

_MARKUP: Final = re.compile(
    r"[&<>\[\]{}\\`*_~#=|]|^ *[-+•‣▪◦·] |[⟨⟩「」『』【】《》〈〉]", re.MULTILINE
)
_WIDE: Final = re.compile(
    "[\uff03-\uff06\uff0a\uff0b\uff0d\uff0f-\uff19\uff1c-\uff1e\uff20-\uff3a\uff3c\uff3e-\uff5a"
    "\uff5c\uff5e\uff66-\uff9f\uffe0-\uffe6\u2103\u2109\u2160-\u217f\u3200-\u33ff\ufb00-\ufb06\u24b6-\u24e9\U0001d400-\U0001d7ff\U0001f100-\U0001f10a"
    "\U0001f130-\U0001f149]+"
)
_RAISED_LETTERS: Final = re.compile(
    "(?<=[^\\W_])[\u02b0-\u02b8\u02e1-\u02e3\u1d2c-\u1d2e\u1d30-\u1d3a\u1d3c-\u1d4d\u1d4f-\u1d6a]+"
    "|(?<=[0-9])\u207f\u1d48"
)
"""As people type endings: 5ᵗʰ, 1ᵉʳ, Mᵐᵉ. No voice reads them."""
_RAISED_O_AND_A: Final = str.maketrans("ᵒᵃ", "ºª")
_CIRCLED_NUMBER: Final = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]")
_SIGNS: Final = str.maketrans(
    dict.fromkeys("٭∗⁎✱✲✳﹡", "*")
    | dict.fromkeys("﹟♯⌗", "#")
    | dict.fromkeys("٪﹪", "%")
    | dict.fromkeys("➕﹢", "+")
    | dict.fromkeys("✖✕", "×")
    | dict.fromkeys("∕⁄", "/")
    | dict.fromkeys("➔➜➝➞➡⇒⟶", "→")
    | dict.fromkeys("‐\u2011", "-")
    | dict.fromkeys("⩽≦", "≤")
    | dict.fromkeys("⩾≧", "≥")
    | {"➖": "\u2212", "➗": "÷", "∼": "~", "〜": "~", "∙": "·", "؉": "‰", "٫": ".", "٬": ","}
    | {"℡": " tel. "}
)
_STAR_AFTER_NUMBER: Final = re.compile("(?<=\\d)\\s?[★☆⭐]")
_WIDE_POINT: Final = re.compile("(?<=\\d)(?:[：．](?=\\d)|，(?=\\d{3}(?!\\d)))")
_POINTS: Final = {"：": ":", "．": ".", "，": ","}
_EMOJI: Final = re.compile(
    "[\u2190\u2191\u2193-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf\u2b00-\u2bff\u20e3\ufe00-\ufe0f"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u0640\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\uffff\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]+"
)
_STRAY_JOINER: Final = re.compile(
    "(?:(?<=\\s)|^)[\u200c\u200d]+"
)  # inside Persian and Hindi words: kept
_FOREIGN_DIGIT: Final = re.compile(r"(?![0-9])\d")
_REPEATED: Final = re.compile(r"([!?,;:=_~|\-])\1+")
_MASK: Final = re.compile(r"\*{3,}(?=[ -]?\d{3})")
_DRAWN: Final = re.compile(r"([*#])\1{2,}")
_DOTS: Final = re.compile(r"\.{4,}")
_SPACES: Final = re.compile(r"[^\S\n]+")
_NEWLINES: Final = re.compile(r"\s*\n\s*")


def clean(text: str) -> str:
    """Compose (NFC), drop markup and what has no sound (controls, direction marks, emoji), use
    ASCII digits and the usual form of each sign."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if _MARKUP.search(text):
        from ringbolt.speech.normalise.markup import without_markup  # noqa: PLC0415 - few texts

        text = without_markup(text)
    if not text.isascii():
        text = _plain_characters(text)
    text = _INVISIBLE.sub("", text)
    text = _DRAWN.sub(" ", _MASK.sub("**", _REPEATED.sub(r"\1", text)))
    text = _DOTS.sub("...", text)
    text = _NEWLINES.sub("\n", _SPACES.sub(" ", text)).strip()
    return _STRAY_JOINER.sub("", text)


def _plain_characters(text: str) -> str:
    text = _WIDE_POINT.sub(lambda m: _POINTS[m[0]], text)
    text = _STAR_AFTER_NUMBER.sub("*", text)
    text = _WIDE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text).translate(_SIGNS)
    text = _RAISED_LETTERS.sub(_lowered, text)
    text = _CIRCLED_NUMBER.sub(_number, text)
    text = cyrillic_words(_EMOJI.sub(" ", text))
    return _FOREIGN_DIGIT.sub(lambda m: str(unicodedata.decimal(m[0])), text)


def _lowered(found: re.Match[str]) -> str:
    raised = found[0].translate(_RAISED_O_AND_A)
    return raised if raised in "ºª" else unicodedata.normalize("NFKC", raised)


def _number(found: re.Match[str]) -> str:
    return f" {int(unicodedata.numeric(found[0], 0))} "
