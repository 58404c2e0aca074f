"""A far end that speaks JSON over HTTP, and the outcome of requests to it.

What was never sent is a definite no. After a lost answer or a timeout it is unknown whether the far
end did what was requested.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar, Unpack

import msgspec
from yarl import URL

from ringbolt.core.errors import Unavailable
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent, words
from ringbolt.upstream.http import Body, HttpClient, Options

SILENCE_S: Final = 30.0
"""Streams send something every 10 s; one that is silent for this long is dead."""

Told = TypeVar("Told")


class FarEnd:
    """``name`` is used in errors: "The simulated mail server". Without a
    ``client`` of its own it has one that sends no headers and trusts this machine's authorities."""

    def __init__(self, name: str, client: HttpClient | None = None) -> None:
        self._name = name
        self._client = client or HttpClient()

    async def close(self) -> None:
        await self._client.close()

    async def post(self, url: URL | str, body: bytes) -> Exchange:
        """For what must not be done twice."""
        return await self._client.once("POST", url, body)

    async def ask(
        self, method: str, url: URL | str, body: Body = None, **options: Unpack[Options]
    ) -> Answer:
        """For what may be repeated. Raises ``Unavailable``."""
        exchange = await self._client.ask(method, url, body, **options)
        if isinstance(exchange, Answer):
            return exchange
        raise self._failure(exchange)

    async def find(
        self,
        url: URL | str,
        kind: type[Told],
        refusal: type[msgspec.Struct],
        **options: Unpack[Options],
    ) -> Told | None:
        """What is at ``url``; None if the far end itself says that there is nothing, which a
        proxy's 404 does not. Raises ``Unavailable``."""
        answer = await self.ask("GET", url, **options)
        if answer.status == 404:
            self.decode(answer.body, refusal)
            return None
        return self.told(answer, kind)

    def told(self, answer: Answer, kind: type[Told]) -> Told:
        """The body of a 200. Raises ``Unavailable``."""
        if answer.status != 200:
            raise self._failure(answer)
        return self.decode(answer.body, kind)

    def decode(self, body: bytes, kind: type[Told]) -> Told:
        """Raises ``Unavailable`` for what the far end would never send."""
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise self.unavailable(error) from error

    async def follow(
        self,
        url: URL | str,
        params: Mapping[str, str],
        take: Callable[[list[bytes]], Awaitable[None]],
    ) -> None:
        """Hand over the lines of a stream, as many at once as arrived together; none, as soon as it
        is open. Never returns: raises ``Unavailable`` when it is lost, and what ``take`` raised."""
        lines = self._client.stream(self._failure, "GET", url, params=params, silence_s=SILENCE_S)
        async with lines:
            await lines.opened()
            await take([])
            while True:
                await take(await lines.arrived())

    def unavailable(self, why: object) -> Unavailable:
        return Unavailable(f"{self._name} does not answer: {words(why)}.")

    def _failure(self, exchange: Exchange) -> Unavailable:
        match exchange:
            case Answer(status):
                return self.unavailable(f"HTTP {status}")
            case NeverSent(why) | Lost(why):
                return self.unavailable(why)
