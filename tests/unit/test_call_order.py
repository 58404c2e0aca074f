"""The command behind a call: what it says, how long it may last, and how it is kept."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.calls.call import Gather, Pause, Play, Say
from ringbolt.core.commands import CallOrder, from_json, to_json
from ringbolt.core.order import OrderKind

TO = "+12025550123"
SPOKEN = CallOrder(to=TO, minutes=1, message="Hello")
PLAYED = CallOrder(to=TO, minutes=3, audio_url="https://example.com/a")
GATHERS = CallOrder(to=TO, minutes=2, steps=(Gather(),))


def test_text_is_said_and_keys_are_heard_after_it() -> None:
    order = CallOrder(to=TO, minutes=1, message="Bonjour", voice="fr_1", language="fr")

    assert order.script(3000) == (Say("Bonjour", voice="fr_1", language="fr"), Pause(3000))


def test_audio_is_played_for_what_was_paid() -> None:
    assert PLAYED.max_play_ms == 180_000
    assert PLAYED.script(3000) == (Play("https://example.com/a"), Pause(3000))


def test_audio_wins_over_a_text() -> None:
    both = msgspec.structs.replace(PLAYED, message="Hello")

    assert both.script(0) == (Play("https://example.com/a"),)


def test_without_lingering_nothing_follows_the_message() -> None:
    assert SPOKEN.script(0) == (Say("Hello"),)


@pytest.mark.parametrize(("order", "seconds"), [(SPOKEN, 59), (PLAYED, 179), (GATHERS, 119)])
def test_no_call_lasts_into_a_minute_that_is_not_paid(order: CallOrder, seconds: int) -> None:
    assert order.max_duration_s == seconds


@given(
    st.builds(
        CallOrder,
        to=st.just(TO),
        minutes=st.integers(1, 30),
        message=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
        audio_url=st.sampled_from(["", "https://example.com/a"]),
        voice=st.sampled_from(["", "en_1"]),
        language=st.sampled_from(["", "en"]),
    )
)
def test_order_is_kept_as_it_is(order: CallOrder) -> None:
    assert from_json(OrderKind.CALL, to_json(order)) == order


def test_order_of_an_earlier_release_is_still_read() -> None:
    kept = f'{{"to":"{TO}","minutes":1,"message":"Hello","duration_ms":60000}}'

    assert from_json(OrderKind.CALL, kept) == SPOKEN


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"to":5,"minutes":1}', f'{{"to":"{TO}"}}'])
def test_what_is_no_order_is_a_fault(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        from_json(OrderKind.CALL, text)
