"""Amounts, units, dates, times, ranges, ordinals and numbers, as they are said in each language."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ringbolt.speech.normalise import clean, read, reader
from ringbolt.speech.normalise.lexicon import lexicon
from support.growth import LINEAR, growth_of_text

CASES = [
    (row["language"], row["written"], row["spoken"])
    for row in csv.DictReader(
        Path(__file__).with_name("spoken_amounts.csv").open(encoding="utf-8", newline="")
    )
]


def spoken(written: str, tag: str) -> str:
    language, _, region = tag.partition("-")
    return read(clean(written), language, region).text


@pytest.mark.parametrize(("tag", "written", "said"), CASES)
def test_amounts_are_said_as_people_say_them(tag: str, written: str, said: str) -> None:
    assert spoken(written, tag) == said


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("en", "It is \u22125 degrees outside."),
        ("ar", "٥٠\u066a"),
        ("es", "$2000"),
        ("cs", "12345 Kč"),
        ("en", "R$15750"),
        ("en", "Sale 50–60%"),
        ("en", "2024/10/01"),
        ("sv", "kl. 15:30"),
        ("de", "1.–5. Mai, 9:00–17:00 Uhr, 12,50 €"),
        ("zh", "共50%,25°C,$20"),
    ],
)
def test_no_sign_of_an_amount_is_left_to_the_engine(tag: str, written: str) -> None:
    said = spoken(written, tag)

    assert not set(said) & set("\u2212-–%٪$€°/"), said


@pytest.mark.parametrize(
    "written",
    [
        "111 " * 1250, "1,11" * 1250, "9" * 5000, "$1-" * 1600, "1-" * 2500, "1:11" * 1250,
        "a/" * 2500, "½" * 5000, "kl. " * 1250, "1 kg/" * 1000, "1 Jan " * 800, "1 Mio. " * 700,
        "%1" * 2500, "1 " + "a" * 5000, "2024-" * 1000, "1²" * 2500, "10:30-" * 800, "EUR " * 1250,
    ],
)  # fmt: skip
def test_the_time_of_all_rules_grows_with_the_length_of_hostile_text(written: str) -> None:
    words = lexicon("de")

    def apply_all(text: str) -> None:
        for rule in reader.RULES:
            for found in rule.pattern.finditer(text):
                rule.say(found, words)

    assert growth_of_text(apply_all, written) < LINEAR
