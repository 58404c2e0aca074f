"""Any text for the English engine keeps its digits, loses its markup, and takes no time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.speech.hibari_text import guarded
from support.growth import LINEAR, growth_of_text


@given(st.text(alphabet="0123456789,.[]()A abc\n-*#", max_size=80))
def test_no_digit_is_lost_and_no_markup_left(text: str) -> None:
    safe = guarded(text)

    assert [char for char in safe if char.isdecimal()] == [c for c in text if c.isdecimal()]
    assert not set(safe) & set("[]")


@pytest.mark.parametrize(
    "text", ["1," * 5000, "[" * 10_000, "A " * 5000, "1" + "," * 9999, "9" * 10_000, "a1." * 3000]
)
def test_time_grows_with_the_length_of_the_worst_texts(text: str) -> None:
    assert growth_of_text(guarded, text) < LINEAR
