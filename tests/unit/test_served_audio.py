"""Clips behind signed URLs."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from ringbolt.api.audio import audio_routes
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import Clip
from ringbolt.voice.audio.served import NotServed, ServedAudio
from ringbolt.voice.audio.wav import read_wav

OLD, NEW = b"o" * 32, b"n" * 32
SHOP = "https://shop.example"


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


def served(tmp_path: Path, clock: SystemClock, *keys: bytes) -> ServedAudio:
    return ServedAudio(keys or (NEW,), tmp_path, SHOP, clock)


def a_clip(tmp_path: Path, ms: int = 1000, size_ms: int | None = None) -> Clip:
    path = tmp_path / "speech" / "ab" / "one.pcm"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(16 * (ms if size_ms is None else size_ms)))
    return Clip(str(path), ms)


async def fetch(audio: ServedAudio, url: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=audio_routes(audio)))
    async with httpx.AsyncClient(transport=transport) as http:
        return await http.request(method, url)


@pytest.mark.parametrize("ms", [20, 1000, 60_000])
async def test_the_url_gives_exactly_the_clip_as_wav(
    tmp_path: Path, clock: SystemClock, ms: int
) -> None:
    audio, clip = served(tmp_path, clock), a_clip(tmp_path, ms)
    url = audio.url(clip, 60)
    assert url.startswith(f"{SHOP}/audio/")
    assert url.endswith(".wav")

    answer = await fetch(audio, url)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    wav = read_wav(answer.content)
    assert (wav.sample_rate, wav.pcm) == (8000, Path(clip.path).read_bytes())
    head = await fetch(audio, url, "HEAD")
    assert (head.headers["content-length"], head.content) == (str(len(answer.content)), b"")


async def test_a_clip_may_be_the_beginning_of_its_file(tmp_path: Path, clock: SystemClock) -> None:
    audio, clip = served(tmp_path, clock), a_clip(tmp_path, 500, size_ms=700)
    wav = read_wav((await fetch(audio, audio.url(clip, 60))).content)
    assert wav.pcm == Path(clip.path).read_bytes()[: 500 * 16]


async def test_a_url_expires(tmp_path: Path, clock: SystemClock) -> None:
    audio = served(tmp_path, clock)
    url = audio.url(a_clip(tmp_path), 60)
    clock.set_offset(59_000)
    assert (await fetch(audio, url)).status_code == 200
    clock.set_offset(60_001)
    assert (await fetch(audio, url)).status_code == 410


async def test_nothing_but_what_was_signed_is_served(tmp_path: Path, clock: SystemClock) -> None:
    audio = served(tmp_path, clock)
    (tmp_path / "secret").write_text("x")
    url = audio.url(a_clip(tmp_path), 60)
    token = urlsplit(url).path.removeprefix("/audio/").removesuffix(".wav")
    for n in range(len(token)):
        other = "A" if token[n] != "A" else "B"
        found = audio.find(token[:n] + other + token[n + 1 :])
        assert found is NotServed.UNKNOWN or n == len(token) - 1  # whose last bits mean nothing
    for wrong in ("", "x", "..", "secret", "é", token[:-3]):
        assert audio.find(wrong) is NotServed.UNKNOWN
    assert served(tmp_path, clock, OLD).find(token) is NotServed.UNKNOWN
    assert (await fetch(audio, f"{SHOP}/audio/{token[:-3]}.wav")).status_code == 404
    with pytest.raises(ValueError, match="not in the subpath"):
        audio.url(Clip("/etc/passwd", 1000), 60)


async def test_former_secrets_are_honoured(tmp_path: Path, clock: SystemClock) -> None:
    url = served(tmp_path, clock, OLD).url(a_clip(tmp_path), 60)
    assert (await fetch(served(tmp_path, clock, NEW, OLD), url)).status_code == 200


async def test_a_clip_that_is_gone_is_not_found(tmp_path: Path, clock: SystemClock) -> None:
    audio, clip = served(tmp_path, clock), a_clip(tmp_path)
    url = audio.url(clip, 60)
    Path(clip.path).unlink()
    assert (await fetch(audio, url)).status_code == 404
