"""Tries of a webhook: what an answer means, and when the next try comes."""

from __future__ import annotations

from typing import Any

import pytest

from ringbolt.app.webhooks.send_webhook import SCHEDULE_S, judge
from ringbolt.upstream.fetch.webhook_client import Answered, NoAnswer


def answered(status: int, retry_after_s: int | None = None) -> Answered:
    return Answered(status, retry_after_s, 5)


@pytest.mark.parametrize(
    ("answer", "tries", "state", "delay_s"),
    [
        (answered(200), 1, "delivered", 0),
        (answered(299), 10, "delivered", 0),
        (answered(199), 1, "pending", 5),
        (answered(302), 1, "pending", 5),
        (answered(404), 2, "pending", 300),
        (answered(500), 9, "pending", 86_400),
        (answered(500), 10, "given_up", 0),
        (answered(410), 1, "given_up", 0),
        (answered(503, 120), 1, "pending", 120),
        (answered(429, 120), 2, "pending", 300),
        (answered(503, 10**8), 1, "pending", 86_400),
        (answered(500, 120), 1, "pending", 5),
        (NoAnswer("no answer", 1), 1, "pending", 5),
    ],
)
def test_what_an_answer_means(answer: Any, tries: int, state: str, delay_s: int) -> None:
    verdict = judge(answer, tries, chance=0)
    assert (verdict.state, verdict.delay_ms) == (state, delay_s * 1000)


def test_tries_are_spread_a_little_and_never_too_early() -> None:
    delays = {judge(answered(500), 3, chance / 10).delay_ms for chance in range(11)}
    assert min(delays) == 1_800_000
    assert max(delays) == 1_980_000


def test_the_tries_reach_over_seventy_five_hours() -> None:
    assert 75 * 3600 <= sum(SCHEDULE_S) < 76 * 3600
