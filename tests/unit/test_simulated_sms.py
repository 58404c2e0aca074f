"""The simulated SMS network: its clock, its file, its memory; and its adapter when all goes wrong.

What every carrier must do stands in ``tests/contract/test_sms_carrier.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import aiohttp
import pytest

from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.phone import SCRIPTED as SCRIPTED_RANGE
from ringbolt.simulator.clock.world_clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.simulator.sms import records
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.simulator.sms.script import PLAIN, SCRIPTED, Behaviour, behaviour_of, plan
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SmsSnapshot,
)
from ringbolt.sms.simulated.carrier import SimulatedSmsCarrier
from ringbolt.sms.simulated.wire import SmsRequest
from support.contracts.following import hear_nothing, heard, reached
from support.servers.world import WorldServer, running_world
from support.waiting import PATIENCE_S, eventually, until

PHONE = "+12025550123"
LATE, SILENT = "+1234567821", "+1234567823"
ENROUTE, SENT, DELIVERED = ReceiptState.ENROUTE, ReceiptState.SENT, ReceiptState.DELIVERED


class Sim:
    """A network with its clock and file; ``reopen`` is what a stop and a restart are."""

    def __init__(self, path: Path, speed: float = 20) -> None:
        self._path = path
        self.speed = speed
        self._open()

    def _open(self) -> None:
        self.store = WorldStore.open(self._path)
        self.clock = WorldClock(self.store)
        self.network = SmsNetwork(clock=self.clock, store=self.store, speed=self.speed)
        self.network.start()

    async def close(self) -> None:
        self.clock.close()
        await self.network.close()
        self.store.close()

    async def reopen(self) -> None:
        await self.close()
        self._open()

    async def send(self, ref: str, to: str = PHONE, *parts: str) -> Accepted:
        request = SmsRequest(ref, to, "Ringbolt", list(parts) or ["hello"], "gsm7")
        result = await self.network.send(request)
        assert isinstance(result, Accepted)
        return result

    async def found(self, ref: str) -> SmsSnapshot:
        found = await self.network.find(ref)
        assert found is not None
        return found

    async def states(self, ref: str) -> list[ReceiptState]:
        return [receipt.state for receipt in (await self.found(ref)).receipts]

    async def until_states(self, ref: str, *states: ReceiptState) -> None:
        async def reached() -> bool:
            return await self.states(ref) == list(states)

        await eventually(reached)

    async def reported(self, count: int) -> list[DeliveryReceipt]:
        """``count`` receipts from the beginning."""
        reported: list[DeliveryReceipt] = []
        async with asyncio.timeout(PATIENCE_S):
            async for batch in self.network.events(0):
                reported.extend(batch.receipts)
                if len(reported) >= count:
                    break
        return reported

    def shown(self, number: str) -> list[str]:
        return [text.text for text in self.network.inbox(number)]


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Sim]:
    sim = Sim(tmp_path / "world.db")
    yield sim
    await sim.close()


# The script


@pytest.mark.parametrize("number", SCRIPTED)
def test_scripted_numbers_are_of_the_range_that_no_plan_contains(number: str) -> None:
    assert SCRIPTED_RANGE.fullmatch(number) is not None


@pytest.mark.parametrize("behaviour", [PLAIN, *SCRIPTED.values()])
@pytest.mark.parametrize("part_count", [1, 3])
def test_something_happens_to_every_text_and_it_arrives_at_most_once(
    behaviour: Behaviour, part_count: int
) -> None:
    steps = plan(behaviour, part_count)
    assert steps
    assert [step.due_ms for step in steps] == sorted({step.due_ms for step in steps})
    assert sum(step.arrives for step in steps) <= 1


def test_numbers_of_the_range_without_a_script_just_receive() -> None:
    assert behaviour_of("+1234567855") is PLAIN


@pytest.mark.parametrize(
    ("encoding", "parts", "is_carried"),
    [
        ("gsm7", ["x" * 160], True),
        ("gsm7", ["x" * 161], False),
        ("gsm7", ["x" * 153, "x" * 153], True),
        ("gsm7", ["x", "x" * 154], False),
        ("ucs2", ["я" * 70], True),
        ("ucs2", ["😀" * 35], True),
        ("ucs2", ["😀" * 36], False),
        ("ucs2", ["я" * 67, "я" * 67], True),
        ("ucs2", ["я" * 68, "я"], False),
    ],
)
def test_only_parts_that_fit_into_a_message_are_carried(
    encoding: Literal["gsm7", "ucs2"], parts: list[str], is_carried: bool
) -> None:
    request = SmsRequest("r", PHONE, "Ringbolt", parts, encoding)
    assert (request.fault() is None) is is_carried


# Time


async def test_late_receipts_come_at_once_when_the_clock_is_moved(sim: Sim) -> None:
    sim.speed = 1
    await sim.reopen()
    await sim.send("late", LATE)
    await sim.until_states("late", ENROUTE)
    assert sim.shown(LATE) == []

    await sim.clock.advance(41)

    await sim.until_states("late", ENROUTE, SENT, DELIVERED)
    assert sim.shown(LATE) == ["hello"]


async def test_receipts_tell_the_worlds_time(sim: Sim) -> None:
    sent_at_ms = sim.clock.now_ms()
    await sim.send("r", LATE)
    await sim.clock.advance(3600)
    await sim.until_states("r", ENROUTE, SENT, DELIVERED)

    *_, sent, delivered = (await sim.found("r")).receipts

    assert 0 <= sent.at_ms - sent_at_ms - 40_000 / sim.speed < 1000
    assert delivered.at_ms - sent.at_ms == 300 / sim.speed


async def test_a_text_that_is_due_soon_does_not_wait_for_one_that_is_due_late(sim: Sim) -> None:
    await sim.send("late", LATE)
    await sim.until_states("late", ENROUTE)

    await sim.send("soon")

    await sim.until_states("soon", SENT, DELIVERED)
    assert await sim.states("late") == [ENROUTE]


async def test_a_receipt_that_never_comes_does_not_keep_the_text_from_the_phone(sim: Sim) -> None:
    await sim.send("silent", SILENT)

    await until(lambda: sim.shown(SILENT) == ["hello"])

    assert await sim.states("silent") == []


# The file


async def test_what_was_still_to_happen_happens_after_a_restart(sim: Sim) -> None:
    await sim.send("late", LATE)
    await sim.until_states("late", ENROUTE)

    await sim.reopen()
    await sim.clock.advance(40)

    await sim.until_states("late", ENROUTE, SENT, DELIVERED)
    assert [receipt.state for receipt in await sim.reported(3)] == [ENROUTE, SENT, DELIVERED]
    assert sim.shown(LATE) == ["hello"]


async def test_a_text_is_the_same_after_a_restart(sim: Sim) -> None:
    first = await sim.send("r", PHONE, "one ", "two")
    await sim.until_states("r", SENT, SENT, DELIVERED, DELIVERED)
    before = await sim.found("r")

    await sim.reopen()

    assert await sim.send("r", PHONE, "one ", "two") == first
    assert await sim.found("r") == before
    assert await sim.reported(4) == list(before.receipts)
    assert sim.shown(PHONE) == ["one two"]


async def test_refusals_for_now_are_counted_over_a_restart(sim: Sim) -> None:
    def request(ref: str) -> SmsRequest:
        return SmsRequest(ref, "+1234567806", "Ringbolt", ["same"], "gsm7")

    first = await sim.network.send(request("1"))
    await sim.reopen()
    second = await sim.network.send(request("2"))
    third = await sim.network.send(request("3"))
    fourth = await sim.network.send(request("4"))

    kinds = [type(each) for each in (first, second, third, fourth)]
    assert kinds == [Rejected, Rejected, Accepted, Rejected]


async def test_a_world_that_cannot_write_takes_no_text(sim: Sim) -> None:
    sim.store._writer.execute("PRAGMA query_only=ON")
    with pytest.raises(Unavailable):
        await sim.send("r")
    assert sim.store.get("sms", "r") is None


# Memory


async def test_only_texts_to_which_something_is_to_happen_are_in_memory(sim: Sim) -> None:
    tasks = len(asyncio.all_tasks())
    await asyncio.gather(*(sim.send(f"r{n}") for n in range(300)))
    assert len(asyncio.all_tasks()) <= tasks + 2  # one timer, whatever their number

    await sim.reported(600)

    await until(lambda: not sim.network._open and not sim.network._due)


async def test_a_phone_shows_its_newest_texts_the_oldest_first(
    sim: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        await sim.send(f"r{n}", PHONE, f"text {n}")
        await sim.until_states(f"r{n}", SENT, DELIVERED)

    assert sim.shown(PHONE) == ["text 0", "text 1", "text 2", "text 3"]
    monkeypatch.setattr(records, "INBOX_SIZE", 2)
    assert sim.shown(PHONE) == ["text 2", "text 3"]


# The adapter


SMS = OutSms("attempt-1", PHONE, "Ringbolt", ("hello",), "gsm7")


async def test_a_carrier_that_cannot_be_reached_was_asked_nothing() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    carrier = SimulatedSmsCarrier(f"http://127.0.0.1:{port}")
    try:
        result = await carrier.send(SMS)
        assert isinstance(result, Rejected)
        assert not result.permanent
        with pytest.raises(Unavailable):
            await carrier.find("x")
        with pytest.raises(Unavailable):
            await carrier.follow("", hear_nothing)
    finally:
        await carrier.close()


async def test_an_answer_cut_off_after_the_request_is_unknown() -> None:
    async def hang_up_on_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up_on_it, "127.0.0.1", 0)
    carrier = SimulatedSmsCarrier(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        result = await carrier.send(SMS)
    await carrier.close()
    assert isinstance(result, Unknown)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path, speed=20) as server:
        yield server


@pytest.fixture
async def carrier(server: WorldServer) -> AsyncIterator[SimulatedSmsCarrier]:
    carrier = SimulatedSmsCarrier(server.url)
    yield carrier
    await carrier.close()


async def test_a_foreign_404_is_not_a_definite_no(server: WorldServer) -> None:
    carrier = SimulatedSmsCarrier(f"{server.url}/nothing-here")
    with pytest.raises(Unavailable):
        await carrier.find("x")
    await carrier.close()


async def test_a_carrier_that_stumbles_leaves_it_open_whether_there_is_a_text(
    server: WorldServer, carrier: SimulatedSmsCarrier
) -> None:
    server.world.store.close()
    assert isinstance(await carrier.send(SMS), Unknown)


async def test_a_request_that_makes_no_sense_is_refused_for_good(
    carrier: SimulatedSmsCarrier,
) -> None:
    result = await carrier.send(OutSms("r", "12025550123", "Ringbolt", ("x",), "gsm7"))
    assert isinstance(result, Rejected)
    assert result.permanent


async def test_a_carrier_that_goes_away_ends_the_stream_as_unavailable(
    server: WorldServer, carrier: SimulatedSmsCarrier
) -> None:
    following = await reached(carrier)

    await server.world.close()

    with pytest.raises(Unavailable):
        await asyncio.wait_for(following, PATIENCE_S)


async def test_the_stream_goes_on_after_a_restart_of_the_world(
    server: WorldServer, carrier: SimulatedSmsCarrier
) -> None:
    await carrier.send(SMS)
    before = await heard(carrier, "", lambda batches: _receipts(batches) >= 2)

    await server.restart()
    await carrier.send(OutSms("attempt-2", PHONE, "Ringbolt", ("hello",), "gsm7"))

    after = await heard(carrier, before[-1].cursor, lambda batches: _receipts(batches) >= 1)
    refs = {receipt.ref for batch in after for receipt in batch.receipts}
    assert refs == {"attempt-2"}


def _receipts(batches: list[ReceiptBatch]) -> int:
    return sum(len(batch.receipts) for batch in batches)


@pytest.mark.parametrize("after", ["x", "-1", "٣", "9" * 5000])
async def test_a_cursor_that_is_none_is_refused(server: WorldServer, after: str) -> None:
    url = f"{server.url}/simulator/sms-carrier/events"
    async with aiohttp.ClientSession() as http, http.get(url, params={"after": after}) as answer:
        assert answer.status == 400


async def test_the_world_lists_the_numbers_scripted_for_texts(server: WorldServer) -> None:
    url = f"{server.url}/simulator/phones"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        texts = (await answer.json())["texts"]
    assert [each["number"] for each in texts] == list(SCRIPTED)
