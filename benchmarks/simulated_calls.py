"""CPU of simultaneous simulated calls at real speed, every phone hearing and recording a clip.

    python benchmarks/simulated_calls.py [--calls 50 200] [--seconds 10] [--own-clips]

One process, one core. The window opens when all calls are up; what is printed is its CPU time
(all threads, the world's writer too) against the wall clock, and how late the sound was at worst.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import resource
import tempfile
import time
from array import array
from pathlib import Path

from ringbolt.core.calls.call import CallStatus, Clip
from ringbolt.simulator.world import World
from ringbolt.voice.carrier import PlaceCall

NUMBER = "+1234567800"
CALLER = "+12025550100"


def clip(directory: Path, seconds: int, hertz: float) -> Clip:
    samples = array("h", (int(9000 * math.sin(n * hertz / 1273)) for n in range(seconds * 8000)))
    path = directory / f"{hertz}.pcm"
    path.write_bytes(samples.tobytes())
    return Clip(str(path), seconds * 1000)


async def measure(calls: int, seconds: int, own_clips: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        count = calls if own_clips else 1
        clips = [clip(directory, seconds + 10, 400 + n) for n in range(count)]
        world = await World.open(directory / "world")
        try:
            for n in range(calls):
                call = PlaceCall(f"call-{n}", NUMBER, CALLER, (clips[n % count],), 60, 600)
                await world.phones.place(call)
            while await up(world) < calls:  # noqa: ASYNC110 - calls have nothing to await
                await asyncio.sleep(0.01)
            await window(world, calls, seconds, own_clips)
        finally:
            await world.close()


async def up(world: World) -> int:
    calls = await world.phones.calls_to(NUMBER)
    return sum(call.state == CallStatus.IN_PROGRESS for call in calls)


async def window(world: World, calls: int, seconds: int, own_clips: bool) -> None:
    cpu, wall, late_ms = time.process_time(), time.monotonic(), 0.0
    while (left := wall + seconds - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.5))
        now_ms = world.clock.now_ms()
        for call in await world.phones.calls_to(NUMBER):
            assert call.state == CallStatus.IN_PROGRESS
            assert call.answered_at_ms is not None
            late_ms = max(late_ms, now_ms - call.answered_at_ms - call.heard_ms)
    used = (time.process_time() - cpu) / (time.monotonic() - wall)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = "a clip each" if own_clips else "one clip"
    print(
        f"{calls:4d} calls, {what}: {used:6.1%} of a core, "
        f"{used * 20_000 / calls:5.1f} us a call and frame, "
        f"at most {late_ms:.0f} ms late, {memory:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--own-clips", action="store_true")
    options = parser.parse_args()
    for calls in options.calls:
        asyncio.run(measure(calls, options.seconds, options.own_clips))


if __name__ == "__main__":
    main()
