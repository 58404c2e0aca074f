"""What makes the reading of texts slow when it is repeated to the longest text."""

from __future__ import annotations

from typing import Final

HOSTILE: Final = (
    "1", "1 ", "1-", "1.", "1,", "1:", "(1", "+1 ", "00", "999,", "123 456 ", "12-34-56 ",
    "a", "a.", "a.a/", "@a", "@a.", "@a.b #1", "http://", " ", "\n", "\x00", "ﷺ",
    "G-", "A ", "A-", "AB-", "ABCD ", "A1 ", "Z1-", "1 A ", "X1", "a1", "1a", "1X",
    "*", "**", "x*1", "•1", "xX", "XX1", "...1",
    "code", "code ", "code 1234 ", "code is ", "code: ", "code 12 of ", "my code for ", "ma ",
    "cancelled ", "is ", "no. ", "ending ", "ending in 1 ", "order ", "call ", "sent to ",
    "verifverif", "codecode", "kodkodunuz", "заказ", "код ", "код 1234: ", "סיסמ", "سا", "رمز 1 ",
    "验证码", "验证码1234", "码1", "क", "कोड", "ኮድ ", "รหัส", "인증번호 1", "か゛", "ｺｰﾄﾞ", "é́",
)  # fmt: skip
