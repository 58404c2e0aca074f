"""The body of place-call: every field wrong in turn, in plain words and before any charge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.api.kit.query import MAX_FIELDS
from ringbolt.api.l402.call_schema import AUDIO_EXAMPLE, EXAMPLE, PlaceCall
from ringbolt.api.l402.paid_request import PaidRequest
from ringbolt.core.canonical import canonical_json
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from support.documents import field_names
from support.growth import LINEAR, growth
from support.place_call import call_order, decode_body, place_call

TO = "+12025550123"
SPOKEN = {"phone_number": TO, "message": "Hello."}
PLAYED = {"phone_number": TO, "audio_url": "https://example.com/a.mp3", "duration_minutes": 2}


def parse(document: dict[str, Any], **changed: Any) -> PaidRequest:
    return place_call({**document, **changed})


def order_of(document: dict[str, Any], **changed: Any) -> CallOrder:
    return call_order({**document, **changed})


def refusal(document: dict[str, Any], **changed: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        parse(document, **changed)
    return refused.value


def body_refusal(body: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        place_call(body)
    return refused.value


# -- what is accepted ---------------------------------------------------------------------------


def test_text_is_one_minute() -> None:
    call = parse(SPOKEN)

    assert call.order == CallOrder(to=TO, minutes=1, message="Hello.")
    assert call.document == SPOKEN
    assert (call.refund_address, call.ignored) == ("", ())


def test_audio_is_its_duration() -> None:
    assert order_of(PLAYED) == CallOrder(to=TO, minutes=2, audio_url="https://example.com/a.mp3")


@pytest.mark.parametrize("example", [EXAMPLE, AUDIO_EXAMPLE])
def test_the_examples_that_errors_show_are_valid(example: dict[str, Any]) -> None:
    assert order_of(example).to == TO


@pytest.mark.parametrize(
    ("duration", "minutes"), [(1, 1), (30, 30), (2.5, 3), (1.0, 1), (29.000001, 30)]
)
def test_started_minutes_are_sold_and_played(duration: float, minutes: int) -> None:
    order = order_of(PLAYED, duration_minutes=duration)

    assert (order.minutes, order.max_play_ms) == (minutes, minutes * 60_000)


def test_audio_url_wins_over_a_message_even_one_that_is_too_long() -> None:
    order = order_of(PLAYED, message="x" * 501)

    assert (order.audio_url, order.message) == (PLAYED["audio_url"], "")


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n\t"])
def test_blank_audio_url_is_none(nothing: str | None) -> None:
    assert order_of(SPOKEN, audio_url=nothing).message == "Hello."


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_blank_refund_address_is_none(nothing: str | None) -> None:
    assert parse(SPOKEN, refund_address=nothing).refund_address == ""


def test_duration_of_a_text_is_not_needed_and_changes_nothing() -> None:
    assert order_of(SPOKEN, duration_minutes=None) == order_of(SPOKEN, duration_minutes=5)
    assert order_of(SPOKEN, duration_minutes=5).minutes == 1


def test_refund_address_is_kept_in_lower_case() -> None:
    assert parse(SPOKEN, refund_address=" Bob@Example.COM ").refund_address == "bob@example.com"


@pytest.mark.parametrize("char", ["a", "é", "ж", "あ", "ب"])
def test_500_characters_are_spoken_and_501_are_not(char: str) -> None:
    assert order_of(SPOKEN, message=char * 500).message == char * 500

    refused = refusal(SPOKEN, message=char * 501)

    assert (refused.code, refused.field) == ("MESSAGE_TOO_LONG", "message")
    assert "501" in refused.message


def test_characters_outside_the_basic_plane_count_once() -> None:
    message = "Hello " + "😀" * 494

    assert order_of(SPOKEN, message=message).message == message
    assert refusal(SPOKEN, message=message + "😀").code == "MESSAGE_TOO_LONG"


@pytest.mark.parametrize(
    "text", ["مرحبا بك", "שלום לך", "Call 5 now", "12345", "a\u202eb", "Olá\x00"]
)
def test_right_to_left_text_digits_and_odd_characters_are_spoken(text: str) -> None:
    assert order_of(SPOKEN, message=text).message == text


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["😀", "😀😀😀", "...", "!?", "\u200b\u200d", "— —"])
def test_text_without_anything_to_speak_is_refused(text: str) -> None:
    refused = refusal(SPOKEN, message=text)

    assert (refused.code, refused.field) == ("MESSAGE_NOT_SPEAKABLE", "message")


@pytest.mark.parametrize("missing", ["phone_number", "message"])
def test_missing_field_is_named(missing: str) -> None:
    document = {name: value for name, value in SPOKEN.items() if name != missing}

    for refused in (refusal(document), refusal({**document, missing: None})):
        assert (refused.code, refused.field) == ("MISSING_FIELD", missing)
        assert missing in refused.message


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0"])
def test_blank_message_is_missing(blank: str) -> None:
    assert refusal(SPOKEN, message=blank).code == "MISSING_FIELD"


def test_audio_without_duration_is_refused() -> None:
    refused = refusal(PLAYED, duration_minutes=None)

    assert (refused.code, refused.field) == ("MISSING_FIELD", "duration_minutes")


@pytest.mark.parametrize("field", ["phone_number", "message", "audio_url", "refund_address"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, "a number"),
        (1.5, "a number"),
        (True, "true or false"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_text_of_another_type_is_refused(field: str, value: Any, kind: str) -> None:
    refused = refusal(SPOKEN, **{field: value})

    assert (refused.code, refused.field) == ("INVALID_TYPE", field)
    assert kind in refused.message


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("2", "a string"),
        ("", "a string"),
        (True, "true or false"),
        ([2], "a list"),
        ({}, "an object"),
    ],
)
def test_duration_of_another_type_is_refused(value: Any, kind: str) -> None:
    refused = refusal(PLAYED, duration_minutes=value)

    assert (refused.code, refused.field) == ("INVALID_TYPE", "duration_minutes")
    assert kind in refused.message


@pytest.mark.parametrize(
    "value", [0, -1, 0.5, 0.999, 30.0001, 31, 10**15, -(10**15), 1e308, 10**25]
)
def test_duration_out_of_range_is_refused(value: float) -> None:
    refused = refusal(PLAYED, duration_minutes=value)

    assert (refused.code, refused.field) == ("INVALID_DURATION", "duration_minutes")
    assert len(refused.message) < 150


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5000, "0x2", "02", "+2"]
)
def test_duration_that_json_does_not_know_is_refused(text: str) -> None:
    body = json.dumps({**PLAYED, "duration_minutes": "@"}).replace('"@"', text).encode()

    assert body_refusal(body).code == "INVALID_JSON"


@pytest.mark.parametrize(
    "url",
    ["example.com/a.mp3", "ftp://example.com/a", "file:///etc/passwd", "data:audio/wav;base64,AA",
     "javascript:alert(1)", "//example.com/a", "https:/example.com", "https://" + "a" * 2048],
)  # fmt: skip
def test_audio_url_of_another_kind_is_refused(url: str) -> None:
    refused = refusal(PLAYED, audio_url=url)

    assert (refused.code, refused.field) == ("INVALID_AUDIO_URL", "audio_url")


@pytest.mark.parametrize(
    "address", ["bob", "@example.com", "bob@", "bob@127.0.0.1", "bob@localhost", "b b@example.com",
                "bob@example.com/x", "x" * 5000 + "@example.com", "bôb@example.com"],
)  # fmt: skip
def test_refund_address_that_cannot_be_paid_is_refused(address: str) -> None:
    refused = refusal(SPOKEN, refund_address=address)

    assert (refused.code, refused.field) == ("INVALID_REFUND_ADDRESS", "refund_address")


# -- fields that are not known ------------------------------------------------------------------


def test_unknown_fields_are_reported() -> None:
    call = parse(SPOKEN, tone="warm", priority=1, x={"y": [1]})

    assert call.ignored == ("tone", "priority", "x")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("phoneNumber", "phone_number"), ("PhoneNumber", "phone_number"),
        ("phone-number", "phone_number"), ("phonenumber", "phone_number"),
        ("phone_nubmer", "phone_number"), ("PHONE_NUMBER", "phone_number"),
        ("mesage", "message"), ("Message", "message"), ("messages", "message"),
        ("audioUrl", "audio_url"), ("audio-url", "audio_url"), ("audio_uri", "audio_url"),
        ("durationMinutes", "duration_minutes"), ("duration_minute", "duration_minutes"),
        ("refundAddress", "refund_address"), ("refund_adress", "refund_address"),
    ],
)  # fmt: skip
def test_misspelt_field_is_refused_with_the_right_name(wrong: str, right: str) -> None:
    base = {name: value for name, value in {**PLAYED, "message": "Hi"}.items() if name != right}

    refused = refusal({**base, wrong: "x"})

    assert (refused.code, refused.field) == ("UNKNOWN_FIELD", wrong)
    assert right in refused.message


def test_lookalike_beside_the_right_field_is_only_reported() -> None:
    assert parse(SPOKEN, messages="x").ignored == ("messages",)


def test_too_many_fields_are_refused_at_once() -> None:
    quarter, whole = (
        {**SPOKEN, **{f"phone_num{n:05d}": 1 for n in range(count)}} for count in (750, 3000)
    )

    assert refusal(whole).code == "TOO_MANY_FIELDS"
    assert growth(refusal, quarter, whole) < LINEAR


def test_the_largest_number_of_fields_is_read() -> None:
    document = {**SPOKEN, **{f"x{n}": 1 for n in range(MAX_FIELDS - 2)}}

    assert len(parse(document).ignored) == 20


def test_names_are_cut_before_they_are_repeated() -> None:
    assert parse(SPOKEN, **{"x" * 60_000: 1}).ignored == ("x" * 64,)


# -- bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t"])
def test_missing_body_is_named_so(body: bytes) -> None:
    refused = body_refusal(body)

    assert refused.code == "INVALID_JSON"
    assert "no body" in refused.message


@pytest.mark.parametrize(
    "body",
    [b"{", b"}", b'{"a":}', b"{'a':1}", b'{"a":1,}', b'{"a":1}}', b"phone_number=%2B1&message=Hi",
     b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"a":"\\x"}', b'{"a":"\n"}',
     b"\x00", b'{"a":1} // x', '{"a":1}'.encode("utf-16"), b"[" * 60_000, b'{"a":' * 10_000],
    ids=range(17),
)  # fmt: skip
def test_broken_json_is_refused_in_words(body: bytes) -> None:
    refused = body_refusal(body)

    assert refused.code == "INVALID_JSON"
    assert len(refused.message) < 250


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null", b"true", b"[{}]"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    refused = body_refusal(body)

    assert refused.code == "INVALID_JSON"
    assert "object" in refused.message


def test_byte_order_mark_is_read_over() -> None:
    written = json.dumps(SPOKEN).encode()

    assert decode_body(b"\xef\xbb\xbf" + written) == SPOKEN
    assert body_refusal(b"\xef\xbb\xbf").code == "INVALID_JSON"


def test_of_a_repeated_field_the_last_counts_for_the_call_and_for_what_is_bound() -> None:
    body = b'{"phone_number":"+19005550000","message":"a","phone_number":"+12025550123"}'

    assert call_order(body).to == TO
    assert b"+19005550000" not in canonical_json(decode_body(body))


def test_nested_bomb_in_an_unknown_field_is_only_reported() -> None:
    body = json.dumps(SPOKEN)[:-1] + ',"x":' + "[" * 400 + "]" * 400 + "}"

    assert place_call(body.encode()).ignored == ("x",)


NAMES = [*sorted(field_names(PlaceCall)), "tone", "mesage"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30) | st.sampled_from([TO, "https://example.com/a", "a@b.co", 2]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(NAMES), json_values, max_size=6))
def test_any_object_is_a_valid_call_or_refused_with_words(document: dict[str, Any]) -> None:
    try:
        order = call_order(document)
    except InvalidInput as refused:
        assert refused.message
        assert refused.suggestion
        assert refused.status == 400
        return

    assert 1 <= order.minutes <= 30
    said = (order.message, order.audio_url, order.steps)
    assert [bool(each) for each in said].count(True) == 1


@settings(max_examples=200)
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(decode_body(body), dict)
    except InvalidInput as refused:
        assert refused.code == "INVALID_JSON"
