"""How many minutes are held for a call: enough for what it says, never more than it may last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.app.call_order import (
    CallOrder,
    GatherStep,
    HangupStep,
    PauseStep,
    PlayStep,
    RecordStep,
    SayStep,
    Step,
)
from ringbolt.app.held_minutes import held_minutes, spoken_s
from ringbolt.core.errors import InvalidInput
from ringbolt.settings import Settings

SETTINGS = Settings()
TO = "+12025550123"
MINUTE_OF_TEXT = "a" * 720


def held(*steps: Step, **fields: int | str) -> int:
    return held_minutes(SETTINGS, CallOrder(to=TO, minutes=0, steps=steps, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "minutes"),
    [
        ((SayStep("Hello."),), 1),
        ((SayStep("a" * 415),), 1),  # 34.6 s, and 30 %, and 15 s
        ((SayStep("a" * 420),), 2),
        ((SayStep("a" * 210, repeat=2),), 2),
        ((SayStep(MINUTE_OF_TEXT),), 2),
        ((PauseStep(60_000),), 2),
        ((GatherStep((SayStep("Press a key."),), timeout_ms=40_000),), 2),
        ((RecordStep(max_duration_ms=60_000),), 2),
        ((SayStep("Bye."), HangupStep(), SayStep("a" * 10_000)), 1),
    ],
)
def test_what_is_said_is_held_with_a_reserve(steps: tuple[Step, ...], minutes: int) -> None:
    assert held(*steps) == minutes


@pytest.mark.parametrize(
    "step",
    [
        PlayStep("https://a.example/b.mp3"),
        GatherStep((PlayStep("https://a.example/b.mp3"),)),
        RecordStep(),
    ],
    ids=["play", "prompt", "record"],
)
def test_for_what_may_take_any_time_the_longest_call_is_held(step: Step) -> None:
    assert held(SayStep("Hello."), step) == SETTINGS.voice.max_minutes


def test_a_call_without_steps_is_reckoned_by_its_message() -> None:
    assert held(message="a" * 720) == 2
    assert held(audio_url="https://a.example/b.mp3") == SETTINGS.voice.max_minutes


def test_what_the_buyer_asks_for_is_held() -> None:
    command = CallOrder(to=TO, minutes=3, steps=(SayStep("Hello."),))
    assert held_minutes(SETTINGS, command) == 3


@pytest.mark.parametrize("minutes", [6, 31, -1])
def test_more_than_a_call_may_last_is_refused(minutes: int) -> None:
    with pytest.raises(InvalidInput, match="at most 5 minutes"):
        held_minutes(SETTINGS, CallOrder(to=TO, minutes=minutes, steps=(SayStep("Hello."),)))


def test_a_text_that_takes_longer_than_a_call_may_is_refused() -> None:
    with pytest.raises(InvalidInput, match="could take 7 minutes") as refused:
        held(SayStep(MINUTE_OF_TEXT, repeat=5))
    assert refused.value.code == "CALL_TOO_LONG"


def test_ideograms_and_digits_take_longer_than_letters() -> None:
    assert spoken_s("\u4f60\u597d\u4f60") == spoken_s("a" * 12) == 1.0
    assert spoken_s("42") == spoken_s("a" * 12)


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
        minutes = held(SayStep(text, repeat=repeat))
    except InvalidInput:
        return
    assert 1 <= minutes <= SETTINGS.voice.max_minutes
    assert minutes * 60 >= spoken_s(text) * repeat
