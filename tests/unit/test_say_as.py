"""SSML's ``say-as``, in words of the text's language."""

from __future__ import annotations

import pytest

from ringbolt.core.calls.say_as import unmarked
from ringbolt.core.calls.ssml import parse_ssml
from ringbolt.speech.normalise import clean, read


def said(language: str, kind: str, text: str, format_: str = "", region: str = "") -> str:
    element = f'<say-as interpret-as="{kind}" format="{format_}">{text}</say-as>'
    (piece,) = parse_ssml(f"<speak>It is {element}.</speak>").pieces
    reading = read(clean(piece.to_speak), language, region)
    assert unmarked(reading.text) == reading.text
    return reading.text.removeprefix("It is ").removesuffix(".")


@pytest.mark.parametrize(
    ("language", "kind", "text", "words"),
    [
        ("en", "cardinal", "12345", "12345"),
        ("en", "number", "-12,345", "minus 12345"),
        ("de", "cardinal", "12.345", "12345"),
        ("en", "cardinal", "eleven", "eleven"),
        ("en", "ordinal", "3", "3rd"),
        ("de", "ordinal", "3", "dritte"),
        ("fr", "ordinal", "2e", "deuxième"),
        ("ru", "ordinal", "3", "третий"),
        ("en", "fraction", "1/2", "one half"),
        ("en", "fraction", "3+1/2", "3 and a half"),
        ("de", "fraction", "1/2", "ein halb"),
        ("en", "characters", "a-1*#", "A, dash, 1, star, pound"),
        ("de", "spell-out", "x7", "X 7"),
        ("en", "digits", "4829", "4, 8, 2, 9"),
        ("fr", "telephone", "+33 1 23", "plusse 3 3, 1, 2 3"),
        ("en", "currency", "$42.50", "42 dollars and 50 cents"),
        ("en", "unit", "10 ft", "10 feet"),
        ("en", "no such kind", "10 ft", "10 feet"),
    ],
)
def test_the_kind_decides(language: str, kind: str, text: str, words: str) -> None:
    assert said(language, kind, text) == words


@pytest.mark.parametrize(
    ("format_", "text", "words"),
    [
        ("mdy", "08/10/2025", "August 10th, 2025"),
        ("dmy", "08/10/2025", "October 8th, 2025"),
        ("ymd", "2025-08-10", "August 10th, 2025"),
        ("yyyymmdd", "20250810", "August 10th, 2025"),
        ("mdy", "08.10.25", "August 10th, 2025"),
        ("md", "8/10", "August 10th"),
        ("dm", "8/10", "October 8th"),
        ("my", "8/2025", "August 2025"),
        ("ym", "2025-08", "August 2025"),
        ("", "2025-08-10", "August 10th, 2025"),
    ],
)
def test_the_format_of_a_date_decides_its_order(format_: str, text: str, words: str) -> None:
    assert said("en", "date", text, format_) == words


def test_a_date_is_said_in_the_order_of_the_region() -> None:
    assert said("en", "date", "08/10/2025", "dmy", "GB") == "8th October 2025"


@pytest.mark.parametrize("text", ["99/99/2025", "soon", "1/2/3/4", "00000000", ""])
def test_what_is_no_such_date_is_read_as_it_stands(text: str) -> None:
    assert said("en", "date", text, "mdy") == said("en", "none", text)


def test_a_length_of_time_is_minutes_and_seconds() -> None:
    assert said("en", "time", "1'21\"", "ms12") == "1 minute 21 seconds"


def test_marks_in_the_buyers_own_text_mean_nothing() -> None:
    (piece,) = parse_ssml("<speak>Code \ufdd0\ufdd24829\ufdd1</speak>").pieces

    assert piece.to_speak == "Code 4829"
    assert read(clean("\ufdd0\ufdd5x\ufdd1 \ufdef 5"), "en").text == "x 5"
