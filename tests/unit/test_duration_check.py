"""What the paid URL says about the minutes that a message takes, before anybody pays."""

from __future__ import annotations

from typing import Any

import pytest

from ringbolt.api.l402.duration_check import duration_of
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from support.place_call import call_order

TO = "+12025550123"
FILE = "https://example.com/a.mp3"
LETTERS = "reminder " * 55
DIGITS = "4829 " * 100  # about 200 s


def call(message: str, **more: Any) -> CallOrder:
    return call_order({"phone_number": TO, "message": message, **more})


@pytest.mark.parametrize(
    ("message", "more", "reported"),
    [
        ("Hello.", {}, (1, 1, [])),
        (LETTERS, {}, (1, 1, [])),
        (LETTERS, {"repeat": 3}, (1, 3, ["message_may_be_cut"])),
        (LETTERS, {"repeat": 3, "duration_minutes": 3}, (3, 3, [])),
        ("Hello.", {"gather": {"timeout_s": 60}}, (1, 2, ["message_may_be_cut"])),
        (DIGITS, {"duration_minutes": 4}, (4, 4, [])),
        (DIGITS, {"duration_minutes": 3}, (3, 4, ["message_may_be_cut"])),
    ],
)
def test_the_minutes_that_a_text_takes_are_reported(
    message: str, more: dict[str, Any], reported: tuple[int, int, list[str]]
) -> None:
    order = call(message, **more)
    found = duration_of(order).document(order.minutes)
    assert (found["minutes"], found["estimated_minutes"], found["notes"]) == reported


@pytest.mark.parametrize(
    ("ms", "reported"),
    [(None, (None, [])), (119_000, (2, [])), (121_000, (3, ["message_may_be_cut"]))],
)
def test_the_minutes_of_a_file_are_reported_if_they_are_known(
    ms: int | None, reported: tuple[int | None, list[str]]
) -> None:
    order = CallOrder(TO, minutes=2, audio_url=FILE)
    found = duration_of(order, {} if ms is None else {FILE: ms}).document(order.minutes)
    assert (found["estimated_minutes"], found["notes"]) == reported


@pytest.mark.parametrize("more", [{}, {"repeat": 2}, {"gather": True}, {"duration_minutes": 1}])
def test_a_text_that_surely_does_not_fit_is_refused_with_what_it_needs(
    more: dict[str, Any],
) -> None:
    with pytest.raises(InvalidInput) as refused:
        call(DIGITS, **more)
    assert (refused.value.code, refused.value.field) == ("CALL_TOO_LONG", "duration_minutes")
    assert "duration_minutes: 4" in refused.value.suggestion


def test_repetitions_that_do_not_fit_are_no_fault() -> None:
    assert call(LETTERS, repeat=10).minutes == 1


def test_what_is_asked_for_a_short_text_is_one_minute_whatever_the_duration() -> None:
    assert call(LETTERS, duration_minutes=5).minutes == 1
