"""What the parts in memory can do besides what the contract suites require of every part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus, Clip, Pause, RenderedGather
from ringbolt.core.errors import NodeUnavailable, SpeechBusy, Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.lightning.memory.node import MemoryNode, connect, wallet_invoice
from ringbolt.lightning.node import InvoiceState, PaymentFailed, PaymentSucceeded
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.memory.speaker import SilentSpeaker
from ringbolt.upstream.event_log import EventLog
from ringbolt.voice.carrier import Accepted, PlaceCall
from ringbolt.voice.memory.carrier import BUSY, RINGS, MemoryCarrier
from support.contracts.following import stop
from support.waiting import until

NUMBER = "+12025550123"


def a_call(ref: str = "one", *script: Clip | Pause | RenderedGather) -> PlaceCall:
    return PlaceCall(ref, NUMBER, "+12025550100", script, 30, 60)


# Events


async def test_followers_get_new_events_at_once() -> None:
    log = EventLog(["one"])
    reported: list[tuple[tuple[str, ...], str]] = []

    async def take(events: tuple[str, ...], place: str) -> None:
        reported.append((events, place))

    following = [asyncio.ensure_future(log.follow("", take)) for _ in range(2)]
    await until(lambda: len(reported) == 2)
    log.append("two")
    log.extend(["three", "four"])
    await until(lambda: len(reported) == 4)
    assert reported[::2] == reported[1::2] == [(("one",), "1"), (("two", "three", "four"), "4")]
    await stop(*following)


async def test_what_is_appended_while_it_is_taken_comes_next() -> None:
    log: EventLog[int] = EventLog(stays_connected=False)
    reported: list[tuple[int, ...]] = []

    async def take(events: tuple[int, ...], place: str) -> None:
        reported.append(events)
        if len(log) < 3:
            log.append(len(log))

    with pytest.raises(Unavailable, match="the stream ended"):
        await log.follow("", take)
    assert reported == [(), (0,), (1,), (2,)]


@pytest.mark.parametrize("cursor", ["", "9", "-1", "x", "²", "9" * 30])
async def test_a_foreign_place_is_the_beginning(cursor: str) -> None:
    log = EventLog(["one"], stays_connected=False)
    reported: list[str] = []

    async def take(events: tuple[str, ...], place: str) -> None:
        reported.extend(events)

    with pytest.raises(Unavailable):
        await log.follow(cursor, take)
    assert reported == ["one"]


# Calls


async def test_calls_live_as_configured() -> None:
    carrier = MemoryCarrier(Recovery.NONE, SystemClock())
    carrier.lives.append(BUSY)
    carrier.life_of[NUMBER] = RINGS
    for ref in ("one", "two"):
        assert isinstance(await carrier.place(a_call(ref)), Accepted)
    assert [event.status for event in carrier.events_of("one")] == list(BUSY)
    assert [event.status for event in carrier.events_of("two")] == list(RINGS)
    assert carrier.events_of("one")[-1].cause == "486 Busy Here"


async def test_all_of_a_script_is_heard() -> None:
    carrier = MemoryCarrier(Recovery.NONE, SystemClock())
    gather = RenderedGather((Clip("b", 500), Pause(100)), 1, "#", 1000)
    await carrier.place(a_call("one", Clip("a", 1000), Pause(300), gather))
    assert carrier.events_of("one")[-1].heard_ms == 1500


async def test_a_carrier_rings_again_unless_it_goes_by_the_reference() -> None:
    for recovery, rings in ((Recovery.NONE, 2), (Recovery.LOOKUP, 2), (Recovery.IDEMPOTENT, 1)):
        carrier = MemoryCarrier(recovery, SystemClock())
        for _ in range(2):
            await carrier.place(a_call())
        assert len(carrier.rings) == rings


async def test_a_carrier_may_lose_its_answer_or_lie() -> None:
    carrier = MemoryCarrier(Recovery.NONE, SystemClock())
    carrier.answers += [carrier.lost, carrier.lie]
    assert isinstance(await carrier.place(a_call("one")), Unknown)
    assert isinstance(await carrier.place(a_call("two")), Rejected)
    assert carrier.rings == ["one", "two"]


async def test_it_hangs_up_only_if_it_obeys() -> None:
    carrier = MemoryCarrier(Recovery.NONE, SystemClock())
    carrier.life = RINGS
    await carrier.place(a_call())
    await carrier.hang_up("one")
    assert carrier.events_of("one")[-1].status is CallStatus.RINGING
    carrier.obeys = True
    await carrier.hang_up("one")
    await carrier.hang_up("one")
    assert [event.status for event in carrier.events_of("one")].count(CallStatus.CANCELED) == 1


# Lightning


async def test_a_node_pays_whom_it_does_not_know() -> None:
    node = MemoryNode(SystemClock())
    text = wallet_invoice(5000, b"p" * 32, 1_700_000_000)
    node.outcomes.append(PaymentFailed("no route"))
    assert await node.pay(text, 0, 1) == PaymentFailed("no route")
    assert isinstance(await node.pay(text, 0, 1), PaymentSucceeded)
    assert isinstance(await node.pay(text, 0, 1), PaymentSucceeded)
    assert sum(node.paid_out.values()) == 5000


async def test_a_held_payment_can_be_lost() -> None:
    clock = SystemClock()
    shop, payer = MemoryNode(clock, "shop"), MemoryNode(clock, "payer")
    connect(shop, payer)
    invoice = await shop.create_hold_invoice(b"h" * 32, 1000, "held", 600, 80)
    paying = asyncio.ensure_future(payer.pay(invoice.bolt11, 0, 30))
    await until(lambda: shop.invoices[b"h" * 32].state is InvoiceState.ACCEPTED)
    shop.lose(b"h" * 32)
    assert isinstance(await paying, PaymentFailed)


async def test_a_node_that_is_down_answers_nothing() -> None:
    node = MemoryNode(SystemClock())
    node.down = True
    with pytest.raises(NodeUnavailable):
        await node.info()
    with pytest.raises(NodeUnavailable):
        await node.pay("x", 0, 1)


# Speech


async def test_every_text_is_a_second_of_silence(tmp_path: Path) -> None:
    speaker = SilentSpeaker(tmp_path / "silence.pcm")
    speech = await speaker.speak(SpeechRequest("hello"))
    assert speech.path.read_bytes() == bytes(16 * speech.duration_ms)
    assert [request.text for request in speaker.spoken] == ["hello"]
    speaker.busy = 1
    with pytest.raises(SpeechBusy):
        await speaker.speak(SpeechRequest("hello"))
