"""What an adapter is told of its calls: what was asked, and which of its events are committed."""

from __future__ import annotations

from ringbolt.app.calls.call_records import ShopCallRecords
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.outcome import Recovery, Unknown
from ringbolt.store.engine.db import Database
from ringbolt.voice.memory.carrier import RINGS
from support.memory import memory_carrier
from support.rigs.calls import Buyer, CallWorld


async def test_the_records_of_a_call_from_its_request_to_its_end(
    database: Database, clock: SystemClock
) -> None:
    carrier = memory_carrier(Recovery.LOOKUP, clock)
    world = CallWorld(database, clock, carrier)
    records = ShopCallRecords(database, carrier.name)
    carrier.lives.append(RINGS)
    buyer = Buyer(world)
    process = world.process()
    await buyer.redeem(process)
    before_ms = clock.now_ms()
    await process.run_due()
    await process.listen()

    [attempt] = await buyer.attempts()
    [found] = await records.open_calls()
    assert found == await records.call(attempt.ref)
    assert (found.is_open, found.is_unanswered, found.keys) == (True, False, 0)
    assert found.carrier_id == attempt.carrier_id
    assert (found.last_seq, found.status) == (2, CallStatus.RINGING)
    assert list(await records.calls_to(found.to, before_ms - 60_000)) == [found]
    assert list(await records.calls_to(found.to, before_ms + 3_600_000)) == []
    assert list(await records.calls_to("+4420", 0)) == []

    carrier.tell(attempt.ref, CallStatus.IN_PROGRESS)
    carrier.tell(attempt.ref, CallStatus.IN_PROGRESS, digits="42")
    carrier.tell(attempt.ref, CallStatus.COMPLETED)
    await process.listen()

    assert list(await records.open_calls()) == []
    over = await records.call(attempt.ref)
    assert over is not None
    assert (over.last_seq, over.status, over.keys) == (5, CallStatus.COMPLETED, 2)
    assert await ShopCallRecords(database, "another").call(attempt.ref) is None


async def test_a_request_without_an_answer_is_on_record_as_such(
    database: Database, clock: SystemClock
) -> None:
    carrier = memory_carrier(Recovery.LOOKUP, clock)
    world = CallWorld(database, clock, carrier)
    carrier.answers.append(Unknown("nobody knows"))
    buyer = Buyer(world)
    process = world.process()
    await buyer.redeem(process)
    await process.run_due()

    [found] = await ShopCallRecords(database, carrier.name).open_calls()

    assert (found.is_open, found.is_unanswered) == (True, True)
    assert (found.carrier_id, found.last_seq, found.status) == ("", 0, CallStatus.QUEUED)
