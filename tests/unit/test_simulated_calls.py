"""The pure rules of simulated calls: who acts when, what is sent, when it ends."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.calls.call import Clip, Pause, RenderedGather, RenderedScript
from ringbolt.simulator.voice.line import FRAME_MS, Line, Playback, Span, replay
from ringbolt.simulator.voice.script import (
    ANSWERED,
    BUSY,
    CALLER_HUNG_UP,
    LISTENER,
    NETWORK_FAILED,
    NOT_ANSWERED,
    PHONE_HUNG_UP,
    PLAIN,
    SCRIPTED,
    TOO_LONG,
    Plan,
    behaviour_of,
    plan,
)

SECOND = Clip("second", 1000)
MENU = RenderedGather((SECOND,), max_digits=4, finish_key="#", timeout_ms=5000)
FOREVER = 10**6


def line(script: RenderedScript, number: str = "+14155550123", max_duration_s: int = 600) -> Line:
    return Line(script, max_duration_s, behaviour_of(number).acts)


def keys(played: Line) -> str:
    return "".join(press.key for press in played.presses)


# Who acts


def test_an_ordinary_number_is_a_plain_phone() -> None:
    assert behaviour_of("+12025550123") is PLAIN


def test_an_unlisted_number_of_the_range_listens() -> None:
    assert "+1234567855" not in SCRIPTED
    assert behaviour_of("+1234567855") is LISTENER


@pytest.mark.parametrize("number", SCRIPTED)
def test_a_scripted_number_is_in_the_range_and_described(number: str) -> None:
    assert re.fullmatch(r"\+12345678\d\d", number)
    assert SCRIPTED[number].description.endswith(".")


# When


def test_a_plain_phone_rings_until_the_caller_gives_up() -> None:
    assert plan(PLAIN, 10_000, 30, 1) == Plan(10_100, 40_100, NOT_ANSWERED)


def test_speed_divides_ringing_and_the_time_to_give_up() -> None:
    assert plan(PLAIN, 10_000, 30, 10) == Plan(10_010, 13_010, NOT_ANSWERED)


def test_a_scripted_phone_answers_after_a_second_of_ringing() -> None:
    assert plan(behaviour_of("+1234567890"), 0, 30, 1) == Plan(100, 1100, ANSWERED)


def test_a_busy_number_does_not_ring() -> None:
    assert plan(behaviour_of("+1234567801"), 0, 30, 1) == Plan(None, 100, BUSY)


def test_who_answers_after_8_s_is_not_awaited_by_a_caller_who_waits_5() -> None:
    assert plan(behaviour_of("+1234567813"), 0, 30, 1).reaction is ANSWERED
    assert plan(behaviour_of("+1234567813"), 0, 5, 1) == Plan(100, 5100, NOT_ANSWERED)


def test_who_answers_late_does_so_a_second_before_the_caller_gives_up() -> None:
    assert plan(behaviour_of("+1234567816"), 0, 30, 1) == Plan(100, 29_100, ANSWERED)


# What is sent


def test_sound_and_pauses_are_sent_in_order_then_the_caller_hangs_up() -> None:
    call = line((SECOND, Pause(40), SECOND))
    assert call.advance(FOREVER) == [Span("second", 0, 50), Span("", 0, 2), Span("second", 0, 50)]
    assert (call.frame, call.message_ms, call.outcome) == (102, 2040, CALLER_HUNG_UP)


def test_the_last_frame_of_a_clip_is_whole_but_the_message_is_not_longer_for_it() -> None:
    call = line((Clip("short", 30),))
    assert call.advance(FOREVER) == [Span("short", 0, 2)]
    assert call.message_ms == 30


def test_an_empty_script_ends_at_once() -> None:
    assert line((Pause(0),)).outcome is CALLER_HUNG_UP


def test_waiting_for_keys_is_silence_and_no_message() -> None:
    call = line((MENU,))
    assert call.advance(FOREVER) == [Span("second", 0, 50), Span("", 0, 250)]
    assert call.message_ms == 1000


# Keys


@pytest.mark.parametrize(("pressed", "is_on"), [("12", True), ("12#", False), ("1234", False)])
def test_a_gather_ends_at_its_finish_key_or_its_last_digit(pressed: str, is_on: bool) -> None:
    call = line((MENU,))
    call.advance(10)
    call.press(pressed)
    call.advance(11)
    assert (call.outcome is None) is is_on


def test_a_gather_waits_its_whole_time_after_the_prompt_and_after_each_key_anew() -> None:
    call = line((MENU,))
    call.advance(50 + 249)
    call.press("1")
    call.advance(299 + 249)
    call.press("2")
    call.advance(548 + 249)
    assert not call.outcome
    call.advance(548 + 250)
    assert (call.outcome, call.message_ms) == (CALLER_HUNG_UP, 1000)


def test_who_types_slower_than_the_wait_of_all_keys_together_is_heard_to_the_last() -> None:
    call = line((RenderedGather((SECOND,), 16, "#", 4000),), max_duration_s=119)
    for number, key in enumerate("4111111111111111"):
        call.advance(60 + number * 125)
        call.press(key)
    call.advance(FOREVER)
    assert (keys(call), call.outcome) == ("4111111111111111", CALLER_HUNG_UP)
    assert call.frame == 60 + 15 * 125


def test_no_sum_of_waits_is_longer_than_the_call_may_be() -> None:
    call = line((MENU,), max_duration_s=9)
    for at in (200, 440):
        call.advance(at)
        call.press("1")
    call.advance(FOREVER)
    assert (call.frame, call.outcome) == (450, TOO_LONG)


@pytest.mark.parametrize("most", [1, 4, 32])
def test_a_key_ends_the_prompt_and_its_repetitions(most: int) -> None:
    prompt = (Pause(200), SECOND, Pause(500), SECOND)
    call = line((RenderedGather(prompt, most, "", 5000), Clip("thanks", 500)))
    call.advance(20)
    call.press("1")
    wait = [] if most == 1 else [Span("", 0, 250)]
    assert call.advance(FOREVER) == [*wait, Span("thanks", 0, 25)]
    assert call.message_ms == 400 + 500


def test_a_key_in_a_prompt_that_nothing_waits_after_goes_on_to_the_next_step() -> None:
    call = line((RenderedGather((SECOND, SECOND), 4, "#", 0), Clip("thanks", 500)))
    call.advance(60)
    call.press("1")
    assert call.advance(FOREVER) == [Span("thanks", 0, 25)]


def test_what_follows_an_ended_gather_is_played_at_once() -> None:
    call = line((MENU, Clip("thanks", 500)))
    call.advance(10)
    call.press("#")
    assert call.advance(12) == [Span("thanks", 0, 2)]
    assert call.message_ms == 200 + 40


def test_two_equal_gathers_in_a_row_are_two() -> None:
    call = line((MENU, MENU))
    call.advance(10)
    call.press("#")
    assert call.advance(11) == [Span("second", 0, 1)]


def test_digits_of_one_gather_do_not_count_for_the_next() -> None:
    call = line((MENU, MENU))
    call.advance(60)
    call.press("12")
    call.advance(60 + 250 + 1)
    call.press("34")
    call.advance(320)
    assert call.outcome is None


def test_a_key_without_a_gather_changes_nothing() -> None:
    call = line((SECOND,))
    call.advance(10)
    call.press("#")
    assert call.advance(FOREVER) == [Span("second", 10, 40)]
    assert keys(call) == "#"


# What phones do by themselves


def test_the_phone_that_presses_1_and_hash_does_so_once_it_has_heard_all() -> None:
    call = line((MENU,), "+1234567890")
    call.advance(49)
    assert keys(call) == ""
    call.advance(FOREVER)
    assert (keys(call), call.frame, call.outcome) == ("1#", 50, CALLER_HUNG_UP)


def test_it_presses_them_before_the_caller_hangs_up_even_if_nobody_asked() -> None:
    call = line((SECOND,), "+1234567890")
    call.advance(FOREVER)
    assert (keys(call), call.frame) == ("1#", 50)


def test_the_hasty_phone_presses_while_the_message_plays() -> None:
    call = line((MENU,), "+1234567811")
    call.advance(20)
    assert keys(call) == "1"
    assert call.presses[0].frame == 13  # the first whole frame after a quarter of 50


def test_the_phone_that_hangs_up_after_2_s_cuts_the_message() -> None:
    call = line((Clip("long", 10_000),), "+1234567810")
    call.advance(FOREVER)
    assert (call.frame, call.outcome, call.message_ms) == (100, PHONE_HUNG_UP, 2000)


def test_the_phone_that_hangs_up_silently_waits_for_the_end_of_the_message() -> None:
    call = line((MENU,), "+1234567815")
    call.advance(FOREVER)
    assert (call.frame, call.outcome) == (50, PHONE_HUNG_UP)


def test_the_network_fails_in_the_middle_of_the_message() -> None:
    call = line((SECOND, SECOND), "+1234567817")
    call.advance(FOREVER)
    assert (call.message_ms, call.outcome) == (1000, NETWORK_FAILED)


def test_the_longest_duration_cuts_whatever_plays() -> None:
    call = line((Clip("long", 10_000),), max_duration_s=3)
    call.advance(FOREVER)
    assert (call.frame, call.outcome) == (150, TOO_LONG)


SCRIPTS = st.lists(
    st.one_of(
        st.builds(Clip, st.just("clip"), st.integers(0, 3000)),
        st.builds(Pause, st.integers(0, 500)),
        st.builds(
            RenderedGather,
            st.tuples(st.builds(Clip, st.just("ask"), st.integers(0, 2000))),
            st.integers(1, 4),
            st.sampled_from(["#", ""]),
            st.integers(0, 3000),
        ),
    ),
    max_size=4,
).map(tuple)


@given(SCRIPTS, st.sampled_from(sorted(SCRIPTED)), st.lists(st.integers(1, 400), max_size=8))
def test_however_frames_are_handed_out_the_call_is_the_same(
    script: RenderedScript, number: str, steps: list[int]
) -> None:
    at_once, in_steps = line(script, number, 8), line(script, number, 8)
    at_once.advance(FOREVER)
    for frame in [*sorted(steps), FOREVER]:
        in_steps.advance(frame)
    assert in_steps.frame == at_once.frame
    assert in_steps.presses == at_once.presses
    assert in_steps.message_ms == at_once.message_ms
    assert in_steps.outcome == at_once.outcome


@given(SCRIPTS, st.integers(0, 400))
def test_a_replay_finds_how_much_of_the_message_was_heard(
    script: RenderedScript, frame: int
) -> None:
    call = line(script, "+1234567812")
    call.advance(frame)
    assert replay(script, 600, call.presses, call.frame).message_ms == call.message_ms


def test_the_silence_after_the_last_word_is_no_message() -> None:
    playback = Playback((Clip("a", 2000), Pause(500), Clip("b", 1000), Pause(3000)))
    heard = 0
    while not playback.is_heard:
        heard += playback.take(10).frames

    assert heard * FRAME_MS == playback.message_ms == playback.total_ms == 3500
    assert not playback.is_over
