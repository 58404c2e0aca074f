"""Numbers and times in sentences."""

from __future__ import annotations

import pytest

from ringbolt.core.humanise import counted, every, span


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "second", "0 seconds"),
        (1, "second", "1 second"),
        (2, "second", "2 seconds"),
        (1.0, "second", "1 second"),
        (1.5, "second", "1.5 seconds"),
        (2_000_000, "sat", "2000000 sats"),
        (1, "web address", "1 web address"),
        (3, "web address", "3 web addresses"),
    ],
)
def test_one_is_singular_and_all_else_plural(number: float, noun: str, said: str) -> None:
    assert counted(number, noun) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "1 second"),
        (1, "1 second"),
        (1001, "2 seconds"),
        (59_001, "1 minute"),
        (60_000, "1 minute"),
        (61_000, "1 minute 1 second"),
        (360_000, "6 minutes"),
        (3_599_001, "1 hour"),
        (3_600_000, "1 hour"),
        (3_601_000, "1 hour 1 minute"),
        (8_640_000, "2 hours 24 minutes"),
        (86_400_000, "1 day"),
        (86_399_000, "1 day"),
        (90_000_000, "1 day 1 hour"),
    ],
)
def test_a_time_is_said_in_its_two_largest_units_and_never_too_short(ms: int, said: str) -> None:
    assert span(ms) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [(60_000, "minute"), (360_000, "6 minutes"), (5_400_000, "1 hour 30 minutes")],
)
def test_what_follows_every(ms: int, said: str) -> None:
    assert every(ms) == said
