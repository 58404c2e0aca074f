"""What every carrier of calls must do for the shop, whatever stands behind the port.

A carrier joins as another subject of ``support/contracts/voice.py``.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringbolt.core.calls.call import CallEvent, CallStatus, Clip, Pause, RenderedGather
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.voice.carrier import Accepted, EventBatch, SupportsCallLookup, VoiceCarrier
from support.contracts import twilio_calls
from support.contracts.following import Listener, heard
from support.contracts.voice import PLAIN, SUBJECTS, Line, Part, after_g711, tone
from support.waiting import eventually, until

ALL = {**SUBJECTS, "twilio": twilio_calls.twilio}


@pytest.fixture(params=ALL)
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line[Any]]:
    async with ALL[request.param](tmp_path) as made:
        yield made


@pytest.fixture
def second(line: Line[Any]) -> Clip:
    return line.clip(tone(1000))


async def answered(line: Line[Any], *script: Part, **limits: int) -> str:
    """Place a call to a plain phone and answer it; its reference."""
    ref = await line.place(PLAIN, *script, **limits)
    await line.until_status(ref, CallStatus.RINGING)
    await line.answer(PLAIN)
    await line.until_status(ref, CallStatus.IN_PROGRESS)
    return ref


# Outcomes


async def test_an_answered_call_tells_its_whole_story_in_order(
    line: Line[Any], second: Clip
) -> None:
    ref = await line.place("+1234567800", second)

    end = await line.until_over(ref)

    assert [event.status for event in line.of(ref)] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [event.seq for event in line.of(ref)] == [1, 2, 3, 4]
    assert (end.heard_ms, end.cause) == (1000, "the caller hung up")


async def test_the_phone_hears_the_clip_as_g711_leaves_it(line: Line[Any]) -> None:
    line.needs_media()
    pcm, other = tone(3210), tone(500, 700)
    script = (line.clip(pcm), Pause(100), line.clip(other))

    ref = await line.place("+1234567800", *script)
    await line.until_over(ref)

    padding = bytes(2 * 80)  # 3,210 ms are 160.5 frames of 20 ms
    assert await line.heard(ref) == after_g711(pcm) + padding + bytes(1600) + after_g711(other)


@pytest.mark.parametrize(
    ("number", "status", "cause"),
    [
        ("+1234567801", CallStatus.BUSY, "486 Busy Here"),
        ("+1234567802", CallStatus.NO_ANSWER, "487 Request Terminated"),
        ("+1234567803", CallStatus.BUSY, "603 Decline"),
        ("+1234567804", CallStatus.FAILED, "404 Not Found"),
    ],
)
async def test_a_call_that_is_not_answered_ends_with_its_cause(
    line: Line[Any], second: Clip, number: str, status: CallStatus, cause: str
) -> None:
    ref = await line.place(number, second, ring_timeout_s=5)

    end = await line.until_over(ref)

    assert (end.status, end.cause, end.heard_ms) == (status, cause, 0)
    assert all(event.status is not CallStatus.IN_PROGRESS for event in line.of(ref))
    if line.has_media:
        assert await line.heard(ref) == b""


@pytest.mark.parametrize(
    ("number", "is_permanent"), [("+1234567805", True), ("+1234567806", False)]
)
async def test_a_refusal_is_definite_and_leaves_no_call(
    line: Line[Any], second: Clip, number: str, is_permanent: bool
) -> None:
    call = line.call(number, (second,))

    result = await line.carrier.place(call)

    assert isinstance(result, Rejected)
    assert result.permanent is is_permanent
    assert await line.carrier.find(call.ref) is None


async def test_a_lost_answer_leaves_a_call_that_can_be_found(line: Line[Any], second: Clip) -> None:
    call = line.call("+1234567807", (second,))

    assert isinstance(await line.carrier.place(call), Unknown)

    found = await line.carrier.find(call.ref)
    assert found is not None
    assert (await line.until_over(call.ref)).status is CallStatus.COMPLETED


async def test_a_lost_request_leaves_no_call(line: Line[Any], second: Clip) -> None:
    call = line.call("+1234567808", (second,))

    assert isinstance(await line.carrier.place(call), Unknown)
    assert await line.carrier.find(call.ref) is None


async def test_a_slow_answer_is_an_answer_after_all(line: Line[Any], second: Clip) -> None:
    line.needs_media()
    call = line.call("+1234567809", (second,))
    started = asyncio.get_running_loop().time()

    assert isinstance(await line.carrier.place(call), Accepted)
    assert asyncio.get_running_loop().time() - started >= 5 / 20


async def test_a_network_failure_ends_the_call_as_failed(line: Line[Any], second: Clip) -> None:
    line.needs_media()
    ref = await line.place("+1234567817", second, second)

    end = await line.until_over(ref)

    assert (end.status, end.heard_ms) == (CallStatus.FAILED, 1000)


# Keys


async def test_keys_are_reported_while_the_message_plays(line: Line[Any]) -> None:
    line.needs_media()
    ref = await line.place("+1234567811", RenderedGather((line.clip(tone(4000)),), 4, "#", 500))

    await line.until(ref, lambda event: event.digits == "1")
    await line.until_over(ref)

    statuses = [(event.status.value, event.digits) for event in line.of(ref)]
    assert statuses[2:] == [("in-progress", ""), ("in-progress", "1"), ("completed", "")]


async def test_a_gather_ends_on_its_finish_key(line: Line[Any], second: Clip) -> None:
    line.needs_media()
    ref = await line.place("+1234567812", RenderedGather((second,), 10, "#", 60_000))

    end = await line.until_over(ref)

    assert "".join(event.digits for event in line.of(ref)) == "123#"
    assert end.status is CallStatus.COMPLETED
    assert len(await line.heard(ref)) == 16_000  # not a frame of the minute's wait


async def test_a_gather_without_keys_ends_after_its_time(line: Line[Any], second: Clip) -> None:
    line.needs_media()
    ref = await line.place("+1234567814", RenderedGather((second,), 10, "#", 2000))

    end = await line.until_over(ref)

    assert (end.status, end.heard_ms) == (CallStatus.COMPLETED, 1000)
    assert len(await line.heard(ref)) == 3 * 16_000


# Ends


async def test_the_caller_can_hang_up_in_the_middle(line: Line[Any]) -> None:
    ref = await answered(line, line.clip(tone(60_000)))

    await line.carrier.hang_up(ref)

    end = await line.until_over(ref)
    assert end.status is CallStatus.COMPLETED
    assert end.heard_ms < 60_000
    if line.has_media:
        assert len(await line.heard(ref)) < 60 * 16_000


async def test_the_phone_can_hang_up_in_the_middle(line: Line[Any]) -> None:
    ref = await answered(line, line.clip(tone(60_000)))

    await line.phone_hangs_up(PLAIN)

    end = await line.until_over(ref)
    assert (end.status, end.cause) == (CallStatus.COMPLETED, "the phone hung up")
    assert end.heard_ms < 60_000


async def test_a_ringing_call_can_be_canceled(line: Line[Any], second: Clip) -> None:
    ref = await line.place(PLAIN, second)
    await line.until_status(ref, CallStatus.RINGING)

    await line.carrier.hang_up(ref)

    assert (await line.until_over(ref)).status is CallStatus.CANCELED


async def test_hanging_up_what_is_over_or_unknown_does_nothing(
    line: Line[Any], second: Clip
) -> None:
    ref = await line.place("+1234567800", second)
    await line.until_over(ref)

    await line.carrier.hang_up(ref)
    await line.carrier.hang_up("never-placed")

    snapshot = await line.carrier.find(ref)
    assert snapshot is not None
    assert len(snapshot.events) == 4


async def test_the_longest_duration_cuts_the_call(line: Line[Any]) -> None:
    line.needs_media()
    ref = await answered(line, line.clip(tone(60_000)), max_duration_s=2)

    end = await line.until_over(ref)

    assert (end.status, end.heard_ms) == (CallStatus.COMPLETED, 2000)
    assert len(await line.heard(ref)) == 2 * 16_000


# References and cursors


async def test_the_same_reference_twice_is_one_call(line: Line[Any], second: Clip) -> None:
    if line.is_reported_twice:
        pytest.skip("the carrier looks references up, and does not go by them")
    call = line.call(PLAIN, (second,))

    first, again = await asyncio.gather(line.carrier.place(call), line.carrier.place(call))

    assert isinstance(first, Accepted)
    assert again == first
    await line.until_status(call.ref, CallStatus.RINGING)
    assert await line.rings_at(PLAIN) == 1


async def test_a_reference_that_was_never_used_is_a_definite_no(line: Line[Any]) -> None:
    carrier: VoiceCarrier = line.carrier
    assert carrier.recovery is Recovery.LOOKUP
    assert isinstance(carrier, SupportsCallLookup)
    assert await line.carrier.find("never-placed") is None


async def test_a_snapshot_holds_the_events_that_were_reported(
    line: Line[Any], second: Clip
) -> None:
    ref = await line.place("+1234567890", RenderedGather((second,), 4, "#", 1000))
    await line.until_over(ref)

    snapshot = await line.carrier.find(ref)

    assert snapshot is not None
    assert list(snapshot.events) == line.of(ref)
    assert [event.seq for event in snapshot.events] == [1, 2, 3, 4, 5, 6]


async def collect(
    carrier: VoiceCarrier, cursor: str, count: int
) -> tuple[list[EventBatch], list[CallEvent]]:
    """``count`` events after ``cursor`` with the batches that they came in."""

    def events(batches: list[EventBatch]) -> list[CallEvent]:
        return [event for batch in batches for event in batch.events]

    batches = await heard(carrier, cursor, lambda batches: len(events(batches)) >= count)
    return batches, events(batches)


async def test_a_cursor_gives_the_same_events_again_and_then_goes_on(
    line: Line[Any], second: Clip
) -> None:
    line.needs_replay()
    first = await line.place("+1234567800", second)
    await line.until_over(first)
    batches, events = await collect(line.carrier, "", 4)
    assert events == line.of(first)

    other = await line.place("+1234567800", second)
    await line.until_over(other)

    assert (await collect(line.carrier, "", 8))[1] == line.reported
    assert (await collect(line.carrier, batches[-1].cursor, 4))[1] == line.of(other)


@pytest.mark.parametrize("cursor", ["1000000", "another-carrier's"])
async def test_a_cursor_of_another_world_gives_all_events(
    line: Line[Any], second: Clip, cursor: str
) -> None:
    line.needs_replay()
    ref = await line.place("+1234567800", second)
    await line.until_over(ref)

    assert (await collect(line.carrier, cursor, 4))[1] == line.of(ref)


# What is not committed


async def events_of(line: Line[Any], ref: str) -> list[CallEvent]:
    """What the carrier knows of a call."""
    found = await line.carrier.find(ref)
    return [] if found is None else list(found.events)


async def until_far_end_is_done(line: Line[Any], ref: str) -> None:
    async def is_over() -> bool:
        return any(event.status.is_final for event in await events_of(line, ref))

    await eventually(is_over)


async def test_a_batch_that_was_not_committed_is_reported_again(
    line: Line[Any], second: Clip
) -> None:
    await line.stop_listening()
    listener = Listener(line.carrier, lambda batch: batch.events, faults=1)
    async with listener.listening():
        ref = await line.place("+1234567800", second)
        committed = await listener.until_committed(4)

    assert listener.refused
    assert committed == await events_of(line, ref)


async def test_nothing_is_acknowledged_before_it_is_committed(
    line: Line[Any], second: Clip
) -> None:
    await line.stop_listening()
    listener = Listener(line.carrier, lambda batch: batch.events, held=True)
    async with listener.listening():
        first = await line.place("+1234567800", second)
        await until(lambda: listener.handed_over)
        other = await line.place("+1234567800", second)
        for ref in (first, other):
            await until_far_end_is_done(line, ref)

        # one that replays acknowledges by what it hands over next
        assert len(listener.handed_over) == 1 or not line.replays
        assert line.acknowledged() == 0
        assert listener.committed == []

        listener.may_commit.set()
        committed = await listener.until_committed(8)
        for ref in (first, other):
            reported = [event for event in committed if event.ref == ref]
            assert reported == await events_of(line, ref)


async def test_the_events_of_every_call_are_numbered_from_one_without_gaps(
    line: Line[Any], second: Clip
) -> None:
    refs = await asyncio.gather(*(line.place("+1234567890", second) for _ in range(3)))
    for ref in refs:
        await line.until_over(ref)

    again = (
        (await collect(line.carrier, "", len(line.reported)))[1] if line.replays else line.reported
    )

    for reported in (line.reported, again):
        for ref in refs:
            seqs = [event.seq for event in reported if event.ref == ref]
            assert seqs == list(range(1, len(seqs) + 1))
