"""Keys, codes, telephone numbers, versions, addresses, short forms, markup and signs, in words."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.normalise import clean, read
from ringbolt.speech.normalise.code_words import follows

CASES = [
    (row["language"], row["written"], row["spoken"].replace("\\n", "\n"))
    for row in csv.DictReader(
        Path(__file__).with_name("spoken_words.csv").open(encoding="utf-8", newline="")
    )
]


@pytest.mark.parametrize(("tag", "written", "said"), CASES)
def test_what_is_written_is_said_as_people_say_it(tag: str, written: str, said: str) -> None:
    language, _, region = tag.partition("-")
    reading = read(clean(written), language, region)

    assert reading.text == said
    assert reading.unspoken == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_keys_are_named_in_every_language(language: str) -> None:
    """Or it is noted that they are not."""
    reading = read("1 * 2 (#)", language)

    assert not set(reading.text) & set("*#")
    assert read("*", language) != read("#", language) or reading.unspoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_a_word_for_code(language: str) -> None:
    said = read("PIN: 4829", language).text

    assert said not in (read("4829", language).text, "PIN: 4829")
    assert follows("OTP ", language, "codes")
