"""A far end over plain sockets that says and breaks what a test wants, and clients to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from ringbolt.upstream.http import HttpClient

Reply = Callable[[int, asyncio.StreamWriter], Awaitable[bool]]
"""Answers the n-th request (from 1); whether the connection stays open."""


class FarEnd:
    """A server that keeps what it was asked. ``url`` is where."""

    def __init__(self, reply: Reply) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self.left = 0
        self.url = ""
        self._reply = reply
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        await asyncio.wait([serving])

    async def close(self) -> None:
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.asked.append(head + body)
                if not await self._reply(len(self.asked), writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left += 1
        finally:
            writer.close()


@asynccontextmanager
async def far_end(reply: Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[FarEnd]:
    end = FarEnd(reply)
    listening = await asyncio.start_server(end.serve, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    end.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/path"
    try:
        yield end
    finally:
        listening.close()
        await end.close()


@asynccontextmanager
async def client(**options: Any) -> AsyncIterator[HttpClient]:
    made = HttpClient(**options)
    try:
        yield made
    finally:
        await made.close()


def saying(raw: bytes, *, keep: bool = True) -> Reply:
    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(raw)
        await writer.drain()
        return keep

    return reply


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def hang_up(n: int, writer: asyncio.StreamWriter) -> bool:
    return False


async def stall(n: int, writer: asyncio.StreamWriter) -> bool:
    await asyncio.Event().wait()
    return False


def breaking_first(raw: bytes) -> Reply:
    """The first request is heard, and answered by hanging up."""

    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        if n == 1:
            return False
        return await saying(raw)(n, writer)

    return reply


OK = response("200 OK", b"fine")
