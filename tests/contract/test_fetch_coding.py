"""Bodies that are compressed, and bodies whose headers say so wrongly."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

import pytest
from aiohttp import web

from contract.test_fetch import SOUND, fetch, refused
from support.servers.sites import body, site


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "body"


@pytest.mark.parametrize(
    "name",
    [
        *("aws-chunked", "utf-8", "ISO-8859-1", "identity", "none", "binary", "", "audio/mpeg"),
        # a compression that the body does not have
        *("gzip", "aws-chunked, gzip", "deflate", "zstd", "br", "compress"),
    ],
)
async def test_a_content_encoding_that_is_none_is_passed_over(into: Path, name: str) -> None:
    sound = b"RIFF" + SOUND
    async with site(body(sound, Content_Encoding=name)) as server:
        await fetch(server.origin, into, server.origin)

    assert into.read_bytes() == sound


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("gzip", gzip.compress(SOUND)),
        ("X-GZip, aws-chunked", gzip.compress(SOUND)),
        ("gzip", gzip.compress(SOUND[:5]) + gzip.compress(SOUND[5:]) + b"tail"),
        ("deflate", zlib.compress(SOUND)),
    ],
)
async def test_compression_that_was_not_asked_for_is_undone(
    into: Path, name: str, data: bytes
) -> None:
    async with site(body(data, Content_Encoding=name)) as server:
        file = await fetch(server.origin, into, server.origin)

    assert into.read_bytes() == SOUND
    assert (file.size, file.complete) == (len(SOUND), True)


async def test_a_compressed_body_is_expanded_to_the_limit_only(into: Path) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    async with site(body(bomb, Content_Encoding="gzip")) as server:
        error = await refused(server.origin, into, server.origin)
        file = await fetch(server.origin, into, server.origin, cut=True)

    assert error.code == "AUDIO_TOO_LARGE"
    assert (into.stat().st_size, file.complete) == (1_000_000, False)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("br", b"\x0b\x07\x80" + SOUND, r"compressed \(br\)"),
        ("zstd", b"\x28\xb5\x2f\xfd" + SOUND, r"compressed \(zstd\)"),
        ("gzip", gzip.compress(SOUND)[:10] + SOUND, "compressed, and damaged"),
        ("gzip", gzip.compress(b"") * 5000, "too many parts"),
        ("gzip, gzip", gzip.compress(gzip.compress(SOUND)), "compressed twice"),
    ],
)
async def test_other_compression_is_refused(into: Path, name: str, data: bytes, words: str) -> None:
    async with site(body(data, Content_Encoding=name)) as server:
        error = await refused(server.origin, into, server.origin)

    assert error.code == "AUDIO_FETCH_FAILED"
    assert re.search(words, error.message)


async def test_a_server_that_answers_gets_only_and_tells_no_length_is_read(into: Path) -> None:
    """And whose query string is a signature that must not be changed."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "GET" or request.rel_url.raw_query_string != "a=%2F+b&X-Sig=1%3D":
            return web.Response(status=405)
        response = web.StreamResponse(headers={"Content-Type": "text/html; charset=utf-8"})
        await response.prepare(request)
        for part in (SOUND[:1], SOUND[1:5000], SOUND[5000:]):
            await response.write(part)
        return response

    async with site(answer) as server:
        file = await fetch(f"{server.origin}/a?a=%2F+b&X-Sig=1%3D", into, server.origin)

    assert into.read_bytes() == SOUND
    assert file.complete
