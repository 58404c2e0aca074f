"""Latin letters that stand in Cyrillic words."""

from __future__ import annotations

import pytest

from ringbolt.speech.normalise import clean
from support.growth import LINEAR, growth


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("Ырă кун", "Ырӑ кун"), ("ҫĕнĕ кĕнеке", "ҫӗнӗ кӗнеке"), ("Привiт", "Привіт"),
        ("Baш кoд 4829", "Ваш код 4829"), ("Jован", "Јован"),
    ],
)  # fmt: skip
def test_latin_letters_in_a_cyrillic_word_are_cyrillic(written: str, cleaned: str) -> None:
    assert clean(written) == cleaned


@pytest.mark.parametrize(
    "text", ["Visaой", "PayPalу", "кодAB 12", "в Wi-Fi", "код A1", "iPhone у вас", "ça va", "Ăăă"]
)
def test_latin_words_and_codes_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("start", "piece", "end"), [("", "аa", ""), ("", "a", "я"), ("я", "я", "a")]
)
def test_time_grows_with_the_length_of_a_text(start: str, piece: str, end: str) -> None:
    quarter, whole = (start + piece * count + end for count in (2_500, 10_000))

    assert growth(clean, quarter, whole) < LINEAR
