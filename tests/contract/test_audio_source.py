"""From URL to clip: one fetch for many askers, nothing left behind, nothing decoded twice."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from ringbolt.core.errors import AudioBusy, AudioUnplayable
from ringbolt.upstream.fetch.fetcher import FetchedFile
from ringbolt.upstream.fetch.safe import SafeFetcher
from ringbolt.voice.audio.decoder import AudioDecoder
from ringbolt.voice.audio.source import AudioLimits, AudioSource
from support.audio_files import tone, wav
from support.servers.sites import Site, body, raw_site, site
from support.waiting import PATIENCE_S, until

SOUND = wav(tone(8000, 2))


@dataclass
class Stopwatch:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Shop:
    """An audio source with what the tests look at. ``open_to`` names the sites it may reach."""

    folder: Path
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    fetchers: list[SafeFetcher] = field(default_factory=list)

    def open_to(self, *origins: str, limits: AudioLimits | None = None) -> AudioSource:
        fetcher = SafeFetcher(frozenset(origins), False, "Test")
        self.fetchers.append(fetcher)
        return AudioSource(fetcher, AudioDecoder(), self.folder, limits, self.stopwatch)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path / "audio")
    yield shop
    for fetcher in shop.fetchers:
        await fetcher.close()


async def test_a_probe_tells_what_is_there_and_leaves_nothing(shop: Shop) -> None:
    async with site(body(SOUND, Content_Type="text/html")) as server:
        info = await shop.open_to(server.origin).probe(f"{server.origin}/a")

    assert (info.codec, info.duration_ms) == ("pcm_s16le", 2000)
    assert shop.files() == []


async def test_a_probe_reads_no_more_than_the_beginning(shop: Shop) -> None:
    async with raw_site(b"HTTP/1.1 200 OK\r\n\r\n" + SOUND, bytes(65536)) as origin:
        info = await shop.open_to(origin).probe(origin)

    assert (info.codec, info.duration_ms) == ("pcm_s16le", None)


async def test_a_web_page_is_called_by_its_name(shop: Shop) -> None:
    async with site(body(b"<!doctype html><title>Hi", Content_Type="audio/mpeg")) as server:
        with pytest.raises(AudioUnplayable, match="a web page") as refusal:
            await shop.open_to(server.origin).probe(server.origin)

    assert refusal.value.code == "AUDIO_NOT_AUDIO"
    assert shop.files() == []


async def test_an_answer_is_kept_for_a_minute(shop: Shop) -> None:
    async with site(body(SOUND)) as server:
        source = shop.open_to(server.origin)
        for seconds in (0, 30, 59, 61):
            shop.stopwatch.seconds = seconds
            await source.probe(server.origin)

        assert len(server.requests) == 2


async def test_a_fault_is_kept_as_well(shop: Shop) -> None:
    async with site(body(b"", 404)) as server:
        source = shop.open_to(server.origin)
        faults = []
        for _ in range(3):
            with pytest.raises(AudioUnplayable) as refusal:
                await source.probe(server.origin)
            faults.append((refusal.value.code, refusal.value.message))

        assert len(server.requests) == 1
        assert len(set(faults)) == 1


async def test_the_memory_of_answers_is_bounded(shop: Shop) -> None:
    async with site(body(SOUND)) as server:
        source = shop.open_to(server.origin, limits=AudioLimits(cache_size=2))
        for name in ("a", "b", "c", "a"):
            await source.probe(f"{server.origin}/{name}")

        assert len(server.requests) == 4


class Gate:
    """An answer that is given once the gate opens; counts how many wait at it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.waiting = 0
        self.most = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.opened.wait()
        self.waiting -= 1
        return web.Response(body=SOUND)


async def until_asked(server: Site, times: int) -> None:
    await until(lambda: len(server.requests) >= times)


async def test_askers_of_one_url_share_a_fetch_and_one_may_leave(shop: Shop) -> None:
    gate = Gate()
    async with site(gate.answer) as server:
        source = shop.open_to(server.origin)
        askers = [asyncio.create_task(source.probe(server.origin)) for _ in range(5)]
        await until_asked(server, 1)
        askers[0].cancel()
        gate.opened.set()
        answers = await asyncio.gather(*askers[1:])

        assert len(set(answers)) == 1
        assert len(server.requests) == 1
        assert askers[0].cancelled()


async def test_only_so_many_are_looked_at_at_once(shop: Shop) -> None:
    gate = Gate()
    async with site(gate.answer) as server:
        patient = AudioLimits(parallel=2, for_one=6, probe_timeout_s=PATIENCE_S)
        source = shop.open_to(server.origin, limits=patient)
        askers = [asyncio.create_task(source.probe(f"{server.origin}/{i}")) for i in range(6)]
        await until_asked(server, 2)
        gate.opened.set()
        await asyncio.gather(*askers)

        assert gate.most == 2
        assert len(server.requests) == 6


class SlowFetcher:
    """A fetcher that takes its time, whatever it was given."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = 0

    async def fetch(
        self, url: str, into: Path, *, max_bytes: int, timeout_s: float, cut: bool = False
    ) -> FetchedFile:
        self.asked += 1
        await self.go_on.wait()
        into.write_bytes(SOUND)
        return FetchedFile(into, len(SOUND), "", complete=True)

    async def close(self) -> None:
        return None


class ByHost:
    """A fetcher for each host."""

    def __init__(self, fetchers: dict[str, SlowFetcher]) -> None:
        self._fetchers = fetchers

    async def fetch(
        self, url: str, into: Path, *, max_bytes: int, timeout_s: float, cut: bool = False
    ) -> FetchedFile:
        fetcher = self._fetchers[url.split("/")[2]]
        return await fetcher.fetch(url, into, max_bytes=max_bytes, timeout_s=timeout_s, cut=cut)

    async def close(self) -> None:
        return None


async def test_who_waits_too_long_for_a_turn_may_come_again(tmp_path: Path) -> None:
    fetcher = SlowFetcher()
    limits = AudioLimits(parallel=1, probe_timeout_s=3)
    source = AudioSource(fetcher, AudioDecoder(), tmp_path, limits)
    first = asyncio.create_task(source.probe("https://a.example/"))
    await asyncio.sleep(0)

    with pytest.raises(AudioBusy) as refusal:
        await source.probe("https://b.example/")
    fetcher.go_on.set()

    assert refusal.value.retry_after_s == 5
    assert (await first).codec == "pcm_s16le"
    assert (await source.probe("https://b.example/")).codec == "pcm_s16le"


async def test_files_that_never_come_hold_up_nobody_but_who_asks_for_them(tmp_path: Path) -> None:
    fetcher = SlowFetcher()
    limits = AudioLimits(parallel=4, for_one=2, probe_timeout_s=PATIENCE_S)
    source = AudioSource(fetcher, AudioDecoder(), tmp_path, limits)
    slow = [
        asyncio.create_task(source.probe(f"https://{n}.example/", "somebody")) for n in range(8)
    ]
    await asyncio.sleep(0)
    honest = asyncio.create_task(source.probe("https://honest.example/", "somebody else"))
    await until(lambda: fetcher.asked == 3)
    fetcher.go_on.set()

    assert (await honest).codec == "pcm_s16le"
    await source.close()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_a_host_that_never_answers_holds_up_no_load_from_another(tmp_path: Path) -> None:
    slow, fast = SlowFetcher(), SlowFetcher()
    fast.go_on.set()
    source = AudioSource(
        ByHost({"slow.example": slow, "fast.example": fast}),
        AudioDecoder(),
        tmp_path,
        AudioLimits(parallel=4, for_one=2),
    )
    waiting = [
        asyncio.create_task(source.load(f"https://slow.example/{n}", 60_000)) for n in range(8)
    ]
    await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE_S):
        clip = await source.load("https://fast.example/", 60_000)

    assert clip.duration_ms > 0
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_closing_stops_the_probes(shop: Shop) -> None:
    async with raw_site(b"") as hanging:
        source = shop.open_to(hanging)
        asker = asyncio.create_task(source.probe(hanging))
        await asyncio.sleep(0)
        await source.close()

        with pytest.raises(asyncio.CancelledError):
            await asker
    assert shop.files() == []


async def test_a_loaded_clip_is_telephone_audio(shop: Shop) -> None:
    async with site(body(SOUND)) as server:
        clip = await shop.open_to(server.origin).load(server.origin, 1500)

    assert clip.duration_ms == 1500
    assert Path(clip.path).read_bytes() == tone(8000, 2)[: 1500 * 16]
    assert Path(clip.path).stat().st_mode & 0o777 == 0o600
    assert shop.folder.stat().st_mode & 0o777 == 0o700
    assert shop.files() == [Path(clip.path).name]


async def test_the_same_content_is_the_same_clip(shop: Shop) -> None:
    async with site(body(SOUND)) as server:
        source = shop.open_to(server.origin)
        first = await source.load(f"{server.origin}/a", 1500)
        os.utime(first.path, (1, 1))
        again = await source.load(f"{server.origin}/b", 1500)
        longer = await source.load(f"{server.origin}/a", 9000)

    assert again == first
    assert Path(first.path).stat().st_mtime > 1, "it counts as used"
    assert (longer.path != first.path, longer.duration_ms) == (True, 2000)


@pytest.mark.parametrize(
    ("content", "limits", "code"),
    [
        (b"<html>", AudioLimits(), "AUDIO_NOT_AUDIO"),
        (b"", AudioLimits(), "AUDIO_EMPTY"),
        (SOUND, AudioLimits(max_bytes=1000), "AUDIO_TOO_LARGE"),
        (SOUND, AudioLimits(decode_timeout_s=0.005), "AUDIO_TIMEOUT"),
        (wav(b""), AudioLimits(), "AUDIO_DAMAGED"),
    ],
)
async def test_a_failed_load_leaves_nothing(
    shop: Shop, content: bytes, limits: AudioLimits, code: str
) -> None:
    async with site(body(content)) as server:
        with pytest.raises(AudioUnplayable) as refusal:
            await shop.open_to(server.origin, limits=limits).load(server.origin, 60_000)

    assert refusal.value.code == code
    assert shop.files() == []


async def test_old_files_are_purged_and_nothing_else(shop: Shop) -> None:
    source = shop.open_to()
    ages = {"new.pcm": 10, "old.pcm": 1000, "old.part": 1000, "old.txt": 1000}
    for name, age in ages.items():
        (shop.folder / name).write_bytes(b"")
        os.utime(shop.folder / name, (time.time() - age,) * 2)

    assert await source.purge(older_than_s=100) == 2
    assert shop.files() == ["new.pcm", "old.txt"]
