"""Telephone numbers as people write, copy and dial them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from ringbolt.core.phone import is_in_a_plan, without_trunk_prefix

MAX_PHONE_CHARS: Final = 256
"""Of what is read; a copied number may have an invisible sign beside each digit."""
_SCHEME = re.compile(r"(?:tel|callto|sms|smsto|whatsapp):", re.IGNORECASE)
_PLUS: Final = frozenset("+\uff0b\ufe62\u207a\u2795")
_PASSED_OVER: Final = frozenset({"Cf", "Zs", "Pd"})
"""Format characters (bidirectional marks, joiners, byte order marks, soft hyphens), spaces and
dashes, of Unicode's general categories."""
_AROUND: Final = frozenset("\"'<>,;`\u00b4")
"""What may stand around a number, with pictures (a telephone, a flag) and quotation marks. Between
digits they may mean more: a comma is a pause, after which an extension is dialled."""
_PUNCTUATION: Final = frozenset(
    ".()/[]~_"
    "\u00b7\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\uff0e\u3002\uff61\ufe52"  # dots
    "\uff08\uff09\uff3b\uff3d\uff0f\u2044\u2215"  # brackets and slashes
    "\u2212\u3161\u02d7\u2043\u2053\u223c\u30fc\uff70\uff5e"  # minus signs, tildes, vowel signs
)
_INVISIBLE = re.compile(
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f"  # variation selectors
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u20e3]"  # fillers; the frame of a keycap
)
_SPREADSHEET = re.compile(r"(\+?[0-9]{7,15})\.0", re.ASCII)
"""A number that a spreadsheet took for an amount."""
_AREA_FIRST = re.compile(r"\((?!00)[0-9]+\)", re.ASCII)
"""(202) 555-0123: without its country code; +20 is Egypt."""
_SHORT_END = re.compile(r"([^(\[/.]{9,})[(\[/.]([0-9]{1,4})[)\]]?", re.ASCII)
"""A few digits behind the only slash, dot or bracket: an extension, the last digits of a second
number ('/8'), or the number that a telephone gives to a copy ('(2)')."""
_SLASHES_AND_DOTS: Final = {ord(sign): "/" for sign in "\uff0f\u2044\u2215"} | {
    ord(sign): "." for sign in "\uff0e\u3002\uff61\ufe52\u2024"
}
_NUMBER = re.compile(r"(?:\+|00)?[0-9]{1,20}", re.ASCII)
_TRUNK = "(0)"


def international(written: str) -> str | None:
    """The number with '+' and without punctuation: '+1 (202) 555-0123', '0012025550123',
    'tel:+1-202-555-0123' and '12025550123' are one. None for anything else, such as letters, an
    extension, two numbers, what may be one ('+43 664 1234567/8'), or an area code in brackets
    without a country code before it, or a number with the zero that is dialled inside a country.

    Digits of any one script and its plus sign count; invisible signs, blanks, dashes, dots,
    slashes and brackets do not. A zero in brackets, dialled only inside the country, is left out
    where the country's numbers have none ('+44 (0)20 ...').
    """
    if len({_zero_of(sign) for sign in written if unicodedata.category(sign) == "Nd"}) > 1:
        return None  # digits that only look alike
    plain = _plain(_SCHEME.sub("", _bare(written), count=1))
    if plain[:3].upper() == "%2B":  # a plus sign that was percent-encoded twice
        plain = "+" + plain[3:]
    spreadsheet = _SPREADSHEET.fullmatch(plain)
    if spreadsheet:
        plain = spreadsheet[1]
    digits = "".join(sign for sign in plain if sign not in _PUNCTUATION)
    if not _NUMBER.fullmatch(digits) or _AREA_FIRST.match(plain):
        return None
    number = "+" + digits.removeprefix("+").removeprefix("00")
    if number.startswith("+0") or _has_short_end(plain):
        return None
    return without_trunk_prefix(number) if _TRUNK in plain else number


def _has_short_end(plain: str) -> bool:
    """Whether what stands before a short end is a number by itself. With the end it may be
    somebody else's, where the numbers of a country differ in length."""
    found = _SHORT_END.fullmatch(plain.translate(_SLASHES_AND_DOTS))
    if not found:
        return False
    digits = "".join(sign for sign in found[1] if sign.isdigit())
    return is_in_a_plan("+" + digits.removeprefix("00"))


def _bare(written: str) -> str:
    """Without what stands around a number."""
    is_around = [_is_around(sign) for sign in written]
    if all(is_around):
        return ""
    return written[is_around.index(False) : len(written) - is_around[::-1].index(False)]


def _is_around(sign: str) -> bool:
    if sign in _AROUND or sign.isspace() or _INVISIBLE.fullmatch(sign):
        return True
    return unicodedata.category(sign) in {"So", "Pi", "Pf", "Cf"}


def _plain(written: str) -> str:
    """With ASCII digits, plus signs and brackets, and without what is not seen."""
    return "".join(map(_plain_sign, _INVISIBLE.sub("", written)))


def _zero_of(digit: str) -> int:
    return ord(digit) - unicodedata.decimal(digit)


def _plain_sign(sign: str) -> str:
    if sign in _PLUS:
        return "+"
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category in _PASSED_OVER or sign.isspace():
        return ""
    return {"\uff08": "(", "\uff09": ")"}.get(sign, sign)


def one_number(value: Any) -> Any:
    """A number in JSON as text, whether it is a text, an integer (also written as 12025550123.0),
    or a list of one of these. Anything else is left as it came."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        return str(value)
    return value
