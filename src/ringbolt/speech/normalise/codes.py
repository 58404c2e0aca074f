"""Codes, sign by sign: after a word for code, mixed of letters and digits, accounts, cards."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.core.texts.words import WordList
from ringbolt.core.texts.words import words as words_of
from ringbolt.speech.normalise import currency
from ringbolt.speech.normalise.code_words import announces, follows, measures
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import Rule
from ringbolt.speech.normalise.signs import CURRENCIES
from ringbolt.speech.normalise.spell import spelled

_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])[A-Z]{2}\d{2}[A-Z0-9]{11,30}(?![A-Za-z0-9])"
)
_CARD: Final = re.compile(
    r"(?<!\w)((?:card|acct|account|a/c|visa|mastercard|karte|konto|carte|compte|tarjeta|cuenta|cartão"
    r"|conta|carta|conto|kart\w{0,4}|карт\w{0,4}|сч[её]т\w{0,4}|بطاقة|حساب)[ .:]{1,3}|[卡户戶ド드])"
    r"\*(\d{4})(?![\d*#])",
    re.IGNORECASE,
)
_SEATS: Final = re.compile(r"(?<![\w-])(\d{1,3}[A-Z])(?: ?[-–] ?)(\d{1,3}[A-Z])(?![\w-])", re.ASCII)
_PLATE: Final = re.compile(r"(?<!\w)[A-Z]{2}\d{2} [A-Z]{3}(?!\w)", re.ASCII)
_MASKED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:[xX•●·]{2,}|\*{2})[ -]?)++(\d{3,6})(?![\w*#])"
    r"|(?<![\w.])(?:\.{3}|…)(\d{4})(?![\w.*#])"
)
_GROUPED: Final = re.compile(
    r"(?<![\w.,:/+-])(?<!\d )(?:\d{4}(?:[ -]\d{4}){1,3}|\d{3}(?:[ -]\d{3}){1,3}"
    r"|\d{2}(?:[ -]\d{2}){1,3}|\d(?: \d){2,11}|\d(?:-\d){2,7})(?![\w.,:/-]*\d)(?! \d)(?!\w)"
)
_DIGITS: Final = re.compile(
    r"(?<![^\W_])(?<!\d[.,:/-])\d{3,12}(?![^\W_])(?![.,:/-]\d|\) ?\d)", re.ASCII
)
_PREFIXED: Final = re.compile(r"(?<=(?<![\w-])[A-Z]-)\d{4,8}(?![\w-])", re.ASCII)
_TOKEN: Final = re.compile(
    r"(?<![\w.@/-])(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]{1,12}(?:-[A-Za-z0-9]{1,12}){0,5}(?![\w@/])"
)
_MIXED: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?<!\d\d-)(?<!:\d\d\.)"
    r"(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{4,20}(?![A-Za-z0-9_])",
    re.ASCII,
)
_CONSONANTS: Final = re.compile(r"(?<![\w.@/-])[B-DF-HJ-NP-TV-XZ]{4,10}(?![\w@/])")
_DASHED: Final = re.compile(
    r"(?<![\w-])(?!\d{4}-\d\d-\d\dT\d\d:)"  # no stamp of date and time
    r"(?=[A-Z-]*\d)(?=[\d-]*[A-Z])[A-Z0-9]{1,8}(?:-[A-Z0-9]{1,8}){2,6}(?![\w-])",
    re.ASCII,
)
_HEXADECIMAL: Final = re.compile(
    r"(?<![\w-])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\w-])"
    r"|(?<![\w:])[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2}){4}(?![\w:])",
    re.ASCII | re.IGNORECASE,
)
"""UUIDs (RFC 9562) and the addresses of network cards."""
_NAMED_DATE: Final = re.compile(r"\d{1,2}-[A-Z]{3,9}-\d{2,4}")
_LETTER_RUN: Final = re.compile("[A-Za-z]{4,}")
_VOWEL: Final = re.compile("[AEIOUY]")
_WORD_AND_NUMBER: Final = re.compile(r"(?=[A-Za-z]*[aeiouyAEIOUY])[A-Za-z]{3,}\d{1,2}")
_NUMBER_AND_UNIT: Final = re.compile(
    r"\d+(?:[kmgt]?(?:b|w|m|g|l|v|a|hz|wh|px|bps|bit|pa)|[ap]m|st|nd|rd|th|x\d*|p|k|s|d|h|w|c|f|e"
    r"|y|yr|hrs?|mins?|secs?|days?|ft|in|lbs?|oz|mph|kmh|fps|gbit|mbit|mah|sats?)"
    r"|(?:rs?|no|nr)\d+[km]?|\d{1,2}h\d{2}(?:m(?:in)?)?|\d{1,2}m\d{2}s?",
    re.IGNORECASE,
)
_LETTERS: Final = re.compile("[A-Za-z]+")
_AMOUNT_BEFORE: Final = re.compile(rf"(?:[{CURRENCIES}]|(?<!\w)[A-Z]{{3}}) ?$")
_AMOUNT_AFTER: Final = re.compile(rf" ?[%‰°{CURRENCIES}]")
_GROUPS_BEFORE: Final = re.compile(r"(?:(?<!\d)\d{1,4} ){1,4}$", re.ASCII)
_GROUPS_AFTER: Final = re.compile(r"(?: \d{2,4}(?![\w:]|[.,]\d)){1,4}", re.ASCII)
_GROUPS_AROUND: Final = 2
_FAR: Final = 24
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_DATE_BEFORE: Final = re.compile(
    r"(?<!\w)(?:\d{1,2}(?:st|nd|rd|th|\.)? (?:de |of )?[^\W\d_]{3,12}\.?"
    r"|[^\W\d_]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?|[^\W\d_]{3,12}/\d{1,2}/?),?(?: de| del)? ?$"
)
_SHORTEST: Final = 3


def _iban(found: re.Match[str], words: Lexicon) -> str | None:
    account = found[0].replace(" ", "")
    if not 15 <= len(account) <= 34:
        return None
    return ", ".join(spelled(account[at : at + 4], words) for at in range(0, len(account), 4))


def _spelled(found: re.Match[str], words: Lexicon) -> str:
    return spelled(found[0], words)


def _dashed(found: re.Match[str], words: Lexicon) -> str | None:
    """``INV-2024-001``, but no ``12-DEC-2025``."""
    if _holds_word(found[0]) or _NAMED_DATE.fullmatch(found[0]):
        return None
    return spelled(found[0], words)


def _holds_word(token: str) -> bool:
    return any(map(_VOWEL.search, _LETTER_RUN.findall(token)))


def _seats(found: re.Match[str], words: Lexicon) -> str | None:
    """``3A-3C``: from one to the other."""
    to = words.sign("to")
    return f"{found[1]} {to} {found[2]}" if to else None


def _card(found: re.Match[str], words: Lexicon) -> str:
    """``card *4410``: the star stands for what is not shown."""
    return f"{found[1]}{words.digits(found[2])}"


def _masked(found: re.Match[str], words: Lexicon) -> str:
    return words.digits(found[1] or found[2])


def _grouped(found: re.Match[str], words: Lexicon) -> str | None:
    """``482 913`` and ``12-34-56`` after a word for code."""
    is_pages = len(found[0]) == len("12-15")
    if is_pages and not follows(found.string[: found.start()], words.language, "codes"):
        return None
    if not _is_code(found, words.language):
        return None
    digits = re.split("[ -]", found[0])
    if all(len(group) == 1 for group in digits):
        return words.digits("".join(digits))
    return spelled(found[0], words)


def _prefixed(found: re.Match[str], words: Lexicon) -> str:
    """``G-482913``, as Google sends it."""
    return words.digits(found[0])


def _digits(found: re.Match[str], words: Lexicon) -> str | None:
    if _is_inside_number(found) or not _is_code(found, words.language):
        return None
    return words.digits(found[0])


def _is_inside_number(found: re.Match[str]) -> bool:
    """``22 123 45 67``: a telephone number, of which this is a group."""
    before = _GROUPS_BEFORE.search(found.string, max(0, found.start() - _FAR), found.start())
    after = _GROUPS_AFTER.match(found.string, found.end())
    groups = sum(len(each[0].split()) for each in (before, after) if each)
    return groups >= _GROUPS_AROUND


def _is_code(found: re.Match[str], language: str) -> bool:
    before, after = found.string[: found.start()], found.string[found.end() :]
    is_year = _YEAR.fullmatch(found[0]) is not None
    if _is_amount(before, after) or (is_year and _DATE_BEFORE.search(before[-30:])):
        return False
    if any(follows(before, language, kind) for kind in ("codes", "numbers", "ends")):
        return True
    return len(found[0]) > _SHORTEST and not is_year and announces(after, language)


def _is_amount(before: str, after: str) -> bool:
    sign = _AMOUNT_BEFORE.search(before[-6:])
    if sign and sign[0].strip().lower() in (*words_of(WordList.CURRENCY), *CURRENCIES):
        return True
    return _AMOUNT_AFTER.match(after) is not None or measures(after)


def _token(found: re.Match[str], words: Lexicon) -> str | None:
    """``a1b2-c3`` after a word for code."""
    token = found[0]
    if _WORD_AND_NUMBER.fullmatch(token) or _is_measure(token):
        return None
    before, after = found.string[: found.start()], found.string[found.end() :]
    known = follows(before, words.language, "codes") or follows(before, words.language, "numbers")
    if not known and not announces(after, words.language):
        return None
    return spelled(token, words)


def _mixed(found: re.Match[str], words: Lexicon) -> str | None:
    """Capitals and digits are a code anywhere, unless they are a word or a unit with a number."""
    token = found[0]
    if _holds_word(token) or _is_measure(token):
        return None
    return spelled(token, words)


def _is_measure(token: str) -> bool:
    """``16GB``, ``500EUR``, ``EUR500``."""
    letters = _LETTERS.findall(token)
    at_edge = token[0].isalpha() != token[-1].isalpha()
    is_money = len(letters) == 1 and at_edge and letters[0].upper() in currency.codes()
    return is_money or _NUMBER_AND_UNIT.fullmatch(token) is not None


def _consonants(found: re.Match[str], words: Lexicon) -> str | None:
    """Letters alone, that make no word."""
    is_code = follows(found.string[: found.start()], words.language, "codes")
    return spelled(found[0], words) if is_code else None


RULES: Final[tuple[Rule, ...]] = (
    Rule(_IBAN, _iban),
    Rule(_HEXADECIMAL, _spelled),
    Rule(_DASHED, _dashed),
    Rule(_CARD, _card),
    Rule(_PLATE, _spelled),
    Rule(_MASKED, _masked),
    Rule(_GROUPED, _grouped),
    Rule(_TOKEN, _token),
    Rule(_PREFIXED, _prefixed),
    Rule(_DIGITS, _digits),
    Rule(_MIXED, _mixed),
    Rule(_CONSONANTS, _consonants),
    Rule(_SEATS, _seats),
)
