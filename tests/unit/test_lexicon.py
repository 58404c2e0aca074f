"""The words of a language for signs, whole numbers, days and letters."""

from __future__ import annotations

import pytest

from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.normalise import read
from ringbolt.speech.normalise.integers import LIMIT
from ringbolt.speech.normalise.lexicon import lexicon


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_decimals_and_ranges(language: str) -> None:
    words = lexicon(language)

    assert words.sign("point")
    assert words.sign("percent")
    assert words.sign("to")
    assert words.sign("euro")


@pytest.mark.parametrize(
    ("language", "region", "sign", "word"),
    [
        ("en", "", "hash", "pound"), ("en", "GB", "hash", "hash"), ("es", "", "point", "coma"),
        ("es", "MX", "point", "punto"), ("es", "MX", "star", "asterisco"),
        ("fr", "CA", "hash", "carré"), ("pt", "PT", "hash", "cardinal"), ("zh", "TW", "to", "到"),
        ("en", "", "no such sign", ""), ("tlh", "", "star", ""),
    ],
)  # fmt: skip
def test_a_sign_has_the_word_of_its_region(
    language: str, region: str, sign: str, word: str
) -> None:
    assert lexicon(language, region).sign(sign) == word


def test_the_word_for_percent_stands_first_in_some_languages() -> None:
    assert lexicon("tr").percent_first
    assert not lexicon("de").percent_first


@pytest.mark.parametrize(
    ("language", "value", "words"),
    [
        ("de", 1_234_567, "1234567"), ("lb", 21, "eenanzwanzeg"), ("ht", 34, "trannkat"),
        ("ht", 90, "katreven dis"), ("cv", 2_015, "икӗ пин вунпиллӗк"), ("ne", 2_050, "२०५०"),
        ("uz", 1_100, "ming yuz"), ("qu", 101, "pachak hukniyuq"), ("si", 7, "හත"),
        ("si", 8, "8"), ("uk", 1_000_000, "один мільйон"), ("uk", 3_000_000, "3 мільйони"),
        ("uk", 12_000_500, "12 мільйонів 500"), ("uk", 21_000_000, "21 мільйон"),
        ("sw", 2_000_000, "milioni 2"), ("sv", 10**9, "en miljard"),
        ("sl", 2 * 10**6, "2 milijona"), ("lt", 10**7, "10 milijonų"), ("zh", 9_999, "9999"),
        ("zh", 12_345, "1万2345"), ("zh", 20_005, "两万零5"), ("zh", 10**9, "10亿"),
        ("zh", 10**8 + 1, "1亿零1"), ("zh", 101, "100零1"), ("zh", 110, "110"),
        ("zh", 2_034, "2000零34"), ("zh", 1_203, "1200零3"), ("yue", 1_050, "1000零50"),
        ("ja", 12_345, "1 まん にせん さんびゃく 45"), ("la", 10**6, "unus milio"),
        ("de", LIMIT, "1 0 0 0, 0 0 0 0, 0 0 0 0, 0 0 0 0"),
    ],
)  # fmt: skip
def test_numbers_that_the_engine_misreads_are_words(language: str, value: int, words: str) -> None:
    assert lexicon(language).integer(value) == words


def test_numbers_left_in_a_text_are_words_too() -> None:
    assert read("Kamèr 34", "ht").text == "Kamèr trannkat"
    assert read("कोठा 12", "ne").text == "कोठा १२"


@pytest.mark.parametrize(
    ("language", "day", "word"),
    [("de", 3, "dritten"), ("fi", 31, "kolmaskymmenesyhdes"), ("fr", 1, "premier"), ("fr", 2, ""),
     ("cs", 22, "dvacátého druhého"), ("ja", 20, "はつか"), ("en", 32, ""), ("sw", 1, "")],
)  # fmt: skip
def test_a_day_is_an_ordinal_where_the_engine_says_none(language: str, day: int, word: str) -> None:
    assert lexicon(language).ordinal(day) == word


@pytest.mark.parametrize(
    ("language", "digits", "said"),
    [("de", "4829", "4 8 2 9"), ("en", "4829", "4, 8, 2, 9"), ("si", "067", "0 හය හත"),
     ("fr", "2125550123", "2 1 2, 5 5 5, 0 1 2 3"), ("de", "", ""),
     ("ja", "4079", "よん ゼロ なな きゅう")],
)  # fmt: skip
def test_digits_are_said_one_by_one(language: str, digits: str, said: str) -> None:
    assert lexicon(language).digits(digits) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [("pl", "A wu zet 7"), ("en", "A, W, Z, 7"), ("de", "A W Z 7"), ("ne", "A W Z ७")],
)
def test_letters_that_are_words_have_their_names(language: str, said: str) -> None:
    assert lexicon(language).letters("AWZ7") == said
