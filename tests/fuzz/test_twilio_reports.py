"""Whatever an account at Twilio answers or calls back: no exception, and no time that grows faster
than the input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.callback import CallbackRequest
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.twilio.account import Account, TwilioApi, created, document_of
from ringbolt.twilio.signature import is_signed, sign
from ringbolt.upstream.exchange import Answer
from ringbolt.voice.twilio.wire import cost_in, report_of_callback, report_of_resource, time_ms
from support.growth import LINEAR, growth_of_text

API = TwilioApi(Account("https://api.example", "AC1", "token"))
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
names = st.sampled_from(
    ["status", "duration", "end_time", "price", "price_unit", "sid", "code", "message"]
)
fields = st.sampled_from(["CallStatus", "CallDuration", "Timestamp", "SipResponseCode"])


@given(st.dictionaries(names, values))
def test_any_resource_is_read_or_not(document: dict[str, Any]) -> None:
    told = report_of_resource(document)
    assert told.talked_ms is None or 0 <= told.talked_ms <= 7 * 86_400_000
    cost_in(document)


@given(st.dictionaries(fields, st.text() | st.sampled_from(["completed", "12", "486"])))
def test_any_callback_is_read_or_not(form: dict[str, str]) -> None:
    told = report_of_callback(form)
    assert len(told.cause) < 40


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Za-z]+ \d+ [0-9:]+ [+-]\d+"))
def test_any_text_is_a_time_or_none(text: str) -> None:
    found = time_ms(text)
    assert found is None or found >= 0


@given(status=st.integers(100, 599), body=st.binary())
def test_any_answer_is_a_document_a_refusal_or_unknown(status: int, body: bytes) -> None:
    assert isinstance(created(Answer(status, body)), dict | Rejected | Unknown)


@given(body=st.binary(), signature=st.text())
def test_no_callback_that_is_not_signed_is_read(body: bytes, signature: str) -> None:
    headers = {"x-twilio-signature": signature}
    assert API.form_of(CallbackRequest("POST", "https://x/y", {}, (), headers, body), 0) is None


@given(st.dictionaries(st.text(), st.text()))
def test_what_is_signed_is_known_by_its_signature(form: dict[str, str]) -> None:
    signature = sign("key", "https://shop.example/x", form.items())
    assert is_signed("key", "https://shop.example/x", form.items(), signature)
    assert not is_signed("other", "https://shop.example/x", form.items(), signature)


@pytest.mark.parametrize("piece", ['{"a":', "[", '{"sid":"', "&a=b", "%41", "\u0661"])
def test_long_bodies_take_time_by_their_length(piece: str) -> None:
    def read(text: str) -> None:
        body = text.encode()
        document_of(body)
        API.form_of(CallbackRequest("POST", "https://x/y", {}, (), {}, body), 0)

    assert growth_of_text(read, piece) < LINEAR
