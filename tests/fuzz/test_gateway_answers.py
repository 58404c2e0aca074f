"""Whatever a gateway of texts answers or reports: no exception, and no time that grows faster than
the input."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.pricing.amount import Amount
from ringbolt.sms.http.reading import MOST_CHARS, decoded, form_of, list_at, matched, value_at
from ringbolt.sms.twilio.message import cost_of, created_ms, text_at
from support.growth import LINEAR, growth_of_text

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
paths = st.lists(st.text() | st.sampled_from(["0", "messages", "id", "99999"])).map(".".join)


@given(document=documents, path=paths)
def test_any_path_into_any_document_is_a_text_or_nothing(document: object, path: str) -> None:
    assert isinstance(value_at(document, path), str | None)
    assert isinstance(list_at(document, path), list)


@given(st.binary())
def test_any_body_is_read_or_not(body: bytes) -> None:
    decoded(body)
    assert all(isinstance(value, str) for value in form_of(body).values())


@given(text=st.text(), pattern=st.text(alphabet="*OKid{}: 1"))
def test_any_pattern_fits_any_text_or_does_not(text: str, pattern: str) -> None:
    found = matched(pattern, text)
    assert found is None or found in text


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("0: Accepted for delivery*", "0: Accepted for delivery", ""),
        ("0: Accepted for delivery", "\n0: Accepted for delivery\r\n", ""),
        ("0: Accepted", "0: Accepted for delivery", None),
        ("ID: {id}", "ID: 4f2a-9", "4f2a-9"),
        ("ID: {id}", "ERR: 114", None),
        ("ID: {id}", "ID: ", None),
        ("OK;{id};*", "OK;17;2 parts", "17"),
        ("*<id>{id}</id>*", "<sms><id>17</id></sms>", "17"),
        ("*id={id}", "taken, id=17", "17"),
        ("{id}", "17", "17"),
        ("{id}", "17 18", None),
        ("*", "", ""),
        ("a*b*c", "a c b c", ""),
        ("a*b", "ab b c", None),
    ],
)
def test_what_a_pattern_means(pattern: str, text: str, found: str | None) -> None:
    assert matched(pattern, text) == found


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*b", "*{id}!*", "*a{id}b", "****{id}"])
def test_time_grows_with_the_text_only(pattern: str) -> None:
    text = "a" * MOST_CHARS

    assert growth_of_text(lambda piece: matched(pattern, piece), text) < LINEAR


@given(
    document=st.dictionaries(
        st.sampled_from(["date_created", "price", "price_unit", "sid"]), documents
    )
)
def test_any_message_of_an_account_is_read_or_not(document: dict[str, object]) -> None:
    assert isinstance(created_ms(document), int | None)
    assert isinstance(cost_of(document), Amount | None)
    assert isinstance(text_at(document, "sid"), str)


@given(st.text(alphabet="FriAugDec, 0123456789:+-GMTZ()", max_size=40))
def test_any_date_is_read_or_not(date: str) -> None:
    assert isinstance(created_ms({"date_created": date}), int | None)


def test_a_number_of_any_length_is_a_text_or_nothing() -> None:
    assert value_at(decoded(b'{"id": ' + b"9" * 5000 + b"}"), "id") in (None, "9" * 5000)
    assert decoded(json.dumps({"id": 1}).encode()) == {"id": 1}
