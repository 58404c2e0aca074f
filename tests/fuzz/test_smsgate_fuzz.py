"""What a phone with SMSGate may send, and tables of numbers, under random and hostile input."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.app.operator.import_numbers import MOST_CHARS, read_rows
from ringbolt.core.errors import InvalidInput
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.sms.smsgate.inbound import inbound_sms
from ringbolt.sms.smsgate.receipts import receipts_of
from ringbolt.sms.smsgate.wire import MessageState, Received, WebhookEvent, ms_of

NUMBER = "+4915112345670"
UNITS = ['"', ",", ";", "\n", "#", '"\n', ",\n", "number,", "number\n", "\u0661", "\ufeff", "+1\n"]
BODIES = [b"[", b'{"a":', b'{"payload":', b'"\\ud800', b"9", b'{"id":"1","event":"', b"\xff"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_worst_tables_are_read_or_refused_with_a_short_reason(unit: str) -> None:
    for head in ("", "number\n", "number;label\n"):
        for length in (MOST_CHARS - len(head), MOST_CHARS + 1):
            try:
                read_rows(head + (unit * length)[:length])
            except InvalidInput as refused:
                assert len(str(refused)) < 300


@given(st.text())
def test_any_text_is_a_table_or_refused(text: str) -> None:
    try:
        assert all(row.number == row.number.strip() for row in read_rows(f"number,label\n{text}"))
    except InvalidInput as refused:
        assert len(str(refused)) < 300


@pytest.mark.parametrize("unit", BODIES)
def test_the_worst_bodies_are_unreadable(unit: bytes) -> None:
    for kind in (WebhookEvent, MessageState, Received):
        with pytest.raises(UNREADABLE):
            msgspec.json.decode((unit * 64 * 1024)[: 64 * 1024], type=kind)


@given(st.text(), st.text(), st.none() | st.integers(), st.none() | st.text())
def test_any_text_that_came_has_a_name_and_a_time(
    message: str, at: str, sim: int | None, recipient: str | None
) -> None:
    received = Received(message, at, "VK", recipient=recipient, sim_number=sim)
    found = inbound_sms(received, (NUMBER,), 5)
    assert found is not None
    assert (found.to, len(found.event_id)) == (NUMBER, 40)


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_states_are_receipts_or_nothing(state: str, states: dict[str, str]) -> None:
    told = receipts_of(MessageState("id", state, states=states), "id", 5)
    assert all(isinstance(each.at_ms, int) for each in told)
    assert isinstance(ms_of(state, 5), int)
