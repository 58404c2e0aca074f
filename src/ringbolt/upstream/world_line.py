"""A shop's line to the simulated world, which it reaches as it would any stranger: by HTTP.

What was never sent is a definite no. A lost answer or a timeout leaves it open whether the world
did what it was asked for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from ringbolt.core.errors import Unavailable

LOST: Final = (aiohttp.ClientError, TimeoutError)
"""What aiohttp raises for a request whose answer did not come."""
_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_ANSWER_S: Final = 10.0
_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 30.0
"""A stream says something every 10 s; after this long it is dead."""
_KEEP_ALIVE_S: Final = 3.0
"""Below the 5 s of uvicorn: a request on a connection that it just closed would be in doubt."""
_MAX_CURSOR_DIGITS: Final = 18

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.status < 500


@dataclass(frozen=True, slots=True)
class NeverSent:
    """The request did not leave."""

    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have been heard; there is no answer."""

    why: str


class Line:
    """One HTTP session, opened when it is first needed. ``far_end`` is who answers, as it stands
    in errors: "The simulated mail server"."""

    def __init__(self, far_end: str) -> None:
        self._far_end = far_end
        self._session: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(_ANSWER_S, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: Any, body: bytes) -> Answer | NeverSent | Lost:
        """For what must not be done twice: it says what is known of it."""
        try:
            async with self.http.post(url, data=body) as answer:
                return Answer(answer.status, await answer.read())
        except _NEVER_SENT as error:
            return NeverSent(words(error))
        except LOST as error:
            return Lost(words(error))

    async def ask(self, method: str, url: Any, **options: Any) -> Answer:
        """For what may be asked again. Raises ``Unavailable``."""
        try:
            async with self.http.request(method, url, **options) as answer:
                return Answer(answer.status, await answer.read())
        except LOST as error:
            raise self.unavailable(error) from error

    async def find(
        self, url: Any, kind: type[Told], refusal: type[msgspec.Struct], **options: Any
    ) -> Told | None:
        """What is at ``url``; None for the far end's own word that there is nothing: a proxy's 404
        is none. Raises ``Unavailable``."""
        answer = await self.ask("GET", url, **options)
        if answer.status == 404:
            self.decode(answer.body, refusal)
            return None
        return self.told(answer, kind)

    def told(self, answer: Answer, kind: type[Told]) -> Told:
        """The body of a 200. Raises ``Unavailable``."""
        if answer.status != 200:
            raise self.unavailable(f"HTTP {answer.status}")
        return self.decode(answer.body, kind)

    def decode(self, body: bytes, kind: type[Told]) -> Told:
        """Raises ``Unavailable`` for what the far end would never say."""
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise self.unavailable(error) from error

    async def stream(self, url: Any, after: str) -> AsyncGenerator[list[bytes], None]:
        """The lines of a stream, as many at once as arrive together; none, as soon as it is open.
        Never ends: raises ``Unavailable`` when it is lost."""
        timeout = aiohttp.ClientTimeout(None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
        try:
            async with self.http.get(url, params={"after": after}, timeout=timeout) as answer:
                if answer.status != 200:
                    raise self.unavailable(f"HTTP {answer.status}")
                yield []
                rest = b""
                while chunk := await answer.content.readany():
                    *lines, rest = (rest + chunk).split(b"\n")
                    if whole := [line for line in lines if line]:  # blank: the far end lives
                        yield whole
        except LOST as error:
            raise self.unavailable(error) from error
        raise self.unavailable("the stream ended")

    def unavailable(self, why: object) -> Unavailable:
        return Unavailable(f"{self._far_end} does not answer: {words(why)}.")


def known_cursor(cursor: str) -> str:
    """A cursor of the world's, which are numbers; '0', the beginning, for any other."""
    is_number = cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_CURSOR_DIGITS
    return cursor if is_number else "0"


def words(error: object) -> str:
    return str(error) or type(error).__name__
