"""How to read a number in a text: as an amount, or digit by digit."""

from __future__ import annotations

import re
from typing import Final

MAX_AMOUNT_DIGITS: Final = 12
"""Longer numbers are read digit by digit: as amounts they are hard to follow, and hibari fails from
37 digits on."""

_CODE_WORD = re.compile(
    r"\b(?:codes?|pin|otp|passcode|password|passwort|number|nr|extension|ext|kennwort|mot de passe"
    r"|c[oó]digo|clave|senha|contraseña|codice|kod\w*|şifre\w*|wachtwoord|код\w*|пин|пароль"
    r"|رمز\w*|الرمز|كود|الكود|رقم|الرقم|کد|کوڈ|קוד|कोड)\b(?:\W{1,3}[^\W\d_]+){0,2}\W{0,4}$"
    r"|(?:コード|코드|번호|验证码|驗證碼|代码|密码)\D{0,6}$",
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"(?:[$€£¥₹₩₽₿]|\b(?:USD|EUR|GBP|BTC|AED|SAR|EGP|Rs\.?))\s?$")
_UNIT_AFTER = re.compile(
    r"\s?(?:[%€$£¥₹₽₿°]|(?:sats?|satoshis?|msats?|btc|usd|eur|gbp|aed|sar|egp|dollars?|euros?|pounds?"
    r"|cents?|people|points?|km|kg|km/h|mi|miles?|m|kwh|mb|gb|tb|million|billion|thousand)\b)",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_SPACE_GROUPED = re.compile(r"[1-9]\d{0,2}(?: \d{3})+")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_RANGE = re.compile(r"(\d{1,4}) ?[-/] ?(\d{1,4})")
_YEAR = re.compile(r"(?:19|20)\d\d")


def read_number(token: str, before: str, after: str) -> str:
    """``token`` (digits with separators) as it is said, given the text around it."""
    digits = re.sub(r"\D", "", token)
    if token.isdigit():
        return spell(digits) if _is_code(digits, before, after) else token
    if _is_amount(token, digits):
        return token
    if _is_telephone(token, digits, before):
        return _spell_groups(token)
    return re.sub(r"\d{5,}", lambda m: spell(m[0]), token)


def spell(digits: str) -> str:
    """``4829`` as ``4 8 2 9``; more than six digits in groups, with a pause after each."""
    if len(digits) <= 6:
        return " ".join(digits)
    if len(digits) == 10 or (len(digits) == 11 and digits.startswith("1")):  # North American
        groups = [digits[:-10], digits[-10:-7], digits[-7:-4], digits[-4:]]
    else:
        groups = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    return ", ".join(" ".join(group) for group in groups if group)


def _is_code(digits: str, before: str, after: str) -> bool:
    if len(digits) > MAX_AMOUNT_DIGITS or (len(digits) > 1 and digits.startswith("0")):
        return True
    if _MONEY_BEFORE.search(before) or _UNIT_AFTER.match(after):
        return False
    if len(digits) > 2 and _CODE_WORD.search(before[-60:]):
        return True
    return len(digits) > 4 and not digits.endswith("000")


def _is_amount(token: str, digits: str) -> bool:
    if len(digits) > MAX_AMOUNT_DIGITS or token.startswith("+"):
        return False
    if _GROUPED.fullmatch(token) or _SPACE_GROUPED.fullmatch(token) or _DECIMAL.fullmatch(token):
        return True
    ends = _RANGE.fullmatch(token)
    if ends is None:
        return False
    years = all(_YEAR.fullmatch(end) for end in ends.groups())
    return years or len(digits) < 7


def _is_telephone(token: str, digits: str, before: str) -> bool:
    """Enough digits, and written like a telephone number; single digits are spelled already."""
    groups = re.findall(r"\d+", token)
    if len(groups) > 2 and all(len(group) == 1 for group in groups):
        return False
    if token.startswith("+") or "(" in token or "-" in token:
        return len(digits) >= 7
    return len(digits) >= 9 or (len(digits) > 4 and _CODE_WORD.search(before[-60:]) is not None)


def _spell_groups(token: str) -> str:
    plus = "+" if token.startswith("+") else ""
    return plus + ", ".join(spell(group) for group in re.findall(r"\d+", token))
