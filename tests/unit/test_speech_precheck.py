"""What will not be spoken is known before anybody pays."""

from __future__ import annotations

import pytest
from tools.unspoken_signs import TABLE, table

from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.normalise import clean, read
from ringbolt.speech.normalise.unspoken import SIGNS, unspoken_signs
from ringbolt.speech.precheck import is_partly_unspoken


@pytest.mark.parametrize(
    ("text", "language", "is_partly_silent"),
    [
        ("Your code is 4829.", "", False),
        ("Press * or #, 50% off, 3 + 4", "", False),
        ("Drücken Sie die * Taste, 5 §", "de", False),
        ("2^3 is 8", "", True),
        ("Zaidi ya 5 ®", "sw", True),
        ("a ^ b", "", False),
        ("5 ^ 3", "tlh", True),
        ("<speak>One <break/> 2^3</speak>", "", True),
        ("<speak>unreadable 2^3", "", False),
        ("see https://example.com/a^5 now", "", True),
        ("Hello friends and colleagues, this is for you: วันนี้", "", True),
        ("Room \U0001f600 5", "", False),
    ],
)
def test_signs_beside_digits_without_a_word_are_found(
    text: str, language: str, is_partly_silent: bool
) -> None:
    assert is_partly_unspoken(SpeechRequest(text, "", language), "") is is_partly_silent


def test_the_table_of_signs_without_a_word_is_what_the_rules_give() -> None:
    assert TABLE.read_text(encoding="utf-8") == table()


@pytest.mark.parametrize("language", ["en", "de", "ar", "ja", "sw", "ht", "cv", "qu"])
def test_what_is_found_before_payment_is_what_reading_leaves_out(language: str) -> None:
    for sign in SIGNS:
        text = clean(f"Hi 5 {sign} 5")
        assert unspoken_signs(text, language) == read(text, language).unspoken, sign


def test_every_language_is_in_the_table() -> None:
    named = [line.split(",")[0] for line in TABLE.read_text(encoding="utf-8").splitlines()[3:]]

    assert named == list(LANGUAGES)
