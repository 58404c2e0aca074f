"""The guard in front of what costs us something: bursts, refill, and bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.api.kit.limits import MAX_CLIENTS, RateGuard
from ringbolt.core.errors import RateLimited


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000_000.7

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


def allowed(guard: RateGuard, client: str = "a") -> bool:
    try:
        guard.check(client)
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize(("per_minute", "burst"), [(60, 1), (120, 120), (7, 7), (11, 3), (90, 13)])
def test_burst_is_allowed_and_not_one_more(clock: Seconds, per_minute: int, burst: int) -> None:
    guard = RateGuard(per_minute, burst, clock)

    assert [allowed(guard) for _ in range(burst + 2)] == [True] * burst + [False] * 2


def test_refusal_says_when_to_come_back_and_that_is_true(clock: Seconds) -> None:
    guard = RateGuard(7, 2, clock)
    while allowed(guard):
        pass

    with pytest.raises(RateLimited) as refused:
        guard.check("a")

    wait = refused.value.retry_after_s
    assert wait == 9  # 60 / 7 rounded up
    assert refused.value.retryable
    clock.now += wait
    assert allowed(guard)


def test_requests_come_back_one_by_one(clock: Seconds) -> None:
    guard = RateGuard(60, 3, clock)
    while allowed(guard):
        pass

    clock.now += 1.0
    assert [allowed(guard), allowed(guard)] == [True, False]
    clock.now += 2.0
    assert [allowed(guard) for _ in range(3)] == [True, True, False]
    clock.now += 1000
    assert [allowed(guard) for _ in range(4)] == [True, True, True, False]


def test_refused_requests_do_not_prolong_the_wait(clock: Seconds) -> None:
    guard = RateGuard(60, 1, clock)
    guard.check("a")

    assert not any(allowed(guard) for _ in range(100))
    clock.now += 1.0
    assert allowed(guard)


def test_clients_are_counted_apart(clock: Seconds) -> None:
    guard = RateGuard(60, 1, clock)

    assert [allowed(guard, "a"), allowed(guard, "b"), allowed(guard, "a")] == [True, True, False]


def test_memory_is_bounded_for_any_number_of_clients(clock: Seconds) -> None:
    guard = RateGuard(1, 1, clock)

    for n in range(2 * MAX_CLIENTS):
        guard.check(str(n))

    assert len(guard) <= MAX_CLIENTS


def test_crowd_does_not_free_those_who_came_just_before(clock: Seconds) -> None:
    guard = RateGuard(1, 1, clock)
    guard.check("early")

    for n in range(MAX_CLIENTS // 2 + 10):
        guard.check(str(n))

    assert not allowed(guard, "early")


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 200), st.integers(1, 10))
def test_never_more_than_burst_and_rate_allow(
    pauses: list[float], per_minute: int, burst: int
) -> None:
    clock = Seconds()
    guard = RateGuard(per_minute, burst, clock)
    start, passed = clock.now, 0

    for pause in pauses:
        clock.now += pause
        passed += allowed(guard)

    assert passed <= burst + (clock.now - start) * per_minute / 60 + 1e-3
