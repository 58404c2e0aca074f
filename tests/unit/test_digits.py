"""Which of the keys that were pressed a buyer is told as digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.app.requests.digits import answered_digits, gathered
from ringbolt.core.calls.call import Gather, Hangup, Record, Say, Step
from ringbolt.core.commands import CallOrder

KEYS = "0123456789*#"


def call(*steps: Step) -> CallOrder:
    return CallOrder(to="+12025550123", minutes=1, steps=steps)


@pytest.mark.parametrize(
    ("gather", "raw", "reported"),
    [
        (Gather(), "", ""),
        (Gather(), "1", "1"),
        (Gather(), "12#", "12"),
        (Gather(), "#", ""),
        (Gather(), "12#34", "12"),
        (Gather(), "1*2", "1*2"),
        (Gather(max_digits=2), "1234", "12"),
        (Gather(max_digits=2), "1#34", "1"),
        (Gather(max_digits=2), "12#", "12"),
        (Gather(max_digits=1), "#", ""),
        (Gather(finish_key="*"), "12#*3", "12#"),
        (Gather(finish_key=""), "12#*", "12#*"),
        (Gather(finish_key="0", max_digits=3), "1203", "12"),
        (Gather(), "A1#", "A1"),
    ],
)
def test_finish_key_ends_the_digits_and_there_are_never_too_many(
    gather: Gather, raw: str, reported: str
) -> None:
    assert answered_digits(call(gather), raw) == reported


@pytest.mark.parametrize(
    ("raw", "answers"),
    [
        ("", ("", "")),
        ("1", ("1", "")),
        ("12#", ("1", "2")),
        ("#34#", ("", "34")),
        ("1234#9", ("1", "234")),
    ],
)
def test_several_questions_take_the_keys_one_after_another(
    raw: str, answers: tuple[str, ...]
) -> None:
    order = call(Say("Hi"), Gather(max_digits=1), Say("And?"), Gather(max_digits=4))

    assert gathered(order, raw) == answers
    assert answered_digits(order, raw) == "".join(answers)


def test_the_key_that_ends_a_recording_answers_no_question() -> None:
    order = call(Gather(max_digits=1), Record(finish_keys="#"), Gather(), Hangup())

    assert gathered(order, "1#23#") == ("1", "23")
    assert gathered(order, "123#") == ("1", "23")


def test_a_call_that_asks_for_nothing_tells_every_key() -> None:
    assert answered_digits(call(Say("Hi")), "12*#3#") == "12*#3#"
    assert answered_digits(CallOrder(to="+12025550123", minutes=1, message="Hi"), "1#") == "1#"


@given(
    st.text(KEYS, max_size=20),
    st.lists(st.builds(Gather, max_digits=st.integers(1, 32),
                       finish_key=st.sampled_from(["", *KEYS])), min_size=1, max_size=4),
)  # fmt: skip
def test_no_answer_is_longer_than_asked_for_or_holds_its_finish_key(
    raw: str, gathers: list[Gather]
) -> None:
    answers = gathered(call(*gathers), raw)

    assert len(answers) == len(gathers)
    for answer, gather in zip(answers, gathers, strict=True):
        assert len(answer) <= gather.max_digits
        assert not gather.finish_key or gather.finish_key not in answer


@given(st.text(KEYS, max_size=20), st.text(KEYS, max_size=20), st.integers(1, 32))
def test_digits_that_were_reported_stay_when_more_keys_come(
    raw: str, more: str, max_digits: int
) -> None:
    order = call(Gather(max_digits=max_digits), Gather())

    assert answered_digits(order, raw + more).startswith(answered_digits(order, raw))
