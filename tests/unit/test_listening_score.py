"""What a recogniser wrote is compared with what should be heard, in words or in digits alike."""

from __future__ import annotations

import pytest
from benchmarks.listening.score import Sentence, result, sentences, share, table
from benchmarks.listening.words import errors, heard_as, missing, plain

SAME = [
    ("$2,000", "two thousand dollars"),
    ("$20.50", "twenty dollars and fifty cents"),
    ("$0.99", "ninety nine cents"),
    ("$1.5 million", "one point five million dollars"),
    ("$10-15", "ten to fifteen dollars"),
    ("3:30 p.m.", "three thirty pm"),
    ("It comes at 11.15.", "it comes at eleven fifteen"),
    ("10.30 to 11.00 o'clock", "ten thirty to eleven"),
    ("$20 Australian", "twenty australian dollars"),
    ("$12,345 Canadian dollars", "twelve thousand three hundred forty five canadian dollars"),
    ("green-garden.org", "green dash garden dot org"),
    ("8:05 a.m.", "eight oh five am"),
    ("10:00", "ten o'clock"),
    ("October 1st, 2024", "october first twenty twenty four"),
    ("the 21st of June", "the twenty first of june"),
    ("1999", "nineteen ninety nine"),
    ("-5 degrees", "minus five degrees"),
    ("25°C", "twenty five degrees celsius"),
    ("60 mph", "sixty miles per hour"),
    ("B7K4", "b seven k four"),
    ("202-555-0143", "two zero two five five five zero one four three"),
    ("9-5", "nine to five"),
    ("3/4 of it", "three quarters of it"),
    ("1 1/2 acres", "one and a half acres"),
    ("version 1.1.2", "version one dot one dot two"),
    ("info@example.com", "info at example dot com"),
    ("*67", "star six seven"),
    ("1,234,567", "one million two hundred thirty four thousand five hundred and sixty seven"),
    ("160th", "one hundred sixtieth"),
    ("150", "a hundred and fifty".replace("a ", "one ")),
]
DIFFERENT = [
    ("$2,000", "two thousand"),
    ("5 degrees", "minus five degrees"),
    ("3", "third"),
    ("15", "one point five"),
    ("four", "four hundred"),
    ("press", "press star"),
    ("5060%", "fifty to sixty percent"),
    ("20255", "two zero two five five five"),
]


@pytest.mark.parametrize(("wrote", "said"), SAME)
def test_digits_and_words_of_one_number_are_the_same(wrote: str, said: str) -> None:
    assert plain(said) in heard_as(wrote)


@pytest.mark.parametrize(("wrote", "said"), DIFFERENT)
def test_another_number_or_a_lost_sign_is_not_the_same(wrote: str, said: str) -> None:
    assert plain(said) not in heard_as(wrote)


def test_phrases_must_be_heard_word_for_word_and_in_order() -> None:
    heard = plain("Press 1 to confirm, 2 to cancel.")

    assert missing(["one", "two"], heard) == []
    assert missing(["two", "one"], heard) == ["one"]
    assert missing(["three"], heard) == ["three"]


def test_a_word_error_is_a_word_that_is_wrong_missing_or_too_many() -> None:
    assert errors(["press", "star", "now"], ["press", "now"]) == 1
    assert errors(["press", "star"], ["press", "car", "now"]) == 2


def test_a_sentence_in_which_a_sign_is_lost_is_not_heard_exactly() -> None:
    sentence = Sentence("key", "Press 9 or *.", "press nine or star", ("nine or star",))

    heard, lost = result(sentence, "Press 9 or star."), result(sentence, "Press nine or.")

    assert (heard.wrong_words, heard.lost) == (0, ())
    assert (lost.wrong_words, lost.lost) == (1, ("nine or star",))
    assert share([heard, lost]) == 0.5
    assert len(list(table([heard, lost]))) == 3


def test_the_sentences_hold_what_must_be_heard_of_them() -> None:
    table = sentences()

    assert len(table) >= 150
    assert len({each.text for each in table}) == len(table)
    for sentence in table:
        assert sentence.exact and missing(sentence.exact, plain(sentence.spoken)) == []
