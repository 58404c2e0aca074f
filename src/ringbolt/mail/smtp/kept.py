"""Connections to one relay, kept open for the next mail."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiosmtplib import SMTP, SMTPException

from ringbolt.mail.smtp.replies import NotSentError

IDLE_S: Final = 20.0
"""Relays close idle connections; the shortest usual limit is Postfix's under load, 10 s, and its
normal one 300 s. What was closed meanwhile is noticed, and costs another connection."""
MAILS_EACH: Final = 100
"""Then a connection is closed, as relays with a limit of mails a connection expect."""
_QUIT_S: Final = 2.0


@dataclass(slots=True)
class Kept:
    """``is_used``: a mail went through it before, so that the relay may have closed it since."""

    client: SMTP
    mails: int = 0
    idle_since_s: float = 0.0

    @property
    def is_used(self) -> bool:
        return self.mails > 0

    @property
    def is_fresh(self) -> bool:
        return self.client.is_connected and time.monotonic() - self.idle_since_s < IDLE_S


class KeptConnections:
    """At most ``most`` connections, each for one mail at a time. ``open_one`` raises
    ``NotSentError``. ``wait_s``: how long a mail waits for its turn."""

    def __init__(self, open_one: Callable[[], Awaitable[SMTP]], most: int, wait_s: float) -> None:
        self._open = open_one
        self._turns = asyncio.Semaphore(most)
        self._idle: deque[Kept] = deque()
        self._wait_s = wait_s
        self._is_closed = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A place among the connections. Raises ``NotSentError`` if there is none for too long."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError:
            raise NotSentError("all connections to the mail server are busy") from None
        try:
            yield
        finally:
            self._turns.release()

    async def take(self) -> Kept:
        """A connection, an open one if there is any. Raises ``NotSentError``."""
        while self._idle:
            kept = self._idle.pop()  # the one that was used last
            if kept.is_fresh:
                return kept
            leave(kept.client)
        return Kept(await self._open())

    async def fresh(self) -> Kept:
        """A new connection; the idle ones are closed. Raises ``NotSentError``."""
        self._drop_idle()
        return Kept(await self._open())

    def put_back(self, kept: Kept) -> None:
        """After a mail. A connection that is not ready for another is closed."""
        kept.mails += 1
        if self._is_closed or kept.mails >= MAILS_EACH or not kept.client.is_connected:
            leave(kept.client)
            return
        kept.idle_since_s = time.monotonic()
        self._idle.append(kept)

    async def close(self) -> None:
        self._is_closed = True
        clients = [kept.client for kept in self._idle if kept.client.is_connected]
        self._idle.clear()
        await asyncio.gather(*map(say_goodbye, clients))

    def _drop_idle(self) -> None:
        while self._idle:
            leave(self._idle.pop().client)


def leave(client: SMTP) -> None:
    """QUIT, as RFC 5321 (4.1.1.10) has it, and close the connection without waiting for the
    reply."""
    if client.protocol is not None and client.is_connected:
        client.protocol.write(b"QUIT\r\n")
    client.close()


async def say_goodbye(client: SMTP) -> None:
    """QUIT, and close the connection whatever is said to that."""
    try:
        await client.quit(timeout=_QUIT_S)
    except (SMTPException, OSError):
        client.close()
