"""Signs that no other rule took: the language's word, or nothing; never another language's."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ringbolt.core.calls.ssml import KEYS
from ringbolt.speech.normalise.lexicon import Lexicon

NAMES: Final = {
    "&": "and", "+": "plus", "@": "at", "/": "slash", "=": "equals", "%": "percent", "°": "degree",
    "§": "section", "©": "copyright", "®": "registered", "™": "trademark", "<": "less",
    ">": "greater", "~": "about", "≈": "about", "±": "plusminus", "÷": "divided", "×": "times",
    "‰": "permille", "\u2212": "minus", "_": "underscore", "*": "star", "#": "hash", "→": "to",
    "€": "euro", "$": "dollar", "№": "number",
}  # fmt: skip
_BESIDE_DIGITS_ONLY: Final = "<>~≈_→/"
"""Elsewhere these stand for nothing that is said."""
CURRENCIES: Final = "€$£¥₹₩₽₿₺₴₪₦₫₱฿₡₲₵₸₼₾৳¢"
"""The signs of currencies that stand beside amounts."""
SEPARATORS: Final = "|¦•·▪◦‣†‡¶"
"""Signs that set off what is around them; nobody says them."""
_PAUSES: Final = SEPARATORS + "/→"
_NO_SIGN: Final = "-–—.,;:!?'\"()…‘’“”„‚«»‹›¡¿´"
SIGN: Final = re.compile(rf"[^\w\s{re.escape(_NO_SIGN)}]|_")
_ARROW: Final = re.compile(r"(?<!\w)[-=]+>|(?<=\w)[-=]+>(?=\s|$)")
_EMOTICON: Final = re.compile(
    r"(?<![\d<])<3+(?![\w.,]*\d|\w)(?=\s*(?:[.!?\n]|$))|<3(?= (?:you|u|it)\b)"
)
_JOINED_WORDS: Final = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])")
_POWER: Final = re.compile(r"(?<![\w*#])(\d{1,4})\*\*(\d{1,3})(?![\w*#])")


def tidy(text: str) -> str:
    """``text`` with its drawings, made of several signs, as one sign: arrows, hearts, powers."""
    if ">" in text:
        text = _ARROW.sub(" → ", text)
    if "**" in text:
        text = _POWER.sub(r"\1^\2", text)
    return _EMOTICON.sub(" ", text) if "<3" in text else text


def say_signs(text: str, words: Lexicon, is_number: re.Pattern[str]) -> tuple[str, tuple[str, ...]]:
    """The text with its signs in words, and those beside a number (``is_number`` finds one at the
    start or end of a text) that have none. They are left out."""
    unspoken: dict[str, None] = {}

    def say(found: re.Match[str]) -> str:
        sign = found[0]
        if not is_sign(sign):
            return sign
        beside = is_beside(found, is_number)
        if sign == "~" and found.start() and is_number.match(found.string, found.start() - 1):
            sign = "→"  # 5~10: from 5 to 10
        word = words.sign(NAMES.get(sign, ""))
        if not word and (beside or sign in KEYS) and sign not in SEPARATORS:
            unspoken[sign] = None
        if word and (beside or sign not in _BESIDE_DIGITS_ONLY or _is_joint(found)):
            return f" {word} "
        return ", " if sign in _PAUSES else " "

    return SIGN.sub(say, text), tuple(unspoken)


def is_sign(char: str) -> bool:
    """Whether a character that is no letter and no digit is a sign; accents and the punctuation of
    all scripts are none."""
    category = unicodedata.category(char)
    return category[0] == "S" or char in NAMES or char in _PAUSES or char in "\\^"


def is_beside(found: re.Match[str], is_number: re.Pattern[str]) -> bool:
    """Whether a number stands before or after it, perhaps with a blank between."""
    text, start, end = found.string, found.start(), found.end()
    near = text[max(0, start - 2) : start].strip()[-1:] + text[end : end + 2].strip()[:1]
    return is_number.search(near) is not None


def _is_joint(found: re.Match[str]) -> bool:
    return found[0] == "/" and _JOINED_WORDS.match(found.string, found.start()) is not None
