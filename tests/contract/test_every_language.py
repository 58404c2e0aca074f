"""Every language and voice that is listed is spoken: its numbers are all different and its own."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase

import pytest

from ringbolt.speech.languages import BY_SCRIPT, LANGUAGES
from ringbolt.speech.normalise import clean, read
from ringbolt.speech.normalise.lexicon import lexicon
from ringbolt.speech.voices import PERSONAS, espeak_voice
from support.phonemes import Listener

ALL = range(1001)
SOME = [*range(101), *range(101, 1001, 37)]
LARGE = [
    1_100, 1_234, 2_000, 2_005, 9_999, 10_000, 10_005, 12_345, 20_000, 100_000, 123_456, 200_000,
    10**6, 1_234_567, 2 * 10**6, 5 * 10**6, 10**7, 10**8, 10**9, 2 * 10**9, 10**10, 10**11, 10**12,
]  # fmt: skip

SIGNS = {
    "* 5": "5", "# 5": "5", "-5": "5", "\u22125": "5", "50%": "50", "5 + 7": "5 7", "50 €": "50",
    "$50": "50", "£50": "50", "₹50": "50", "50 ₽": "50", "25 °C": "25", "5 = 7": "5 7",
    "5\u20137": "5 7", "5 & 7": "5 7", "1.5": "1 5", "1,5": "1 5", "1.1.2": "1 1 2",
    "5 \u00d7 7": "5 7", "~5": "5", "7/5/2": "7 5 2", "<5": "5", "5 kg": "5", "3/4": "3 4",
}  # fmt: skip
"""Texts with a sign, and the same without it."""

WHEN = ["30.11.2026", "2026-11-30", "30/11/2026", "15:30", "9:05"]


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_sound_different_and_in_their_own_language(
    listener: Listener, language: str
) -> None:
    integer = lexicon(language).integer
    in_words = any(integer(number) != f"{number}" for number in (7, 345))
    heard: dict[str, int] = {}
    for number in [*(ALL if in_words else SOME), *LARGE]:
        sounds = listener.sounds(integer(number), language)
        assert sounds, number
        assert "(" not in sounds, (number, sounds)  # a switch to the English voice
        assert heard.setdefault(sounds, number) == number
    assert len(heard) > 130


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sign_is_heard_or_noted(listener: Listener, language: str) -> None:
    for text, without in SIGNS.items():
        reading = read(clean(text), language)
        sounds = listener.sounds(reading.text, language)
        bare = listener.sounds(read(without, language).text, language)
        assert sounds != bare or reading.unspoken, text
        assert "(" not in sounds, (text, reading.text, sounds)


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_and_times_are_in_the_language(listener: Listener, language: str) -> None:
    for text in WHEN:
        spoken = read(text, language).text
        sounds = listener.sounds(spoken, language)
        assert sounds
        assert "(" not in sounds, (spoken, sounds)


@pytest.mark.parametrize("language", BY_SCRIPT["latin"])
def test_letters_of_a_code_sound_different(listener: Listener, language: str) -> None:
    heard: dict[str, str] = {}
    for letter in ascii_uppercase:
        sounds = listener.sounds(lexicon(language).letters(f"{letter}47"), language)
        assert heard.setdefault(sounds, letter) == letter


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_region_of_a_language_has_a_voice(listener: Listener, language: str) -> None:
    integer = lexicon(language).integer

    for region in ("", *LANGUAGES[language].espeak_regions):
        assert listener.phonemes(integer(7), language, region)


def test_every_persona_has_a_voice(listener: Listener) -> None:
    for persona in PERSONAS:
        assert listener.phonemes("7", persona.language, persona.region)


def test_a_language_without_a_voice_of_its_own_is_read_by_one_nearby(listener: Listener) -> None:
    voice = espeak_voice("gl", "", "female")

    assert voice.substitute
    assert not espeak_voice("pt", "", "female").substitute
    assert read("A cita é o 22", "gl").text == "A cita é o vinte e dous"
