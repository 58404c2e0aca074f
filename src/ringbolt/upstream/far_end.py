"""A JSON service over HTTP (the far end), and the outcomes of requests to it.

A request that was never sent definitely had no effect. After a lost answer or a timeout the effect
is unknown.
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

Document = TypeVar("Document")


class FarEnd:
    """``name`` is used in errors: "The simulated mail server". Without a
    ``client`` of its own it has one that sends no headers and trusts this machine's authorities."""

    def __init__(self, name: str, client: HttpClient | None = None) -> None:
        self._name = name
        self._client = client or HttpClient()

    async def close(self) -> None:
        await self._client.close()

    async def post(self, url: URL | str, body: bytes) -> Exchange:
        """POST once, for requests that must not be repeated."""
        return await self._client.once("POST", url, body)

    async def ask(
        self, method: str, url: URL | str, body: Body = None, **options: Unpack[Options]
    ) -> Answer:
        """Send a request that may be repeated. Raises ``Unavailable`` without an answer."""
        exchange = await self._client.ask(method, url, body, **options)
        if isinstance(exchange, Answer):
            return exchange
        raise self._failure(exchange)

    async def find(
        self,
        url: URL | str,
        kind: type[Document],
        refusal: type[msgspec.Struct],
        **options: Unpack[Options],
    ) -> Document | None:
        """The document at ``url``; None if the far end itself answers 404 with a ``refusal`` (a
        proxy's 404 does not count). Raises ``Unavailable``."""
        answer = await self.ask("GET", url, **options)
        if answer.status == 404:
            self.decode(answer.body, refusal)
            return None
        return self.decode_ok(answer, kind)

    def decode_ok(self, answer: Answer, kind: type[Document]) -> Document:
        """The decoded body of a 200. Raises ``Unavailable`` for any other status."""
        if answer.status != 200:
            raise self._failure(answer)
        return self.decode(answer.body, kind)

    def decode(self, body: bytes, kind: type[Document]) -> Document:
        """Decode a body. Raises ``Unavailable`` if it is not a ``kind``."""
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
        """Pass the lines of a stream to ``take``, those that arrived together in one call; first an
        empty list when the stream is open. Never returns: raises ``Unavailable`` when the stream is
        lost, and any exception of ``take``."""
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
