"""Clips in pieces, recordings that grow, and the one pacer behind all simulated calls."""

import asyncio
import hashlib
import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import Clip
from ringbolt.simulator.voice.clips import ClipRefused, ClipStore
from ringbolt.simulator.voice.line import Span
from ringbolt.simulator.voice.media import MediaPacer, Pace, Recording, repair_recording
from ringbolt.voice.audio.g711 import decode_ulaw, encode_ulaw
from ringbolt.voice.audio.wav import read_wav
from support.waiting import PATIENCE_S, eventually

NOISE = random.Random(7).randbytes(3210 * 16)


async def in_chunks(data: bytes, size: int = 10_007) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "clips")


@pytest.fixture
async def clip(store: ClipStore) -> Clip:
    name = hashlib.sha256(NOISE).hexdigest()
    await store.keep(name, in_chunks(NOISE))
    kept = store.find(name)
    assert kept is not None
    return kept


def test_a_kept_clip_is_found_with_its_duration(clip: Clip) -> None:
    assert clip.duration_ms == 3210


@pytest.mark.parametrize("frames", [[161], [1] * 161, [49, 2, 110], [7] * 23])
async def test_its_frames_are_the_same_however_they_are_asked_for(
    store: ClipStore, clip: Clip, frames: list[int]
) -> None:
    sound, first = b"", 0
    for count in frames:
        sound += store.frames(Span(clip.path, first, count))
        first += count
    assert sound == encode_ulaw(NOISE) + b"\xff" * 80


def test_silence_is_silent(store: ClipStore) -> None:
    assert store.frames(Span("", 5, 2)) == b"\xff" * 320


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd"])
async def test_what_is_not_what_it_is_called_is_not_kept(
    store: ClipStore, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ClipRefused):
        await store.keep(name, in_chunks(NOISE))
    assert store.find(name) is None
    assert list((tmp_path / "clips").iterdir()) == []


def test_a_recording_has_no_file_before_the_first_sound(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "heard.wav")
    recording.close()
    assert list(tmp_path.iterdir()) == []


def test_a_recording_grows_a_second_at_a_time_and_is_whole_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    recording = Recording(path)
    for _ in range(75):
        recording.hear(b"\x10" * 160)
    assert read_wav(path).duration_ms == 1000
    recording.flush()
    assert read_wav(path).duration_ms == 1500
    recording.hear(b"\x11" * 160)
    recording.close()
    assert read_wav(path).pcm == decode_ulaw(b"\x10" * 12_000 + b"\x11" * 160)


def test_a_recording_that_a_kill_cut_short_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    recording = Recording(path)
    recording.hear(b"\x10" * 8000)
    recording.close()
    with path.open("ab") as file:
        file.write(bytes(333))  # came to the disk, while the header did not

    assert repair_recording(path) == 51
    assert read_wav(path).duration_ms == 1020


def test_nothing_was_heard_where_there_is_no_recording(tmp_path: Path) -> None:
    assert repair_recording(tmp_path / "none.wav") == 0


async def test_the_pacer_tells_frames_in_order_and_rests_when_nobody_listens() -> None:
    pacer = MediaPacer(SystemClock(), speed=10)
    frames: list[int] = []
    pace = pacer.start(frames.append)

    async def enough() -> bool:
        return bool(frames) and frames[-1] >= 50

    await eventually(enough)
    pacer.stop(pace)
    reported, due = len(frames), pacer.due(pace)
    task = pacer._task
    await asyncio.wait_for(pacer.close(), PATIENCE_S)

    assert frames == sorted(frames)
    assert len(frames) == reported
    assert frames[-1] <= due
    assert task is not None
    assert task.done()


async def test_the_pacer_follows_a_clock_that_jumps_in_bearable_steps() -> None:
    clock = SystemClock()
    pacer = MediaPacer(clock, speed=1)
    frames = [0]
    pace = pacer.start(frames.append)
    clock.set_offset(60_000)

    async def caught_up() -> bool:
        return frames[-1] >= 3000

    await eventually(caught_up)
    pacer.stop(pace)
    await pacer.close()
    assert max(after - before for before, after in itertools.pairwise(frames)) <= 50


async def test_a_call_that_another_ends_in_the_same_tick_is_sent_nothing_more() -> None:
    pacer = MediaPacer(SystemClock(), speed=100)
    reported: list[int] = []
    paces: list[Pace] = []

    def first(frame: int) -> None:
        if frame:
            pacer.stop(paces[0])
            pacer.stop(paces[1])

    paces.append(pacer.start(first))
    paces.append(pacer.start(reported.append))

    async def both_stopped() -> bool:
        return not pacer._paces

    await eventually(both_stopped)
    await pacer.close()
    assert not any(reported)
