"""Written text becomes what a person would read aloud."""

from __future__ import annotations

import pytest

from ringbolt.speech.normalise import clean, read
from support.growth import LINEAR, growth_of_text


def spoken_in(language: str, written: str, region: str = "") -> str:
    return read(clean(written), language, region).text


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Cafe\u0301", "Café"),
        ("a\x00b\x07c", "abc"),
        ("left\u200eright\u202eback", "leftrightback"),
        ("hi 👋🏽 there 🇩🇪!", "hi there !"),
        ("1️⃣ one", "1 one"),
        ("٤٨٢٩", "4829"),
        ("१२३", "123"),
        ("ｆｕｌｌ １２", "full 12"),
        ("Stop!!!!!", "Stop!"),
        ("wait.......", "wait..."),
        ("a\r\n\r\n b \t c", "a\nb c"),
        ("مـــرحبا", "مرحبا"),
        ("\ud800broken", "broken"),
        ("conﬁrm Ⅳ 25℃ 5㎏", "confirm IV 25°C 5kg"),
        ("①Sales ❷Help", "1 Sales 2 Help"),
        ("1ˢᵗ 2ⁿᵈ 5ᵗʰ", "1st 2nd 5th"),
        ("Mᵐᵉ nᵒ 5", "Mme nº 5"),
        ("10ⁿ ʻokina", "10ⁿ ʻokina"),
        ("Press #️⃣ or ＊", "Press # or *"),
        ("٪٥٠", "%50"),
    ],
)
def test_what_has_no_sound_is_dropped(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_right_to_left_words_are_left_as_they_are() -> None:
    text = "مرحبا، كيف حالك؟ می‌خواهم"

    assert clean(text) == text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Your code is 4829.", "Your code is 4, 8, 2, 9."),
        ("OTP: 483920", "OTP: 4, 8, 3, 9, 2, 0"),
        ("PIN 007", "PIN 0, 0, 7"),
        ("G-482913", "G-4, 8, 2, 9, 1, 3"),
        ("token AB12CD", "token A, B, 1, 2, C, D"),
        ("card 4111 1111 1111 1111", "card 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1"),
    ],
)
def test_codes_are_read_digit_by_digit(written: str, spoken: str) -> None:
    assert spoken_in("en", written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("+1 (555) 010-4477", "plus 1, 5, 5, 5, 0, 1, 0, 4, 4, 7, 7"),
        ("+12025550123", "plus 1, 2, 0, 2, 5, 5, 5, 0, 1, 2, 3"),
        ("555-0123", "5, 5, 5, 0, 1, 2, 3"),
        ("020 7946 0958", "0, 2, 0, 7, 9, 4, 6, 0, 9, 5, 8"),
    ],
)
def test_telephone_numbers_are_read_in_their_groups(written: str, spoken: str) -> None:
    assert spoken_in("en", written) == spoken


@pytest.mark.parametrize(
    "written",
    [
        "in 2024", "4829 people", "12500 sats", "100000 users", "4 8 2 9", "10 20 30 40", "15:30",
        "MP3",
    ],
)  # fmt: skip
def test_plain_numbers_and_years_are_left_to_the_engine(written: str) -> None:
    assert spoken_in("en", written) == written


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en", "3:00 pm", "3 PM"),
        ("en", "at 3:30pm.", "at 3:30 PM."),
        ("fr", "à 15:30", "à 15 heures 30"),
        ("de", "um 15:00 Uhr", "um 15 Uhr"),
        ("es", "a las 15:30", "a las 15 30"),
    ],
)
def test_times_are_read_as_people_say_them(language: str, written: str, spoken: str) -> None:
    assert spoken_in(language, written) == spoken


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en", "see https://www.example.com/pay/?x=1.", "see example dot com slash pay."),
        ("en", "bob_x@example.com", "bob underscore x at example dot com"),
        ("en", "example.com is up.", "example dot com is up."),
        ("de", "example.de", "example Punkt de"),
        ("sw", "https://example.com/a", "example nukta com mkwaju a"),
    ],
)
def test_addresses_are_sayable(language: str, written: str, spoken: str) -> None:
    assert spoken_in(language, written) == spoken


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("ar", "رمز التحقق هو 4829", "رمز التحقق هو 4 8 2 9"),
        ("ru", "Ваш код 4829", "Ваш код 4 8 2 9"),
        ("zh", "您的验证码是4829", "您的验证码是4 8 2 9"),
        ("fr", "12 500 000 sats", "12500000 sats"),
    ],
)
def test_codes_are_known_in_other_languages(language: str, written: str, spoken: str) -> None:
    assert spoken_in(language, written) == spoken


@pytest.mark.parametrize("written", ["1" * 40, "1," + ",".join(["111"] * 13), "9" * 500])
def test_no_long_run_of_digits_is_left(written: str) -> None:
    groups = spoken_in("en", written).replace(",", " ").split()

    assert max(map(len, groups)) == 1


def test_a_shouted_message_is_calmed_but_keeps_its_initials() -> None:
    assert spoken_in("en", "THIS IS URGENT: CPU ON FIRE") == "this is urgent: CPU on fire"
    assert spoken_in("en", "Call NASA now") == "Call NASA now"


@pytest.mark.parametrize("written", ["a-1." * 1250, "(((1" * 1250, "+" * 5000, "a@" * 2500])
def test_time_grows_with_the_length_of_hostile_text(written: str) -> None:
    assert growth_of_text(lambda text: spoken_in("en", text), written) < LINEAR
