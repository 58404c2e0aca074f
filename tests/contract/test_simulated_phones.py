"""The phones' side of the simulated calls: what clients test against, so it is fixed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from ringbolt.core.calls.call import CallStatus, Pause, RenderedGather
from ringbolt.core.errors import Conflict
from ringbolt.simulator.clock.world_clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.simulator.world import FILE_NAME
from ringbolt.voice.carrier import Accepted
from support.contracts.voice import CALLER, PLAIN, Part, Rig, after_g711, rig, tone
from support.waiting import eventually

PHONE = f"/simulator/phones/{PLAIN}"


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as made:
        yield made


async def ringing(line: Rig, *script: Part, **limits: int) -> str:
    """A call that rings; its reference."""
    call = line.call(PLAIN, script or (Pause(600_000),), **limits)
    assert isinstance(await line.carrier.place(call), Accepted)
    await line.until_status(call.ref, CallStatus.RINGING)
    return call.ref


async def up(line: Rig, *script: Part, **limits: int) -> str:
    """A call in progress at the plain phone; its reference."""
    ref = await ringing(line, *script, **limits)
    status, _ = await line.post(f"{PHONE}/answer")
    assert status == 200
    return ref


async def test_the_scripted_numbers_are_listed_in_plain_words(line: Rig) -> None:
    status, body = await line.get("/simulator/phones")
    assert status == 200
    numbers = {row["number"]: row["description"] for row in body["scripted"]}
    assert numbers["+1234567890"] == "Answers, hears all and presses 1 #."
    assert "+1234567801" in numbers


async def test_a_phone_that_nobody_called_is_silent(line: Rig) -> None:
    assert await line.get(PHONE) == (200, {"number": PLAIN, "calls": [], "messages": []})


@pytest.mark.parametrize("form", ["+12025550123", "%2B12025550123", "12025550123"])
async def test_a_number_may_be_written_in_any_form(line: Rig, form: str) -> None:
    assert (await line.get(f"/simulator/phones/{form}"))[1]["number"] == PLAIN


async def test_what_is_no_number_is_refused(line: Rig) -> None:
    assert (await line.get("/simulator/phones/mother"))[0] == 400


async def test_a_ringing_call_is_listed_with_who_calls(line: Rig) -> None:
    await ringing(line)

    (call,) = await line.phone(PLAIN)

    assert (call["from"], call["state"], call["digits_sent"]) == (CALLER, "ringing", "")
    assert (call["heard_seconds"], call["audio"]) == (0, None)
    assert datetime.fromisoformat(call["started_at"]).tzinfo is not None
    assert (call["answered_at"], call["ended_at"]) == (None, None)


async def test_an_answered_call_is_heard_to_its_end(line: Rig) -> None:
    pcm = tone(2000)
    ref = await up(line, line.clip(pcm))
    await line.until_over(ref)

    (call,) = await line.phone(PLAIN)

    assert (call["state"], call["heard_seconds"]) == ("completed", 2.0)
    assert call["started_at"] <= call["answered_at"] < call["ended_at"]
    assert call["audio"] == f"/simulator/calls/{call['id']}/audio.wav"
    assert await line.wav(call["id"]) == after_g711(pcm)
    assert (await line.get(f"/simulator/calls/{call['id']}")) == (200, call)


async def test_what_was_heard_so_far_can_be_listened_to_while_the_call_is_up(line: Rig) -> None:
    pcm = tone(60_000)
    await up(line, line.clip(pcm))
    (call,) = await line.phone(PLAIN)

    async def enough() -> bytes | None:
        heard = await line.wav(call["id"])
        return heard if len(heard) > 16_000 else None

    heard = await eventually(enough)
    assert (await line.phone(PLAIN))[0]["state"] == "in-progress"
    assert after_g711(pcm).startswith(heard)


async def test_a_call_that_was_not_answered_has_no_audio(line: Rig) -> None:
    await ringing(line)
    (call,) = await line.phone(PLAIN)
    assert (await line.get(f"/simulator/calls/{call['id']}/audio.wav"))[0] == 404
    assert (await line.get("/simulator/calls/unknown/audio.wav"))[0] == 404


async def test_keys_are_sent_and_remembered_as_a_string(line: Rig) -> None:
    ref = await up(line, RenderedGather((Pause(60_000),), 10, "#", 1000))

    status, call = await line.post(f"{PHONE}/keys", digits="12#")

    assert (status, call["digits_sent"]) == (200, "12#")
    await line.until_over(ref)
    assert "".join(event.digits for event in line.of(ref)) == "12#"
    assert [event.seq for event in line.of(ref)] == [1, 2, 3, 4, 5, 6, 7]


async def test_the_wait_for_keys_begins_anew_with_each_of_them(tmp_path: Path) -> None:
    async with rig(tmp_path, speed=1) as line:
        ref = await up(line, RenderedGather((Pause(600_000),), 32, "#", 20_000))
        for key in "123#":  # the first ends the prompt; all take longer than one wait
            assert (await line.post(f"{PHONE}/keys", digits=key))[0] == 200
            await line.post("/simulator/clock/advance", seconds=12)
        over = await line.until_over(ref)

    assert "".join(event.digits for event in line.of(ref)) == "123#"
    assert over.talked_ms is not None
    assert 36_000 <= over.talked_ms < 600_000


@pytest.mark.parametrize("digits", ["", "12x", "+", 12, None])
async def test_keys_that_no_phone_has_are_refused(line: Rig, digits: object) -> None:
    await up(line)
    assert (await line.post(f"{PHONE}/keys", digits=digits))[0] == 400
    assert (await line.phone(PLAIN))[0]["digits_sent"] == ""


@pytest.mark.parametrize("action", ["answer", "decline"])
async def test_a_phone_that_does_not_ring_can_neither_answer_nor_decline(
    line: Rig, action: str
) -> None:
    status, body = await line.post(f"{PHONE}/{action}")
    assert status == 409
    assert body["message"] == f"{PLAIN} does not ring."

    await up(line)
    assert (await line.post(f"{PHONE}/{action}"))[0] == 409


@pytest.mark.parametrize("action", ["keys", "hangup"])
async def test_without_a_call_in_progress_there_is_nothing_to_press_or_hang_up(
    line: Rig, action: str
) -> None:
    await ringing(line)
    status, body = await line.post(f"{PHONE}/{action}", digits="1")
    assert status == 409
    assert body["message"] == f"{PLAIN} has no call in progress."


async def test_a_declined_call_is_over_for_both(line: Rig) -> None:
    ref = await ringing(line)

    status, call = await line.post(f"{PHONE}/decline")

    assert (status, call["state"]) == (200, "declined")
    end = await line.until_over(ref)
    assert (end.status, end.cause) == (CallStatus.BUSY, "603 Decline")


async def test_of_several_calls_the_one_that_rings_longest_is_answered(line: Rig) -> None:
    await ringing(line)
    await ringing(line)

    _, answered = await line.post(f"{PHONE}/answer")

    calls = await line.phone(PLAIN)
    assert [call["state"] for call in calls] == ["in-progress", "ringing"]
    assert answered["id"] == calls[0]["id"]


async def test_a_call_can_be_picked_by_its_id(line: Rig) -> None:
    await ringing(line)
    await ringing(line)
    wanted = (await line.phone(PLAIN))[1]["id"]

    assert (await line.post(f"{PHONE}/answer", call_id=wanted))[1]["id"] == wanted
    assert (await line.post(f"{PHONE}/answer", call_id=wanted))[0] == 409
    assert (await line.post(f"{PHONE}/answer", call_id="call_unknown"))[0] == 404


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("+1234567801", "busy"),
        ("+1234567802", "no-answer"),
        ("+1234567803", "declined"),
        ("+1234567804", "failed"),
        ("+1234567890", "completed"),
    ],
)
async def test_the_phone_has_its_own_word_for_every_end(line: Rig, number: str, state: str) -> None:
    call = line.call(number, (Pause(500),), ring_timeout_s=3)
    await line.carrier.place(call)
    await line.until_over(call.ref)
    assert [call["state"] for call in await line.phone(number)] == [state]


# What the carrier's side refuses

CARRIER = "/simulator/carrier"
REQUEST: dict[str, object] = {
    "ref": "r",
    "to": PLAIN,
    "from": CALLER,
    "script": [{"type": "pause", "ms": 100}],
    "ring_timeout_s": 30,
    "max_duration_s": 60,
}


@pytest.mark.parametrize(
    "fault",
    [
        {"to": "12025550123"},
        {"script": [{"type": "song"}]},
        {"script": [{"type": "pause", "ms": -1}]},
        {"ring_timeout_s": 0},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_for_good(
    line: Rig, fault: dict[str, object]
) -> None:
    status, body = await line.post(f"{CARRIER}/calls", **{**REQUEST, **fault})
    assert (status, body["permanent"]) == (400, True)
    assert (await line.get(f"{CARRIER}/calls/r"))[0] == 404


async def test_a_clip_that_was_never_sent_is_named(line: Rig) -> None:
    script = [{"type": "clip", "sha256": "0" * 64}]
    status, body = await line.post(f"{CARRIER}/calls", **{**REQUEST, "script": script})
    assert (status, body["missing"], body["permanent"]) == (409, ["0" * 64], False)


async def test_a_cursor_that_is_no_number_is_refused(line: Rig) -> None:
    assert (await line.get(f"{CARRIER}/events?after=x"))[0] == 400


async def test_many_calls_at_once_are_all_heard_in_full(line: Rig) -> None:
    pcm = tone(1500)
    clip = line.clip(pcm)
    calls = [line.call("+1234567890", (clip,)) for _ in range(40)]

    results = await asyncio.gather(*(line.carrier.place(call) for call in calls))

    assert all(isinstance(result, Accepted) for result in results)
    for call in calls:
        assert (await line.until_over(call.ref)).heard_ms == 1500
        assert [event.seq for event in line.of(call.ref)] == [1, 2, 3, 4, 5, 6]
    assert await line.heard(calls[-1].ref) == after_g711(pcm)


# The clock


async def test_moving_the_clock_past_the_ring_timeout_ends_the_ringing(tmp_path: Path) -> None:
    async with rig(tmp_path, speed=1) as line:
        ref = await ringing(line, ring_timeout_s=60)

        assert (await line.post("/simulator/clock/advance", seconds=55))[0] == 200
        assert (await line.phone(PLAIN))[0]["state"] == "ringing"
        assert (await line.post("/simulator/clock/advance", seconds=6))[0] == 200

        end = await line.until_over(ref)
        assert end.status is CallStatus.NO_ANSWER
        assert end.at_ms - line.of(ref)[0].at_ms >= 60_000


async def test_moving_the_clock_moves_what_is_heard(tmp_path: Path) -> None:
    async with rig(tmp_path, speed=1) as line:
        pcm = tone(20_000)
        ref = await up(line, line.clip(pcm))

        assert (await line.post("/simulator/clock/advance", seconds=30))[0] == 200

        assert (await line.until_over(ref)).heard_ms == 20_000
        assert await line.heard(ref) == after_g711(pcm)


async def test_a_call_is_over_as_soon_as_the_clock_says_so(tmp_path: Path) -> None:
    async with rig(tmp_path, speed=1) as line:
        await up(line, Pause(20_000))

        await line.world.clock.advance(21)

        with pytest.raises(Conflict):
            await line.world.phones.press(PLAIN, "1")


# A world that starts again


async def test_a_call_that_was_up_when_the_world_stopped_ends_with_what_was_heard(
    tmp_path: Path,
) -> None:
    pcm = tone(60_000)
    async with rig(tmp_path) as line:
        ref = await up(line, line.clip(pcm))
        (call,) = await line.phone(PLAIN)

        async def something() -> bool:
            return bool((await line.phone(PLAIN))[0]["heard_seconds"] > 1)

        await eventually(something)

    async with rig(tmp_path) as line:
        end = await line.until_over(ref)
        heard = await line.heard(ref)

        assert (end.status, end.seq) == (CallStatus.COMPLETED, 4)
        assert 1000 <= end.heard_ms < 60_000
        assert len(heard) == end.heard_ms * 16
        assert after_g711(pcm).startswith(heard)
        assert (await line.phone(PLAIN))[0]["id"] == call["id"]


async def test_a_ringing_call_rings_on_in_the_next_world_and_can_be_answered(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path, speed=5) as line:
        pcm = tone(400)
        ref = await ringing(line, line.clip(pcm), ring_timeout_s=300)

    async with rig(tmp_path, speed=5) as line:
        assert [call["state"] for call in await line.phone(PLAIN)] == ["ringing"]
        assert (await line.post(f"{PHONE}/answer"))[0] == 200
        assert (await line.until_over(ref)).status is CallStatus.COMPLETED
        assert [event.seq for event in line.of(ref)] == [1, 2, 3, 4]
        assert await line.heard(ref) == after_g711(pcm)


async def test_a_ringing_call_times_out_though_the_world_was_away(tmp_path: Path) -> None:
    async with rig(tmp_path, speed=1) as line:
        ref = await ringing(line, ring_timeout_s=60)
    store = WorldStore.open(tmp_path / "world" / FILE_NAME)
    await WorldClock(store).advance(61)
    store.close()

    async with rig(tmp_path, speed=1) as line:
        assert (await line.until_over(ref)).status is CallStatus.NO_ANSWER


async def test_the_same_reference_is_the_same_call_in_the_next_world(tmp_path: Path) -> None:
    async with rig(tmp_path) as line:
        call = line.call(PLAIN, (Pause(1000),))
        first = await line.carrier.place(call)

    async with rig(tmp_path) as line:
        assert await line.carrier.place(call) == first
        await line.until_status(call.ref, CallStatus.RINGING)
        assert len(await line.phone(PLAIN)) == 1
