"""A far end that speaks ``handler_api.php`` as a test scripts it: what no provider should do."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Stub:
    """``answers``: by action what is answered next, the last one again and again, with a status and
    a body. ``asked``: every request's parameters. ``held``: by action, what an answer waits for."""

    url: str = ""
    answers: dict[str, deque[tuple[int, bytes]]] = field(
        default_factory=lambda: defaultdict(lambda: deque([(200, b"BAD_ACTION")]))
    )
    asked: list[dict[str, str]] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    def say(self, action: str, *answers: str | tuple[int, str]) -> None:
        said = [(200, each) if isinstance(each, str) else each for each in answers]
        self.answers[action] = deque((status, body.encode()) for status, body in said)

    def asked_for(self, action: str) -> list[dict[str, str]]:
        return [each for each in self.asked if each.get("action") == action]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked = dict(parse_qsl(urlsplit(head.split(b" ", 2)[1].decode()).query))
        self.asked.append(asked)
        if (held := self.held.get(asked.get("action", ""))) is not None:
            await held.wait()
        answers = self.answers[asked.get("action", "")]
        status, body = answers[0] if len(answers) == 1 else answers.popleft()
        if status:
            lines = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nRetry-After: 7\r\n"
            writer.write(f"{lines}Connection: close\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def scripted() -> AsyncIterator[Stub]:
    """A far end on loopback, until the end of the block."""
    stub = Stub()
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/stubs/handler_api.php"
    try:
        yield stub
    finally:
        server.close()
        await server.wait_closed()
