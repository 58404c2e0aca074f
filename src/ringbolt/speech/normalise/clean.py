"""Clean a text: composed, without what has no sound, with ASCII digits. Pure."""

from __future__ import annotations

import re
import unicodedata

_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9f\U0001d400-\U0001d7ff]+")
_EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf\u2b00-\u2bff\u20e3\ufe00-\ufe0f"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u0640\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\uffff\ud800-\udfff\ue000-\uf8ff]+"
)
_STRAY_JOINER = re.compile("(?:(?<=\\s)|^)[\u200c\u200d]+")  # inside Persian and Hindi words: kept
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_REPEATED = re.compile(r"([!?,;:*#_=~|\-])\1+")
_DOTS = re.compile(r"\.{4,}")
_SPACES = re.compile(r"[^\S\n]+")
_NEWLINES = re.compile(r"\s*\n\s*")


def clean(text: str) -> str:
    """Compose (NFC), drop what has no sound (controls, direction marks, emoji), use ASCII
    digits."""
    text = unicodedata.normalize("NFC", text)
    if not text.isascii():
        text = _WIDE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
        text = _EMOJI.sub(" ", text)
        text = _FOREIGN_DIGIT.sub(lambda m: str(unicodedata.decimal(m[0])), text)
        text = text.replace("٫", ".").replace("٬", ",")
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _DOTS.sub("...", _REPEATED.sub(r"\1", text))
    text = _NEWLINES.sub("\n", _SPACES.sub(" ", text)).strip()
    return _STRAY_JOINER.sub("", text)
