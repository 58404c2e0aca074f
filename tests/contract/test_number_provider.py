"""What every provider of numbers keeps to, here the simulated one over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import phonenumbers
import pytest

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.services import SERVICES
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    Cancelled,
    HasText,
    NumberProvider,
    TooEarly,
)
from ringbolt.numbers.simulated.provider import SimulatedNumberProvider
from support.contracts.following import Listener, hear_nothing
from support.contracts.numbers import GERMANY, SUBJECTS, USA, Desk, answering, collect
from support.waiting import eventually, until

MINUTE_MS = 60_000


@pytest.fixture(params=SUBJECTS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with SUBJECTS[request.param](tmp_path) as subject:
        made = Desk(subject)
        listening = asyncio.create_task(made.listen())
        yield made
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


# Offers


async def test_its_countries_offer_every_service_and_others_none(desk: Desk) -> None:
    assert await desk.provider.countries() == desk.subject.countries
    offers = await desk.provider.offers(GERMANY)
    assert {offer.code for offer in offers} >= SERVICES.keys()
    assert all(offer.count > 0 for offer in offers)
    assert await desk.provider.offers(888) == ()


# Leases


async def test_a_number_is_leased_for_a_time(desk: Desk) -> None:
    before_ms = time.time_ns() // 1_000_000

    acquired = await desk.acquire("tg", GERMANY)

    assert phonenumbers.region_code_for_number(phonenumbers.parse(acquired.number)) == "DE"
    assert acquired.country == GERMANY
    after_ms = time.time_ns() // 1_000_000
    assert before_ms <= acquired.until_ms - 20 * MINUTE_MS <= after_ms
    assert before_ms <= acquired.cancel_after_ms - 2 * MINUTE_MS <= after_ms


async def test_a_rental_lasts_its_hours(desk: Desk) -> None:
    before_ms = time.time_ns() // 1_000_000
    acquired = await desk.acquire("full", hours=4)
    after_ms = time.time_ns() // 1_000_000
    assert before_ms <= acquired.until_ms - 4 * 60 * MINUTE_MS <= after_ms


async def test_no_two_loans_have_the_same_number(desk: Desk) -> None:
    leases = await asyncio.gather(*(desk.acquire() for _ in range(30)))
    assert len({acquired.number for acquired in leases}) == 30


async def test_numbers_that_are_not_wanted_are_not_given(desk: Desk) -> None:
    had = frozenset([(await desk.acquire()).number for _ in range(3)])
    assert (await desk.acquire(avoid=had)).number not in had


async def test_a_number_of_any_country_is_from_one(desk: Desk) -> None:
    leases = [await desk.acquire("tg", 999) for _ in range(6)]
    assert len({acquired.country for acquired in leases}) == 3
    for acquired in leases:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(acquired.number))
        assert region == COUNTRIES[acquired.country].region


async def test_the_same_reference_twice_is_one_loan(desk: Desk) -> None:
    if desk.subject.leases_twice:
        pytest.skip("the provider looks references up, and does not go by them")
    wanted = desk.wanted()
    first, second = await asyncio.gather(*(desk.provider.acquire(wanted) for _ in range(2)))
    assert isinstance(first, Acquired)
    assert second == first
    assert (await desk.acquire()).number != first.number


async def test_a_reference_that_was_never_used_is_a_definite_no(desk: Desk) -> None:
    assert await desk.find("never asked for") is None


async def test_nothing_is_asked_for_that_nobody_wants_any_more(desk: Desk) -> None:
    wanted = desk.wanted(still_wanted=lambda: False)
    assert isinstance(await desk.provider.acquire(wanted), Rejected)
    assert await desk.find(wanted.ref) is None


async def test_there_is_no_number_in_no_mans_land(desk: Desk) -> None:
    assert isinstance(await desk.provider.acquire(desk.wanted("tg", 888)), Rejected)


async def test_who_had_a_number_can_have_it_again(desk: Desk) -> None:
    acquired = await desk.acquire()
    taken = await desk.provider.acquire(desk.wanted(again=acquired.number))
    await desk.subject.text(acquired.number, "Your code: 123456")
    await desk.until_notified(acquired)
    await desk.provider.finish(acquired.lease_id)

    again = await desk.acquire(again=acquired.number)

    assert isinstance(taken, Rejected)
    assert (again.number, again.lease_id != acquired.lease_id) == (acquired.number, True)


async def test_a_lease_outlives_a_restart_of_the_provider(desk: Desk) -> None:
    wanted = desk.wanted()
    acquired = await desk.provider.acquire(wanted)
    assert isinstance(acquired, Acquired)
    await desk.subject.text(acquired.number, "one 111111")

    await desk.subject.restart()

    assert await desk.find(wanted.ref) == acquired
    await desk.subject.text(acquired.number, "two 222222")
    assert [text.text for text in await desk.until_notified(acquired, 2)] == [
        "one 111111",
        "two 222222",
    ]
    assert (await desk.acquire()).number != acquired.number


# Texts


async def test_a_text_to_a_leased_number_is_reported_as_the_leases(desk: Desk) -> None:
    acquired = await desk.acquire()

    await desk.subject.text(acquired.number, "Your code: 123456", "Acme")

    (text,) = await desk.until_notified(acquired)
    assert (text.number, text.text) == (acquired.number, "Your code: 123456")
    assert text.sender in ("Acme", "")  # not every provider says who sent a code
    (shown,) = await desk.provider.texts(acquired.lease_id)
    assert (shown.event_id, shown.text) == (text.event_id, text.text)


async def test_every_text_to_a_rented_number_is_reported(desk: Desk) -> None:
    acquired = await desk.acquire("full", hours=4)
    for n in range(5):
        await desk.subject.text(acquired.number, f"text {n}", f"sender {n}")
    texts = await desk.until_notified(acquired, 5)
    assert [text.text for text in texts] == [f"text {n}" for n in range(5)]
    assert len({text.event_id for text in texts}) == 5


async def test_a_text_to_nobodys_number_is_reported_without_a_lease(desk: Desk) -> None:
    if not desk.subject.hears_strangers:
        pytest.skip("the provider reports only texts to leased numbers")
    acquired = await desk.acquire()
    await desk.provider.finish(acquired.lease_id)
    for number in ("+12025550123", acquired.number):
        await desk.subject.text(number, "hello 123456")

    async def probe() -> bool:
        return len(desk.reported) == 2

    await eventually(probe)
    assert [text.lease_id for text in desk.reported] == ["", ""]
    assert await desk.provider.texts(acquired.lease_id) == ()


async def test_one_more_text_can_be_asked_for_while_the_loan_goes_on(desk: Desk) -> None:
    acquired = await desk.acquire()
    await desk.subject.text(acquired.number, "one 111111")
    assert await desk.provider.request_text(acquired.lease_id)
    await desk.subject.text(acquired.number, "two 222222")
    await desk.until_notified(acquired, 2)

    await desk.provider.finish(acquired.lease_id)

    assert not await desk.provider.request_text(acquired.lease_id)
    assert not await desk.provider.request_text("never leased")


async def test_a_cursor_gives_the_same_texts_again_and_then_goes_on(desk: Desk) -> None:
    acquired = await desk.acquire()
    empty, _ = await collect(desk.provider, "", 0)
    assert [batch.texts for batch in empty] == [()]  # tells that the provider was reached
    await desk.subject.text(acquired.number, "one")
    batches, texts = await collect(desk.provider, "", 1)
    assert texts == ["one"]

    await desk.subject.text(acquired.number, "two")

    assert (await collect(desk.provider, empty[0].cursor, 2))[1] == ["one", "two"]
    if batches[-1].cursor:  # one that cannot replay tells everything once more
        assert (await collect(desk.provider, batches[-1].cursor, 1))[1] == ["two"]


@pytest.mark.parametrize("cursor", ["1000000", "another provider's"])
async def test_a_foreign_cursor_gives_all_texts(desk: Desk, cursor: str) -> None:
    acquired = await desk.acquire()
    await desk.subject.text(acquired.number, "one")
    assert (await collect(desk.provider, cursor, 1))[1] == ["one"]


# What is not committed


async def test_a_batch_that_was_not_committed_is_reported_again(desk: Desk) -> None:
    acquired = await desk.acquire()
    listener = Listener(desk.provider, lambda batch: batch.texts, faults=1)
    async with listener.listening():
        await desk.subject.text(acquired.number, "one")
        [text] = await listener.until_committed(1)

    assert text.text == "one"
    assert listener.refused == [text]


async def test_nothing_is_passed_over_before_it_is_committed(desk: Desk) -> None:
    acquired = await desk.acquire()
    listener = Listener(desk.provider, lambda batch: batch.texts, held=True)
    async with listener.listening():
        await desk.subject.text(acquired.number, "one")
        await until(lambda: listener.handed_over)
        await desk.subject.text(acquired.number, "two")
        await desk.until_notified(acquired, 2)

        # one that replays has confirmed nothing, so it has handed over nothing more
        assert len(listener.handed_over) == 1 or not listener.handed_over[0].cursor
        assert listener.committed == []

        listener.may_commit.set()
        texts = await listener.until_committed(2)
    assert [text.text for text in texts] == ["one", "two"]


# Ends


async def test_a_cancel_is_refused_at_first(desk: Desk) -> None:
    acquired = await desk.acquire()
    assert await desk.provider.cancel(acquired.lease_id) == TooEarly(acquired.cancel_after_ms)
    await desk.subject.text(acquired.number, "still leased")
    await desk.until_notified(acquired)


async def test_a_cancel_ends_the_loan(desk: Desk) -> None:
    wanted = desk.wanted()
    acquired = await desk.provider.acquire(wanted)
    assert isinstance(acquired, Acquired)
    await desk.subject.later(121)

    for _ in range(2):
        assert await desk.provider.cancel(acquired.lease_id) == Cancelled()

    over = await desk.find(wanted.ref)
    assert over is not None
    assert over.until_ms < acquired.until_ms
    assert not await desk.provider.request_text(acquired.lease_id)


async def test_a_code_that_came_before_the_cancel_counts(desk: Desk) -> None:
    acquired = await desk.acquire()
    await desk.subject.later(121)
    await desk.subject.text(acquired.number, "Your code: 123456")

    result = await desk.provider.cancel(acquired.lease_id)

    assert isinstance(result, HasText)
    assert [text.text for text in result.texts] == ["Your code: 123456"]
    assert await desk.provider.cancel(acquired.lease_id) == result


async def test_finishing_what_is_over_or_unknown_does_nothing(desk: Desk) -> None:
    wanted = desk.wanted()
    acquired = await desk.provider.acquire(wanted)
    assert isinstance(acquired, Acquired)
    await desk.provider.finish(acquired.lease_id)
    over = await desk.find(wanted.ref)
    await desk.provider.finish(acquired.lease_id)
    await desk.provider.finish("never leased")
    assert await desk.find(wanted.ref) == over
    assert await desk.provider.cancel("never leased") == Cancelled()
    assert await desk.provider.texts("never leased") == ()


async def test_a_number_is_taken_back_when_its_time_is_up(desk: Desk) -> None:
    acquired = await desk.acquire()
    await desk.subject.later(20 * 60 + 1)
    await desk.subject.text(acquired.number, "too late")

    async def probe() -> bool:
        return bool(desk.reported)

    if desk.subject.hears_strangers:
        await eventually(probe)
        assert desk.reported[0].lease_id == ""
    assert not await desk.provider.request_text(acquired.lease_id)
    assert await desk.provider.cancel(acquired.lease_id) == Cancelled()


# A provider that is not there


async def test_a_provider_that_cannot_be_reached_was_asked_nothing() -> None:
    server, url = await answering(0, b"")
    server.close()
    provider = SimulatedNumberProvider(url)
    try:
        assert isinstance(await provider.acquire(AcquireNumber("a", "tg", USA)), Rejected)
        for ask in (
            provider.find("a"),
            provider.finish("a"),
            provider.cancel("a"),
            provider.texts("a"),
            provider.request_text("a"),
            provider.offers(USA),
            provider.countries(),
            provider.follow("", hear_nothing),
        ):
            with pytest.raises(Unavailable):
                await ask
    finally:
        await provider.close()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (0, b"", Unknown),
        (500, b"", Unknown),
        (201, b"no JSON", Unknown),
        (404, b"a proxy's page", Rejected),
        (409, b'{"reason":"none"}', Rejected),
    ],
)
async def test_an_answer_that_is_no_answer(status: int, body: bytes, kind: type) -> None:
    server, url = await answering(status, body)
    provider = SimulatedNumberProvider(url)
    try:
        assert isinstance(await provider.acquire(AcquireNumber("a", "tg", USA)), kind)
        for ask in (provider.cancel("a"), provider.finish("a"), provider.texts("a")):
            with pytest.raises(Unavailable):
                await ask
    finally:
        await provider.close()
        server.close()


async def test_a_proxys_404_is_not_the_providers_word() -> None:
    server, url = await answering(404, b"<html>")
    provider = SimulatedNumberProvider(url)
    try:
        with pytest.raises(Unavailable):
            await provider.find("a")
    finally:
        await provider.close()
        server.close()


async def test_the_simulated_provider_says_how_to_recover() -> None:
    provider: NumberProvider = SimulatedNumberProvider("http://127.0.0.1:9")
    assert (provider.name, provider.recovery) == ("simulated", Recovery.LOOKUP)
    await provider.close()
