"""Reading codes out of random and hostile texts, and masking them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.codes import extract_code
from ringbolt.core.texts.plain import MAX_CHARS, plain, plain_text
from ringbolt.core.texts.redact import masked
from support.growth import LINEAR, growth_of_text
from support.hostile_texts import HOSTILE
from support.labelled_texts import PARTS, labelled_texts

_TEXTS = [each.text for part in PARTS for each in labelled_texts(part)]

services = st.sampled_from(["", *SERVICES])
random_texts = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from([*HOSTILE, "QXKTWZ ", "7KQ2XD ", "4821-903377 "]), max_size=40).map(
        "".join
    ),
    st.lists(st.sampled_from(_TEXTS), min_size=1, max_size=3).map(" ".join),
    st.sampled_from(_TEXTS).flatmap(
        lambda text: st.integers(0, len(text)).map(lambda at: text[at:] + text[:at])
    ),
)


@given(random_texts, services)
@example("Your code is FISH", "")
@example("code: Ａ Ｂ Ｃ Ｄ", "")
@example("验证码ＱＧＦＤＡＥ", "mt")
@example("ABCD/EFGH is your code x1/QGFD", "")
def test_nothing_that_is_read_as_a_code_stands_in_the_masked_text(text: str, service: str) -> None:
    shown = masked(text)

    assert extract_code(shown, service) is None
    code = extract_code(text, service)
    if code is not None:
        assert code not in re.sub(r"[\s-]", "", plain_text(shown))


@given(st.text(max_size=2000))
@example("ﷺ" * 200 + "1")
@example("か\u3099e\u0301\u200b１，2")
def test_each_sign_of_a_plain_text_comes_from_the_original(text: str) -> None:
    read = plain(text)

    assert read.text == plain_text(text)
    assert len(read.origins) == len(read.text) + 1
    assert list(read.origins) == sorted(read.origins)
    assert read.origins[-1] <= len(text)
    for at in range(0, len(read.text), 7):
        start, end = read.span(at, at + 1)
        assert start < end
        assert read.text[at] in plain_text(text[start:end])


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_the_length_of_hostile_texts(piece: str) -> None:
    text = (piece * MAX_CHARS)[:MAX_CHARS]

    assert growth_of_text(extract_code, text) < LINEAR
    assert growth_of_text(masked, text) < LINEAR
