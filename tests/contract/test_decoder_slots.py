"""Who waits for a decoder, for how long, and how much work a file may make."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ringbolt.core.errors import AudioBusy, AudioUnplayable
from ringbolt.voice.audio import decoder as decoder_module
from ringbolt.voice.audio.decoder import AudioDecoder, DecoderLimits
from support.audio_files import long_silent_mp3, tone, wav
from support.waiting import PATIENCE_S, until

DONE = 0, b'{"duration_ms": 1000, "format": "wav", "codec": "pcm", "sample_rate": 1, "channels": 1}'


class Workers:
    """Decoders that stop half-way until they are released."""

    def __init__(self) -> None:
        self.arguments: list[list[str]] = []
        self.released = asyncio.Event()

    async def run(
        self, source: Path, into: Path | None, timeout_s: float, arguments: list[str]
    ) -> tuple[int, bytes]:
        self.arguments.append(arguments)
        if source.name == "stuck.wav":
            await self.released.wait()
        return DONE


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    workers = Workers()
    monkeypatch.setattr(decoder_module, "_run_worker", workers.run)
    return workers


def file(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(wav(tone(8000, 0.5)))
    return path


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    return file(tmp_path, "stuck.wav")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return file(tmp_path, "small.wav")


async def ended(workers: Workers, tasks: list[asyncio.Task[Any]]) -> None:
    workers.released.set()
    await asyncio.gather(*tasks)


async def test_a_small_file_passes_heavy_ones(
    workers: Workers, stuck: Path, small: Path, tmp_path: Path
) -> None:
    decoder, into = AudioDecoder(DecoderLimits(light_ms=60_000)), tmp_path / "out"
    heavy = [
        asyncio.create_task(decoder.decode(stuck, into, max_ms=120_000, timeout_s=PATIENCE_S))
        for _ in range(3)
    ]
    await until(lambda: len(workers.arguments) == 2)

    assert await decoder.decode(small, into, max_ms=60_000, timeout_s=PATIENCE_S) == 1000
    await ended(workers, heavy)


async def test_unpaid_probes_and_paid_decodes_do_not_wait_for_each_other(
    workers: Workers, stuck: Path, small: Path, tmp_path: Path
) -> None:
    decoder, into = AudioDecoder(DecoderLimits(wait_s=0.05)), tmp_path / "out"
    probes = [asyncio.create_task(decoder.probe(stuck)) for _ in range(2)]
    await until(lambda: len(workers.arguments) == 2)

    assert await decoder.decode(small, into, max_ms=60_000, timeout_s=PATIENCE_S) == 1000
    with pytest.raises(AudioBusy):
        await decoder.probe(small)
    decodes = [
        asyncio.create_task(decoder.decode(stuck, into, max_ms=60_000, timeout_s=PATIENCE_S))
        for _ in range(3)
    ]
    await until(lambda: len(workers.arguments) == 6)
    with pytest.raises(AudioBusy) as refusal:
        await decoder.decode(small, into, max_ms=60_000, timeout_s=PATIENCE_S)
    await ended(workers, [*probes, *decodes])

    error = refusal.value
    assert (error.status, error.code, error.retry_after_s) == (503, "AUDIO_BUSY", 5)
    assert (await decoder.probe(small)).codec == "pcm"  # the slots are free again


async def test_the_work_is_limited_by_the_length_that_is_wanted(
    workers: Workers, small: Path, tmp_path: Path
) -> None:
    decoder = AudioDecoder()
    for minutes in (1, 10):
        await decoder.decode(small, tmp_path / "o", max_ms=minutes * 60_000, timeout_s=PATIENCE_S)

    assert [arguments[:2] for arguments in workers.arguments] == [
        ["decode", "11"],
        ["decode", "65"],
    ]


async def test_a_file_that_takes_more_work_than_its_length_is_given_up(tmp_path: Path) -> None:
    """Hours of silence in a few kilobytes, by a decoder that may use a second."""
    path = long_silent_mp3(tmp_path / "a.mp3", hours=12)
    greedy = AudioDecoder(DecoderLimits(start_cpu_s=1, cpu_share=0))

    with pytest.raises(AudioUnplayable) as refusal:
        await greedy.decode(path, tmp_path / "o", max_ms=12 * 3_600_000, timeout_s=PATIENCE_S)

    assert refusal.value.code == "AUDIO_TIMEOUT"
    assert "too much work" in refusal.value.message
