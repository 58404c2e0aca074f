"""Texts that are not paid for yet: nothing worth something is left in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.texts.plain import MAX_CHARS
from ringbolt.core.texts.redact import MASK, masked
from ringbolt.core.texts.words import WordList, words
from support.growth import LINEAR, growth_of_text
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("OTP kitten", f"OTP {MASK}"),
        ("kitten is your code", f"{MASK} is your code"),
        ("kitten - your Telegram OTP", f"{MASK} - your Telegram OTP"),
        ("Your code is below.\n\nkitten", f"Your code is below.\n\n{MASK}"),
        ("Your Google code (kitten) has expired", f"Your Google code ({MASK}) has expired"),
        ("Enter kitten to continue", f"Enter {MASK} to continue"),
        ("Use kitten to log in", f"Use {MASK} to log in"),
        ("c\u200bode kitten", f"c\u200bode {MASK}"),
        ("G-kitten is your Google code", f"{MASK} is your Google code"),
        ("Your code: 😺😸", f"Your code: {MASK}"),
        ("Your code: !!##$$", f"Your code: {MASK}"),
        ("otpkitten", MASK),
        ("kittencode", MASK),
        ("Twój kod to kotek", f"Twój kod to {MASK}"),
        ("Kod weryfikacyjny: kotek", f"Kod weryfikacyjny: {MASK}"),
        ("kotek to twój kod", f"{MASK} to twój kod"),
        ("Ваш код: котик. Никому не сообщайте", f"Ваш код: {MASK}. Никому не сообщайте"),
        ("Ihr Bestätigungscode lautet Katze", f"Ihr Bestätigungscode lautet {MASK}"),
        ("Vahvistuskoodi: kissa", f"Vahvistuskoodi: {MASK}"),
        ("Kodunuz kedicik", f"Kodunuz {MASK}"),
        ("您的验证码是小猫咪，请勿泄露。", f"您的验证码是{MASK}，请勿泄露。"),
        ("小猫咪是您的验证码", f"{MASK}是您的验证码"),
        ("認証コードは「ねこ」です", f"認証コードは「{MASK}」です"),
        ("รหัสของคุณคือ แมว", f"รหัสของคุณคือ {MASK}"),
        ("رمز التحقق هو قطة", f"رمز التحقق هو {MASK}"),
        ("Printer stopped with error code 50412", f"{MASK} with error code {MASK}"),
        ("The code 771034 you entered has expired", f"The code {MASK} you entered has expired"),
        ("Gift code ROOM", f"Gift code {MASK}"),
        ("Your parcel comes tomorrow at noon. Call us.", None),
        ("Sorry, the driver could not find the house.", None),
    ],
)
def test_an_announced_word_is_hidden_and_the_announcement_shown(
    text: str, shown: str | None
) -> None:
    assert masked(text) == (text if shown is None else shown)


ANNOUNCING = sorted(
    {*words(WordList.CODE), *words(WordList.CODE_ALONE), *words(WordList.CODE_ELSEWHERE)}
)
TYPED = sorted(words(WordList.TYPING))


@pytest.mark.parametrize("secret", ["kitten", "żółwik", "котёнок", "γατάκι", "חתול", "قطيطة"])
def test_a_word_beside_a_word_for_code_is_hidden_in_every_language(secret: str) -> None:
    for word in ANNOUNCING:
        for text in (
            f"{word} {secret}",
            f"{word.upper()}: {secret}",
            f"{secret} = {word}",
            f"{word}.\n\nHere you are.\n{secret}",
            f'"{secret}" — {word}!',
        ):
            assert secret not in masked(text), text
    for word in TYPED:
        assert secret not in masked(f"{word} {secret}"), word


@pytest.mark.parametrize("secret", ["小猫咪", "こねこ", "고양이", "ลูกแมว"])
def test_a_word_in_a_script_without_blanks_is_hidden(secret: str) -> None:
    for word in ANNOUNCING:
        for text in (f"{word}{secret}", f"{secret}{word}", f"{word}：{secret}。"):
            assert secret not in masked(text), text


def test_a_long_text_is_cut_before_it_is_read() -> None:
    shown = masked("Hello " * 1000)

    assert shown == ("Hello " * 1000)[:MAX_CHARS] + "…"


@given(st.text(max_size=400))
def test_no_digit_is_left(text: str) -> None:
    shown = masked(text)

    assert not any(sign.isdigit() for sign in shown)
    assert masked(shown) == shown


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "1", "1 ", "A ", "a b ", "•", "://", "一", "."])
def test_time_grows_with_the_length_of_repeated_text(piece: str) -> None:
    assert growth_of_text(masked, piece * (MAX_CHARS // len(piece))) < LINEAR
