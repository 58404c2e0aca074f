"""Texts that nobody would write: read in bounded time, without markup for an engine."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.normalise import clean, read
from ringbolt.speech.normalise.unspoken import unspoken_signs
from support.growth import LINEAR, growth_of_text

LONGEST = 2000
MARKUP = re.compile("[\\[\\]{}<>~^|_`*#\\\\\ue000-\uf8ff\ufdd0-\ufdef\U000f0000-\U0010ffff]")

WORST = [
    "a-1.", "(((1", "+", "a@", "a.", "1.", "1-", "1 ", "1,", "1/", "1:", "/a", "<b", "<!--",
    "<", "&#1;", "&amp;", "[a](", "[", "](", "*a", "*", "_a", "__", "`", "~~a", "# ",
    "\n* ", "\n> ", "\n---\n", "\\n", "http://", "www.a.", "a_b@", "A1", "1A", "A-", "X",
    "xx", "DE89 3704 ", "code ", "code 1", "1 is your code ", "v1.", "1.1.", "+1 ", "(1) ",
    "0 ", "St ", "Main St ", "N ", "Dr. ", "e.g. ", "24/7 ", "#1", "*1", "5*", "5 * ", "-5",
    "−", "1e", "½", "10²", "$1", "1€", "12.", "3. ", "1-2-", "1:1:", "Mon-", "5–", "°", "%",
    "§5", "1'234", "1 000", "\ufdd0\ufdd2", "\ufdd1", "\U000f0000", "👍", "👩‍👩‍👧‍👦",
    "🇩🇪", "\u202e1", "\u200f٣", "ק", "الرمز 1 ", "验证码1", "コード1", "১", "ⅷ", "①", "𝟙",
    "e\u0301", "\u0301", "\x00", "1 111 ", "1,11", "9", "$1-", "1 kg/", "1 Jan ", "Jan 1-",
    "1 Mio. ", "kl. ", "EUR ", "1 1/2 ", "01.05.-", "2h 30", "1:11", "10:30-", "%1", "2024-", "1°",
    "Tues 1/2 ", "1'", "1^1", "1x", "R$", "1½ ", "5ᵗʰ", "15:30:00.1", "2026-11-30T15:", "6 ft 2 ",
]  # fmt: skip


@pytest.mark.parametrize("part", WORST)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_time_of_each_rule_grows_with_the_length_of_its_worst_text(
    part: str, language: str
) -> None:
    text = (part * LONGEST)[:LONGEST]

    assert growth_of_text(lambda text: read(clean(text), language), text) < LINEAR


@pytest.mark.parametrize("language", ["en", "de", "ar", "zh", "hi", "ne", "cv", "ja", "lb"])
def test_ten_thousand_digits_are_read_one_by_one(language: str) -> None:
    said = read(clean("7" * 10_000), language).text

    assert max(map(len, re.findall(r"\d+", said)), default=0) <= 12


@pytest.mark.parametrize(
    "text", ["👍" * 500, "*#" * 250, "!?" * 250, "<>" * 250, "[]()" * 125, "\u202e\u200f" * 250]
)
@pytest.mark.parametrize("language", ["en", "he", "ja"])
def test_what_holds_no_word_is_read_without_fail(text: str, language: str) -> None:
    assert not MARKUP.search(read(clean(text), language).text)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(WORST) | st.text(max_size=4), max_size=30).map("".join),
    st.sampled_from(list(LANGUAGES)),
    st.sampled_from(["", "US", "GB", "IN", "CH", "XX"]),
)
def test_whatever_comes_is_text_without_markup(text: str, language: str, region: str) -> None:
    cleaned = clean(text)

    reading = read(cleaned, language, region)

    assert not MARKUP.search(reading.text)
    assert all(len(sign) == 1 for sign in unspoken_signs(cleaned, language))
