"""Numbers and countries under random and hostile input: a clear answer to each, in little work."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringbolt.api.kit.phone_input import MAX_PHONE_CHARS, international
from ringbolt.core.countries import AUTO, COUNTRIES, MAX_LENGTH, find_country, resolve_country
from ringbolt.core.errors import InvalidInput

UNITS = [
    "x", "a ", "a/", "(", "Congo ", "Congo/", "\u0301", "ß", "中", "\U0001f1e9", "Zzzz, ", "1", "+",
    "(0)", "\u202e", "\u200b", "\ufe0f", "tel:", "<b>", "&lt;", "=?utf-8?q?", "\U0001f600",
    "\u0661",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_the_worst_texts_are_countries_or_refused(unit: str) -> None:
    for length in (MAX_LENGTH, MAX_LENGTH + 1, 100_000):
        text = (unit * length)[:length]
        try:
            assert resolve_country(text).cc in {AUTO, *COUNTRIES}
        except InvalidInput as refused:
            assert len(str(refused)) < 1000


@given(st.text(max_size=MAX_LENGTH + 5))
@example("\U0001f1e9" * MAX_LENGTH)
def test_any_text_is_one_country_or_none(text: str) -> None:
    country = find_country(text)
    assert country is None or country.cc in {AUTO, *COUNTRIES}


@pytest.mark.parametrize("unit", UNITS)
def test_the_worst_texts_are_numbers_or_none(unit: str) -> None:
    found = international((unit * MAX_PHONE_CHARS)[:MAX_PHONE_CHARS])
    assert found is None or found[1:].isdigit()


@given(st.text(max_size=MAX_PHONE_CHARS))
def test_any_text_is_a_number_or_none(text: str) -> None:
    found = international(text)
    assert found is None or (found[0] == "+" and found[1:].isascii() and found[1:].isdigit())
