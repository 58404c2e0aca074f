"""An SMTP server over plain sockets that says, or does, something wrong at one step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

CUT: Final = b"cut"
SILENT: Final = b"silent"
DRIP: Final = b"drip"
"""Lines without an end."""
_USUAL: Final = {
    "connect": b"220 relay.example ESMTP\r\n",
    "EHLO": b"250-relay.example\r\n250 ENHANCEDSTATUSCODES\r\n",
    "DATA": b"354 Go ahead\r\n",
    ".": b"250 2.0.0 Ok: queued as 1\r\n",
    "QUIT": b"221 Bye\r\n",
}


@dataclass
class ScriptedSmtp:
    """``steps``: what it says at a step instead of the usual (``connect``, a command, ``LINE`` for
    the first line of a message, ``.`` for its end). ``times``: how often, all times if None.

    ``asked`` are the commands of all connections, ``messages`` what was completed with a dot.
    """

    steps: dict[str, bytes]
    times: int | None = None
    asked: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    port: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if not await self._say("connect", writer):
                return
            while line := await reader.readline():
                command = line.split()[0].decode("latin-1").upper()
                said = await self._say(command, writer)
                if not said:
                    return
                if said.startswith(b"354") and not await self._message(reader, writer):
                    return
        except ConnectionError:
            return
        finally:
            self._open.discard(writer)
            writer.close()

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = [await reader.readline()]
        if "LINE" in self.steps and not await self._say("LINE", writer):
            return False
        while lines[-1] not in (b".\r\n", b""):
            lines.append(await reader.readline())
        if lines[-1] == b"":
            return False
        self.messages.append(b"".join(lines[:-1]))
        return bool(await self._say(".", writer))

    async def _say(self, step: str, writer: asyncio.StreamWriter) -> bytes:
        """What was said; nothing at the end of the connection."""
        self.asked.append(step)
        said = self._scripted(step) or _USUAL.get(step, b"250 2.0.0 Ok\r\n")
        if said == CUT:
            writer.transport.abort()
            return b""
        if said == SILENT:
            await asyncio.Event().wait()
        while said == DRIP:
            writer.write(b"250-more\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(said)
        await writer.drain()
        return said

    def _scripted(self, step: str) -> bytes | None:
        if step not in self.steps or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        return self.steps[step]

    def drop_all(self) -> None:
        """Close every connection, as a relay does with idle ones."""
        for writer in list(self._open):
            writer.transport.abort()


@asynccontextmanager
async def scripted_smtp(
    steps: dict[str, bytes] | None = None, times: int | None = None
) -> AsyncIterator[ScriptedSmtp]:
    """The server, at ``port`` of loopback."""
    script = ScriptedSmtp(steps or {}, times)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(script.serve(reader, writer))
        serving.add(task)
        await asyncio.wait([task])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
