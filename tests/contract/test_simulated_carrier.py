"""The simulated carrier's adapter when all goes wrong: the world is away, forgets, or is none."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.core.calls.call import Clip, Pause
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.voice.simulated.carrier import SimulatedCarrier
from support.contracts.following import hear_nothing, reached
from support.contracts.voice import PLAIN, Rig, after_g711, tone
from support.waiting import PATIENCE_S


async def test_a_carrier_that_cannot_be_reached_was_asked_nothing(line: Rig, second: Clip) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    carrier = SimulatedCarrier(f"http://127.0.0.1:{port}")
    try:
        for script in (second, Pause(1000)):
            result = await carrier.place(line.call(PLAIN, (script,)))
            assert isinstance(result, Rejected)
            assert not result.permanent
        with pytest.raises(Unavailable):
            await carrier.find("x")
        with pytest.raises(Unavailable):
            await carrier.hang_up("x")
        with pytest.raises(Unavailable):
            await carrier.follow("", hear_nothing)
    finally:
        await carrier.close()


async def test_a_carrier_that_goes_away_ends_the_stream_as_unavailable(line: Rig) -> None:
    following = await reached(line.carrier)

    await line.world.close()

    with pytest.raises(Unavailable):
        await asyncio.wait_for(following, PATIENCE_S)


async def test_an_answer_cut_off_after_the_request_is_unknown(line: Rig) -> None:
    async def hang_up_on_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up_on_it, "127.0.0.1", 0)
    carrier = SimulatedCarrier(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        result = await carrier.place(line.call(PLAIN, (Pause(1000),)))
    await carrier.close()
    assert isinstance(result, Unknown)


async def test_a_foreign_404_is_not_a_definite_no(line: Rig) -> None:
    carrier = SimulatedCarrier(f"{line.url}/nothing-here")
    with pytest.raises(Unavailable):
        await carrier.find("x")
    await carrier.close()


async def test_a_clip_that_is_gone_from_our_disk_places_no_call(line: Rig) -> None:
    result = await line.carrier.place(line.call(PLAIN, (Clip("/nonexistent.pcm", 1000),)))
    assert isinstance(result, Rejected)
    assert not result.permanent


async def test_a_world_that_forgot_a_clip_is_sent_it_again(line: Rig, second: Clip) -> None:
    await line.until_over(await line.place("+1234567800", second))
    for kept in (line.world.phones.clips._directory).iterdir():
        kept.unlink()

    ref = await line.place("+1234567800", second)

    await line.until_over(ref)
    assert await line.heard(ref) == after_g711(tone(1000))
