"""The simulated provider by itself: its scripted services, its clock, its file and its memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    Cancelled,
    HasText,
    InboundText,
    TooEarly,
)
from ringbolt.simulator.clock.world_clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.simulator.numbers.inventory import NumberInventory
from ringbolt.simulator.numbers.numbering import REAL_END, Numbering
from ringbolt.simulator.numbers.offers import offers
from ringbolt.simulator.numbers.script import (
    PREFIX,
    SCRIPTED_SERVICES,
    CodeKind,
    code_of,
    script_of,
)
from ringbolt.simulator.numbers.texts import LOG
from support.waiting import PATIENCE_S

GERMANY, ANTIGUA = 43, 169


class Sim:
    """A provider with its clock and file; ``reopen`` is what a restart of the world is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._refs = 0
        self.open()

    def open(self) -> None:
        self.store = WorldStore.open(self._path)
        self.clock = WorldClock(self.store)
        self.backend = NumberInventory(clock=self.clock, store=self.store)
        self.backend.start()

    async def close(self) -> None:
        self.clock.close()
        await self.backend.close()
        self.store.close()

    async def reopen(self) -> None:
        await self.close()
        self.open()

    def wanted(self, service: str, country: int = GERMANY, **more: Any) -> AcquireNumber:
        self._refs += 1
        return AcquireNumber(f"ref-{self._refs}", service, country, **more)

    async def acquire(self, service: str = "tg", country: int = GERMANY, **more: Any) -> Acquired:
        result = await self.backend.acquire(self.wanted(service, country, **more))
        assert isinstance(result, Acquired), result
        return result

    async def texts(self, acquired: Acquired) -> list[tuple[int, str]]:
        """(seconds after the lease began, code) of its texts."""
        from_ms = acquired.until_ms - 20 * 60_000
        texts = await self.backend.texts(acquired.lease_id)
        return [((text.at_ms - from_ms) // 1000, text.code) for text in texts]

    async def reported(self, count: int) -> list[InboundText]:
        """The first ``count`` texts of the stream."""
        reported: list[InboundText] = []
        stream = self.backend.events(0)
        assert isinstance(stream, AsyncGenerator)
        async with asyncio.timeout(PATIENCE_S), aclosing(stream):
            async for batch in stream:
                reported.extend(batch.texts)
                if len(reported) >= count:
                    break
        return reported


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Sim]:
    made = Sim(tmp_path / "world.db")
    yield made
    await made.close()


# Numbers


@pytest.mark.parametrize("is_real", [False, True])
def test_every_country_has_many_valid_numbers(is_real: bool) -> None:
    for country in COUNTRIES.values():
        numbering = Numbering(country.region, is_real)
        numbers = [number for n in range(40) if (number := numbering.nth(n)) is not None]
        assert len(numbers) >= 15, country
        assert len(set(numbers)) == len(numbers)
        for number in numbers:
            parsed = phonenumbers.parse(number)
            assert phonenumbers.is_valid_number_for_region(parsed, country.region)
            assert number.endswith(REAL_END) is is_real


async def test_real_phones_are_a_set_of_their_own(sim: Sim) -> None:
    real = {(await sim.acquire(real=True)).number for _ in range(20)}
    others = {(await sim.acquire()).number for _ in range(20)}
    assert all(number.endswith(REAL_END) for number in real)
    assert not any(number.endswith(REAL_END) for number in others)


async def test_a_small_country_does_not_run_out(sim: Sim) -> None:
    leases = await asyncio.gather(*(sim.acquire("tg", ANTIGUA) for _ in range(500)))
    assert len({acquired.number for acquired in leases}) == 500


async def test_numbers_go_on_after_a_restart_where_they_were(sim: Sim) -> None:
    before = {(await sim.acquire()).number for _ in range(5)}
    for n in range(1, 6):
        acquired = await sim.backend.find(f"ref-{n}")
        assert acquired is not None
        await sim.backend.finish(acquired.lease_id)
    await sim.reopen()
    assert not before & {(await sim.acquire()).number for _ in range(5)}


# Scripted services


def test_every_scripted_service_is_described_and_offered() -> None:
    offered = {offer.code for offer in offers(GERMANY)}
    for code, script in SCRIPTED_SERVICES.items():
        assert code.startswith(PREFIX)
        assert script.description.endswith(".")
        assert code in offered


def test_nothing_comes_by_itself_for_an_ordinary_service() -> None:
    ordinary = script_of("tg")
    assert ordinary is not None
    assert (ordinary.texts, ordinary.on_cancel) == ((), None)
    assert script_of("sim-no-such-thing") is None


@pytest.mark.parametrize("seed", [str(n) for n in range(50)])
def test_codes_are_of_their_kind(seed: str) -> None:
    assert len(code_of(CodeKind.DIGITS, seed)) == 6
    assert code_of(CodeKind.DIGITS, seed).isdecimal()
    assert code_of(CodeKind.LEADING_ZERO, seed) == "070051"
    alphanumeric = code_of(CodeKind.ALPHANUMERIC, seed)
    assert len(alphanumeric) == 6
    assert alphanumeric.isalnum()
    assert any(sign.isdigit() for sign in alphanumeric)
    assert any(sign.isalpha() for sign in alphanumeric)
    assert code_of(CodeKind.NONE, seed) == ""


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        ("sim-code", [1]),
        ("sim-code-40", [40]),
        ("sim-leading-zero", [1]),
        ("sim-alpha", [1]),
        ("sim-two", [1, 5]),
        ("sim-doubled", [1]),
        ("sim-no-code", [1]),
        ("sim-silent", []),
        ("sim-late", [22 * 60]),
        ("sim-early-cancel", []),
        ("sim-cancel-race", []),
        ("sim-first-bad", []),
        ("tg", []),
    ],
)
async def test_what_comes_when(sim: Sim, service: str, seconds: list[int]) -> None:
    acquired = await sim.acquire(service)
    await sim.clock.advance(60 * 60)
    assert [second for second, _ in await sim.texts(acquired)] == seconds


async def test_nothing_comes_before_its_time(sim: Sim) -> None:
    acquired = await sim.acquire("sim-code-40")
    await sim.clock.advance(38)
    assert await sim.texts(acquired) == []
    await sim.clock.advance(3)
    assert len(await sim.texts(acquired)) == 1


async def test_the_text_holds_the_code_that_is_reported(sim: Sim) -> None:
    for service in ("sim-code", "sim-leading-zero", "sim-alpha", "sim-two"):
        acquired = await sim.acquire(service)
        await sim.clock.advance(6)
        texts = await sim.backend.texts(acquired.lease_id)
        assert all(text.code and text.code in text.text for text in texts)
        assert len({text.code for text in texts}) == len(texts)


async def test_a_text_without_a_code_has_no_digits(sim: Sim) -> None:
    acquired = await sim.acquire("sim-no-code")
    await sim.clock.advance(2)
    (text,) = await sim.backend.texts(acquired.lease_id)
    assert text.code == ""
    assert not any(sign.isdigit() for sign in text.text)


async def test_a_scripted_text_comes_by_itself(sim: Sim) -> None:
    acquired = await sim.acquire("sim-code")
    (text,) = await sim.reported(1)
    assert (text.lease_id, text.number) == (acquired.lease_id, acquired.number)


async def test_a_doubled_text_is_reported_twice_by_the_same_name(sim: Sim) -> None:
    acquired = await sim.acquire("sim-doubled")
    await sim.clock.advance(2)
    first, second = await sim.reported(2)
    assert first == second
    assert await sim.backend.texts(acquired.lease_id) == (first,)


async def test_there_is_no_number_for_some(sim: Sim) -> None:
    for service in ("sim-none", "sim-no-such-thing"):
        wanted = sim.wanted(service)
        assert isinstance(await sim.backend.acquire(wanted), Rejected)
        assert await sim.backend.find(wanted.ref) is None


async def test_a_lost_answer_leaves_a_loan_that_can_be_found(sim: Sim) -> None:
    wanted = sim.wanted("sim-unknown")
    assert isinstance(await sim.backend.acquire(wanted), Unknown)
    acquired = await sim.backend.find(wanted.ref)
    assert acquired is not None
    await sim.clock.advance(2)
    assert len(await sim.texts(acquired)) == 1


async def test_a_slow_provider_answers_after_5_s_of_the_worlds_time(sim: Sim) -> None:
    asking = asyncio.create_task(sim.acquire("sim-slow"))
    done, _ = await asyncio.wait([asking], timeout=0.1)
    assert not done
    await sim.clock.advance(5)
    acquired = await asking
    await sim.clock.advance(2)
    assert len(await sim.texts(acquired)) == 1


async def test_only_another_number_than_the_first_gets_a_code(sim: Sim) -> None:
    first = await sim.acquire("sim-first-bad")
    other = await sim.acquire("sim-first-bad", avoid=frozenset({first.number}))
    await sim.clock.advance(60)
    assert await sim.texts(first) == []
    assert len(await sim.texts(other)) == 1


async def test_one_more_text_of_a_scripted_service_has_another_code(sim: Sim) -> None:
    acquired = await sim.acquire("sim-code")
    assert await sim.backend.request_text(acquired.lease_id)  # the first is still to come
    await sim.clock.advance(2)
    for _ in range(2):
        assert await sim.backend.request_text(acquired.lease_id)
    await sim.clock.advance(2)
    texts = await sim.texts(acquired)
    assert len(texts) == 2
    assert len({code for _, code in texts}) == 2


# Cancels


async def test_an_early_cancel_may_be_refused_without_a_warning(sim: Sim) -> None:
    acquired = await sim.acquire("sim-early-cancel")
    assert acquired.cancel_after_ms == 0
    early = await sim.backend.cancel(acquired.lease_id)
    assert early == TooEarly(acquired.until_ms - 18 * 60_000)
    await sim.clock.advance(121)
    assert await sim.backend.cancel(acquired.lease_id) == Cancelled()


async def test_a_code_may_land_in_the_moment_of_the_cancel(sim: Sim) -> None:
    acquired = await sim.acquire("sim-cancel-race")
    assert isinstance(await sim.backend.cancel(acquired.lease_id), TooEarly)
    await sim.clock.advance(121)

    result = await sim.backend.cancel(acquired.lease_id)

    assert isinstance(result, HasText)
    assert result.texts[0].code
    assert await sim.backend.cancel(acquired.lease_id) == result
    assert await sim.reported(1) == list(result.texts)


async def test_a_code_that_was_due_before_the_cancel_counts(sim: Sim) -> None:
    acquired = await sim.acquire("sim-code-40")
    await sim.clock.advance(121)
    assert isinstance(await sim.backend.cancel(acquired.lease_id), HasText)


async def test_a_text_without_a_code_does_not_keep_an_activation(sim: Sim) -> None:
    activation = await sim.acquire("sim-no-code")
    rental = await sim.acquire("sim-no-code", hours=4)
    await sim.clock.advance(121)
    assert await sim.backend.cancel(activation.lease_id) == Cancelled()
    assert isinstance(await sim.backend.cancel(rental.lease_id), HasText)


async def test_a_late_code_comes_although_the_number_was_given_back(sim: Sim) -> None:
    acquired = await sim.acquire("sim-late")
    await sim.clock.advance(21 * 60)
    assert await sim.backend.cancel(acquired.lease_id) == Cancelled()
    await sim.clock.advance(61)
    (text,) = await sim.reported(1)
    assert (text.lease_id, text.number) == (acquired.lease_id, acquired.number)


# The file


async def test_what_was_to_come_comes_after_a_restart(sim: Sim) -> None:
    acquired = await sim.acquire("sim-two")
    await sim.clock.advance(2)
    assert len(await sim.texts(acquired)) == 1
    await sim.reopen()
    await sim.clock.advance(60)
    assert [second for second, _ in await sim.texts(acquired)] == [1, 5]


async def test_a_loan_ends_in_time_though_the_world_was_closed(sim: Sim) -> None:
    acquired = await sim.acquire()
    await sim.reopen()
    await sim.clock.advance(20 * 60)
    assert not await sim.backend.request_text(acquired.lease_id)
    over = await sim.backend.find("ref-1")
    assert over == acquired


async def test_a_text_of_an_older_world_is_nobodys(sim: Sim) -> None:
    await sim.store.append(LOG, {"to": "+12025550123", "from": "A", "text": "b", "at_ms": 7})
    assert await sim.reported(1) == [InboundText("text-1", "+12025550123", "", "A", "b", "", 7)]


async def test_what_is_over_is_not_kept_in_memory(sim: Sim) -> None:
    leases = [await sim.acquire("sim-code") for _ in range(20)]
    await sim.clock.advance(2)
    for acquired in leases:
        await sim.backend.finish(acquired.lease_id)
    assert sim.store.load("lend-live") == {}
    assert (sim.backend._live, sim.backend._by_number) == ({}, {})


async def test_streams_end_when_the_provider_closes(sim: Sim) -> None:
    coming = asyncio.ensure_future(anext(sim.backend.events(0), None))
    await asyncio.sleep(0)
    await sim.backend.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await coming is None
