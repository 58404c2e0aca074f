"""Texts that are not paid for yet: nothing worth something is left in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.texts.redact import MASK, masked
from support.waiting import cpu_s
from unit.test_codes import WITH_A_CODE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Welcome! Your registration is being looked at.", None),
        ("Your WhatsApp code is 482913.", f"Your WhatsApp code is {MASK}."),
        ("G-482913 is your Google code", f"{MASK} is your Google code"),
        ("a 482 913 b", f"a {MASK} b"),
        ("is 4 8 2 9 1 3 now", f"is {MASK} now"),
        ("is K Q X W D now", f"is {MASK} now"),
        ("a K3b7q b", f"a {MASK} b"),
        ("Steam: KQXWD", f"Steam: {MASK}"),
        ("Code AB-CD-EF.", f"Code {MASK}."),
        ("LINE and SMS", None),
        ("Your code is WXYZ", f"Your code is {MASK}"),
        ("Your verification code: QzXt", f"Your verification code: {MASK}"),
        ("PIN: xkcd", f"PIN: {MASK}"),
        ("Use code xkcd to log in", f"Use code {MASK} to log in"),
        ("qzxt is your code", f"{MASK} is your code"),
        ("Code: four two one nine", f"Code: {MASK}"),
        ("It is four two one nine.", f"It is {MASK}."),
        ("codeword: zebra-apple-river", f"codeword: {MASK}"),
        ("код ЖЩЮЯ", f"код {MASK}"),
        ("壹贰叁肆", MASK),
        ("login: myapp:token=abcdefgh", f"login: {MASK}"),
        ("verify: example.com", f"verify: {MASK}"),
        ("http:/x.y/abc", MASK),
        ("Your code is invalid.", None),
        ("This code has expired, please request a new one", None),
        ("Your code is not valid for TikTok", f"Your code is not valid for {MASK}"),
        ("Here is your code", None),
        ("Somebody wants to log in to WhatsApp. Never share this code.", None),
        ("Your number is already used with Telegram, e.g. on another phone", None),
        ("Log in: https://x.example/login/abc?d=e", f"Log in: {MASK}"),
        ("Log in: t.me/login/abcdef", f"Log in: {MASK}"),
        ("Log in: example.com?token=abcdef.", f"Log in: {MASK}"),
        ("Log in: tg://login?token=abc", f"Log in: {MASK}"),
        ("Ask www.example.com", f"Ask {MASK}"),
        ("您的验证码是：482913，请勿泄露。", f"您的验证码是：{MASK}，请勿泄露。"),
        ("验证码八八二二一一", f"验证码{MASK}"),
        ("رمز التحقق هو ٤٨٢٩١٣", f"رمز التحقق هو {MASK}"),
        ("①②③④ ４８２９", MASK),
        ("4\u200b8\u200b2", MASK),
        ("two\nlines", None),
    ],
)
def test_what_is_worth_something_is_hidden(text: str, shown: str | None) -> None:
    assert masked(text) == (text if shown is None else shown)


@pytest.mark.parametrize(("code", "text"), [(code, text) for _, code, text in WITH_A_CODE])
def test_no_code_can_be_read(code: str, text: str) -> None:
    assert code not in masked(text)


@given(st.text(max_size=400))
def test_no_digit_is_left(text: str) -> None:
    shown = masked(text)

    assert not any(sign.isdigit() for sign in shown)
    assert masked(shown) == shown


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "1", "1 ", "A ", "a b ", "•", "://", "一", "."])
def test_time_stays_short_on_repeated_text(piece: str) -> None:
    assert cpu_s(lambda: masked(piece * (8000 // len(piece)))) < 0.25
