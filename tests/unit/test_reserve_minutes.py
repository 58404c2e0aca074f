"""How many minutes are held for a call: enough for what it says, never more than it may last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.app.requests.reserve_minutes import reserve_minutes, spoken_s
from ringbolt.core.calls.call import Gather, Hangup, Pause, Play, Record, Say, Step
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput

LONGEST = 5
"""How many minutes a call may last."""
TO = "+12025550123"
MINUTE_OF_TEXT = "a" * 720


def held(*steps: Step, **fields: int | str) -> int:
    return reserve_minutes(CallOrder(to=TO, minutes=0, steps=steps, **fields), LONGEST)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "minutes"),
    [
        ((Say("Hello."),), 1),
        ((Say("a" * 415),), 1),  # 34.6 s, and 30 %, and 15 s
        ((Say("a" * 420),), 2),
        ((Say("a" * 210, repeat=2),), 2),
        ((Say(MINUTE_OF_TEXT),), 2),
        ((Pause(60_000),), 2),
        ((Gather((Say("Press a key."),), timeout_ms=40_000),), 2),
        ((Gather((Say("Press a key."),), max_digits=1),), 1),
        ((Gather((Say("Type your card number."),), max_digits=16),), 2),  # 15 keys in 45 s
        ((Gather((Say("Type your card number."),), max_digits=32),), 2),
        ((Gather((Say("Type your code."),), max_digits=6),), 1),
        ((Gather((Say("Quickly!"),), max_digits=16, timeout_ms=1000),), 1),
        ((Record(max_duration_ms=60_000),), 2),
        ((Say("Bye."), Hangup(), Say("a" * 10_000)), 1),
    ],
)
def test_what_is_said_is_held_with_a_reserve(steps: tuple[Step, ...], minutes: int) -> None:
    assert held(*steps) == minutes


@pytest.mark.parametrize(
    "step",
    [
        Play("https://a.example/b.mp3"),
        Gather((Play("https://a.example/b.mp3"),)),
        Record(),
    ],
    ids=["play", "prompt", "record"],
)
def test_for_what_may_take_any_time_the_longest_call_is_held(step: Step) -> None:
    assert held(Say("Hello."), step) == LONGEST


def test_a_call_without_steps_is_reckoned_by_its_message() -> None:
    assert held(message="a" * 720) == 2
    assert held(audio_url="https://a.example/b.mp3") == LONGEST


def test_what_the_buyer_asks_for_is_held() -> None:
    command = CallOrder(to=TO, minutes=3, steps=(Say("Hello."),))
    assert reserve_minutes(command, LONGEST) == 3


@pytest.mark.parametrize("minutes", [6, 31, -1])
def test_more_than_a_call_may_last_is_refused(minutes: int) -> None:
    with pytest.raises(InvalidInput, match="at most 5 minutes"):
        reserve_minutes(CallOrder(to=TO, minutes=minutes, steps=(Say("Hello."),)), LONGEST)


def test_a_text_that_takes_longer_than_a_call_may_is_refused() -> None:
    with pytest.raises(InvalidInput, match="could take 7 minutes") as refused:
        held(Say(MINUTE_OF_TEXT, repeat=5))
    assert refused.value.code == "CALL_TOO_LONG"


def test_no_call_is_refused_for_keys_that_few_calls_need() -> None:
    question = Gather((Say("How many?"),))
    assert held(*[question] * 20) == LONGEST


def test_ideograms_and_digits_take_longer_than_letters() -> None:
    assert spoken_s("\u4f60\u597d\u4f60") == spoken_s("a" * 12) == 1.0
    assert spoken_s("42") == spoken_s("a" * 12)
    assert spoken_s("At 10:30 we call.") == spoken_s("Àt 10:30 we call.")


def test_tags_are_not_spoken_but_pauses_and_slow_voices_take_time() -> None:
    text = "a" * 120
    assert spoken_s(f"<speak>{text}</speak>") == 10.0
    assert spoken_s(f'<speak>{text}<break time="500ms"/><break time="2s"/>b</speak>') > 12.5
    assert spoken_s(f'<speak><prosody rate="x-slow">{text}</prosody></speak>') == 20.0
    assert spoken_s(f'<speak><prosody rate="fast">{text}</prosody></speak>') == 10.0


@given(st.text(max_size=300), st.integers(1, 10))
def test_any_text_is_held_between_one_minute_and_the_longest_call_or_refused(
    text: str, repeat: int
) -> None:
    try:
        minutes = held(Say(text, repeat=repeat))
    except InvalidInput:
        return
    assert 1 <= minutes <= LONGEST
    assert minutes * 60 >= spoken_s(text) * repeat


FILE = "https://a.example/b.mp3"


@pytest.mark.parametrize(
    ("ms", "step", "minutes"),
    [
        (20_000, Play(FILE), 1),
        (46_000, Play(FILE), 2),  # and 15 s
        (46_000, Play(FILE, repeat=2), 2),
        (46_000, Gather((Play(FILE),), max_digits=1, timeout_ms=20_000), 2),
        (5_000, Play(FILE, fallback=Say("a" * 420)), 2),  # the text, if it cannot be played
        (290_000, Play(FILE), 5),
    ],
)
def test_a_file_whose_length_is_known_is_held_for_so_long(
    ms: int, step: Step, minutes: int
) -> None:
    command = CallOrder(to=TO, minutes=0, steps=(step,))
    assert reserve_minutes(command, LONGEST, {FILE: ms}) == minutes


def test_a_file_that_is_longer_than_any_call_is_refused_unless_it_may_be_cut() -> None:
    step = Play(FILE)
    with pytest.raises(InvalidInput) as refused:
        reserve_minutes(CallOrder(to=TO, minutes=0, steps=(step,)), LONGEST, {FILE: 301_000})
    assert refused.value.code == "CALL_TOO_LONG"
    cut = CallOrder(to=TO, minutes=2, steps=(step,))
    assert reserve_minutes(cut, LONGEST, {FILE: 301_000}) == 2


def test_scripts_without_vowels_take_longer_than_their_letters() -> None:
    # Measured: espeak-ng says 400 letters of Arabic in 52 s, of English in 25 s.
    arabic = "مرحبا هذا تذكير بموعدك غدا في الساعة الثالثة " * 9
    assert spoken_s(arabic) > 52


def test_blanks_take_no_time() -> None:
    assert spoken_s("Hello." + " \n" * 300 + "Bye.") < 1.5
