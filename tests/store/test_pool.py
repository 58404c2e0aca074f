"""The operator's own numbers: one lease at a time, a rest after it, and no service twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.numbers.pool import ACTIVATION_MS, PoolProvider, PoolStore
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    Cancelled,
    NumberProvider,
    SupportsLeaseLookup,
    TextBatch,
)
from ringbolt.store import pool
from ringbolt.store.engine.db import Database
from ringbolt.store.pool import REST_MS, SAME_SERVICE_MS, DatabasePool
from support.contracts.following import stop
from support.waiting import until

GERMANY, ITALY = 43, 86
FIRST, SECOND, THIRD = "+4915123456701", "+4915123456702", "+393123456703"

MINUTE = 60_000


@pytest.fixture
async def numbers(database: Database) -> DatabasePool:
    """Two numbers in Germany and one in Italy."""
    for number, country in ((FIRST, GERMANY), (SECOND, GERMANY), (THIRD, ITALY)):
        assert await database.tx(pool.add, number, country, "rack 1")
    return DatabasePool(database)


async def acquire(
    numbers: DatabasePool, ref: str, service: str = "tg", country: int = GERMANY, **more: Any
) -> str | None:
    """Lease a number for 20 minutes; which."""
    lease = await numbers.acquire(ref, service, country, 20 * MINUTE, **more)
    return None if lease is None else lease.number


# Lending


async def test_a_number_is_leased_once_at_a_time(numbers: DatabasePool) -> None:
    acquired = [await acquire(numbers, ref) for ref in ("a", "b", "c")]
    assert acquired == [FIRST, SECOND, None]


async def test_many_who_ask_at_once_never_share_a_number(numbers: DatabasePool) -> None:
    acquired = await asyncio.gather(*(acquire(numbers, f"ref-{n}", country=999) for n in range(8)))
    assert sorted(number for number in acquired if number) == sorted([FIRST, SECOND, THIRD])


async def test_the_same_reference_is_the_same_loan(numbers: DatabasePool) -> None:
    acquired = await asyncio.gather(*(acquire(numbers, "a") for _ in range(4)))
    assert len(set(acquired)) == 1
    await numbers.end("a")
    assert await acquire(numbers, "a") == acquired[0]
    assert await acquire(numbers, "b") not in (None, acquired[0])


async def test_a_country_has_its_own_numbers_and_999_is_any(numbers: DatabasePool) -> None:
    assert await acquire(numbers, "a", country=ITALY) == THIRD
    assert await acquire(numbers, "b", country=ITALY) is None
    lease = await numbers.acquire("c", "tg", 999, MINUTE)
    assert lease is not None
    assert (lease.number, lease.country) == (FIRST, GERMANY)


async def test_numbers_that_are_not_wanted_are_not_given(numbers: DatabasePool) -> None:
    assert await acquire(numbers, "a", avoid=frozenset({FIRST})) == SECOND
    assert await acquire(numbers, "b", avoid=frozenset({FIRST, SECOND})) is None


async def test_a_loan_has_its_times(numbers: DatabasePool) -> None:
    lease = await numbers.acquire("a", "tg", GERMANY, 20 * MINUTE)
    assert lease is not None
    assert lease.until_ms - lease.from_ms == 20 * MINUTE
    assert lease.ended_ms is None
    assert await numbers.find("a") == lease
    assert await numbers.find("b") is None


# Rest


async def test_a_number_rests_after_a_loan(numbers: DatabasePool, clock: SystemClock) -> None:
    assert await acquire(numbers, "a", country=ITALY) == THIRD
    await numbers.end("a")
    clock.set_offset(REST_MS - MINUTE)
    assert await acquire(numbers, "b", "wa", ITALY) is None
    clock.set_offset(REST_MS + MINUTE)
    assert await acquire(numbers, "c", "wa", ITALY) == THIRD


async def test_a_loan_that_nobody_ended_ends_with_its_time(
    numbers: DatabasePool, clock: SystemClock
) -> None:
    await acquire(numbers, "a", country=ITALY)
    clock.set_offset(21 * MINUTE)

    lease = await numbers.find("a")

    assert lease is not None
    assert lease.ended_ms == lease.until_ms
    assert await acquire(numbers, "b", "wa", ITALY) is None  # it rests from then on
    clock.set_offset(20 * MINUTE + REST_MS + MINUTE)
    assert await acquire(numbers, "c", "wa", ITALY) == THIRD


async def test_ending_twice_keeps_the_first_time(numbers: DatabasePool, clock: SystemClock) -> None:
    await acquire(numbers, "a")
    await numbers.end("a")
    ended = await numbers.find("a")
    clock.set_offset(MINUTE)
    await numbers.end("a")
    await numbers.end("never leased")
    assert await numbers.find("a") == ended


async def test_a_number_is_not_leased_again_for_the_same_service(
    numbers: DatabasePool, clock: SystemClock
) -> None:
    await acquire(numbers, "a", country=ITALY)
    await numbers.end("a")
    clock.set_offset(SAME_SERVICE_MS - MINUTE)
    assert await acquire(numbers, "b", "tg", ITALY) is None
    clock.set_offset(SAME_SERVICE_MS + MINUTE)
    assert await acquire(numbers, "c", "tg", ITALY) == THIRD


async def test_the_number_that_rested_longest_comes_first(
    numbers: DatabasePool, clock: SystemClock
) -> None:
    for n, service in enumerate(("tg", "wa", "fb", "go")):
        clock.set_offset(n * 60 * MINUTE)
        assert await acquire(numbers, service, service) == (FIRST, SECOND)[n % 2]
        await numbers.end(service)


# The same number again


async def test_who_had_a_number_can_have_it_again_at_once(numbers: DatabasePool) -> None:
    await acquire(numbers, "a", country=ITALY)
    await numbers.end("a")
    assert await acquire(numbers, "b", country=ITALY, again=THIRD) == THIRD


async def test_a_number_is_not_to_be_had_again_while_another_has_it_or_it_rests(
    numbers: DatabasePool, clock: SystemClock
) -> None:
    await acquire(numbers, "a", country=ITALY)
    await numbers.end("a")
    clock.set_offset(60 * MINUTE)
    await acquire(numbers, "b", "wa", ITALY)
    assert await acquire(numbers, "c", country=ITALY, again=THIRD) is None
    await numbers.end("b")
    assert await acquire(numbers, "d", country=ITALY, again=THIRD) is None
    clock.set_offset(60 * MINUTE + REST_MS + MINUTE)
    assert await acquire(numbers, "e", country=ITALY, again=THIRD) == THIRD


async def test_what_can_be_had_again_is_known_beforehand(
    numbers: DatabasePool, clock: SystemClock, database: Database
) -> None:
    assert not await numbers.has_again("+4915123456799", "tg"), "there is no such number"
    await acquire(numbers, "a", country=ITALY)
    assert not await numbers.has_again(THIRD, "tg")
    clock.set_offset(21 * MINUTE)
    assert await numbers.has_again(THIRD, "tg"), "its time is over, though nobody ended it"
    assert not await numbers.has_again(THIRD, "wa"), "it rests"
    await database.tx(pool.remove, THIRD)
    assert not await numbers.has_again(THIRD, "tg")


# The operator's side


async def test_loans_are_forgotten_when_no_rule_asks_about_them(
    numbers: DatabasePool, clock: SystemClock, database: Database
) -> None:
    await acquire(numbers, "old", country=ITALY)
    clock.set_offset(30 * MINUTE)
    await acquire(numbers, "overdue")
    await acquire(numbers, "newer")
    await numbers.end("newer")
    clock.set_offset(SAME_SERVICE_MS + 25 * MINUTE)
    assert await database.tx(pool.forget) == 1
    assert await numbers.find("old") is None
    assert await acquire(numbers, "again", "tg", ITALY) == THIRD
    clock.set_offset(SAME_SERVICE_MS + 45 * MINUTE)
    assert await database.tx(pool.forget) == 1
    assert await numbers.find("newer") is None
    assert await numbers.find("overdue") is not None


async def test_a_number_that_was_removed_is_leased_no_more(
    numbers: DatabasePool, database: Database
) -> None:
    await acquire(numbers, "a", country=ITALY)
    assert [await database.tx(pool.remove, THIRD) for _ in range(2)] == [True, False]
    lease = await numbers.find("a")
    assert lease is not None
    assert lease.ended_ms is None
    await numbers.end("a")
    assert await acquire(numbers, "b", country=ITALY, again=THIRD) is None
    assert await numbers.countries() == (GERMANY,)


async def test_a_removed_number_can_be_added_again(
    numbers: DatabasePool, database: Database
) -> None:
    await database.tx(pool.remove, THIRD)
    assert [await database.tx(pool.add, THIRD, ITALY, "new") for _ in range(2)] == [True, False]
    listed = await database.read(pool.listing)
    assert [each.number for each in listed] == sorted([FIRST, SECOND, THIRD])
    assert {each.number: each.label for each in listed}[THIRD] == "new"


async def test_what_is_free_is_counted_by_service(
    numbers: DatabasePool, clock: SystemClock
) -> None:
    await acquire(numbers, "a")
    assert (await numbers.free(GERMANY)).total == 1
    assert (await numbers.free(999)).total == 2
    await numbers.end("a")
    clock.set_offset(REST_MS + MINUTE)
    free = await numbers.free(GERMANY)
    assert (free.total, dict(free.used)) == (2, {"tg": 1})
    assert (await numbers.free(1)).total == 0


# The provider on top of it


@pytest.fixture
def provider(numbers: DatabasePool) -> PoolProvider:
    store: PoolStore = numbers
    return PoolProvider(store)


async def test_the_provider_leases_finds_and_takes_back(provider: PoolProvider) -> None:
    port: NumberProvider = provider
    assert isinstance(port, SupportsLeaseLookup)
    acquired = await port.acquire(
        AcquireNumber("a", "tg", 999, real=True, avoid=frozenset({THIRD}))
    )

    assert isinstance(acquired, Acquired)
    assert (acquired.lease_id, acquired.country, acquired.cancel_after_ms) == ("a", GERMANY, 0)
    assert await port.find("a") == acquired
    assert await port.request_text("a")
    assert await port.texts("a") == ()
    assert await port.cancel("a") == Cancelled()
    assert await port.cancel("a") == Cancelled()
    assert not await port.request_text("a")
    over = await port.find("a")
    assert over is not None
    assert over.until_ms < acquired.until_ms


async def test_a_rental_lasts_its_hours(provider: PoolProvider) -> None:
    rental = await provider.acquire(AcquireNumber("a", "full", GERMANY, hours=4))
    activation = await provider.acquire(AcquireNumber("b", "tg", GERMANY))
    assert isinstance(rental, Acquired)
    assert isinstance(activation, Acquired)
    more_ms = rental.until_ms - activation.until_ms
    assert abs(more_ms - (4 * 60 * MINUTE - ACTIVATION_MS)) < MINUTE


async def test_the_provider_says_no_for_certain(provider: PoolProvider) -> None:
    asked = AcquireNumber("b", "tg", GERMANY, still_wanted=lambda: False)
    assert isinstance(await provider.acquire(asked), Rejected)
    assert await provider.find("b") is None
    assert isinstance(await provider.acquire(AcquireNumber("c", "tg", 12)), Rejected)


async def test_the_provider_offers_what_is_free(provider: PoolProvider) -> None:
    assert await provider.countries() == (GERMANY, ITALY)
    assert {offer.count for offer in await provider.offers(GERMANY)} == {2}
    assert await provider.offers(1) == ()
    await provider.acquire(AcquireNumber("a", "tg", ITALY))
    assert await provider.offers(ITALY) == ()


async def test_the_provider_tells_only_that_it_is_there(provider: PoolProvider) -> None:
    reported: list[TextBatch] = []

    async def hear(batch: TextBatch) -> None:
        reported.append(batch)

    following = asyncio.ensure_future(provider.follow("", hear))
    await until(lambda: reported)
    await provider.close()
    assert not following.done()
    assert reported == [TextBatch((), "")]
    await stop(following)


async def test_a_database_that_is_gone_leaves_the_answer_open(
    provider: PoolProvider, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    async def gone(*args: object, **options: object) -> object:
        raise Unavailable("the database is gone")

    monkeypatch.setattr(database, "tx", gone)
    assert await provider.acquire(AcquireNumber("a", "tg", GERMANY)) == Unknown(
        "the database is gone"
    )
    with pytest.raises(Unavailable):
        await provider.find("a")
    with pytest.raises(Unavailable):
        await provider.finish("a")
