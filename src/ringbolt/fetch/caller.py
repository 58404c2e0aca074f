"""Requests to where strangers want to be told something: webhooks and callbacks.

What is sent leaves for public addresses only (see ``vetted``), follows no redirect, and of the
answer only status and ``Retry-After`` are read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from ringbolt.core.plain_words import counted
from ringbolt.fetch.host_turns import ReceiverTurns
from ringbolt.fetch.vetted import (
    RefusedAddressError,
    RefusedUrlError,
    SystemResolver,
    parse_origins,
    vet_url,
    vetted_connector,
)

_KEEP_S = 3.0
"""How long an idle connection is kept: an order's changes often come close together."""
_DRAIN_S = 0.5
_DRAIN_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered. ``retry_after_s``: what its ``Retry-After`` asks for, if it does."""

    status: int
    retry_after_s: int | None
    took_ms: int


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The receiver may have it or not. ``reason``: one plain phrase, without the URL."""

    reason: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class HostBusy:
    """Nothing was sent: enough is on its way to this receiver or host. Come back in
    ``retry_ms``."""

    retry_ms: int


class OutgoingCaller:
    """Tells strangers what they asked to be told; belongs to one event loop.

    ``allow_origins``: exact origins that may be reached whatever their scheme and address.
    ``allow_http``: unencrypted URLs too. ``per_receiver``: requests to one host, port and path at
    once; ``per_host``: to one host and port, whatever the path. ``resolver`` replaces the system's
    name resolution. No cookies, credentials or proxies.
    """

    def __init__(
        self,
        allow_origins: Iterable[str],
        *,
        allow_http: bool,
        per_receiver: int,
        per_host: int,
        user_agent: str,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow_origins = parse_origins(allow_origins)
        self._allow_http = allow_http
        self._user_agent = user_agent
        self._turns = ReceiverTurns(per_receiver, per_host)
        self._own_resolver = None if resolver else SystemResolver()
        self._resolver = resolver or self._own_resolver
        self._session: aiohttp.ClientSession | None = None

    def vet(self, url: str) -> URL:
        """``url`` as it would be requested. Raises ``RefusedUrlError``."""
        return vet_url(url, self._allow_origins, allow_http=self._allow_http)

    async def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        *,
        query: str = "",
    ) -> Answered | NoAnswer | HostBusy:
        """Send one request and wait for the head of its answer, ``timeout_s`` seconds at most.

        ``query``, percent-encoded, is our own addition to the query of ``url``.
        """
        try:
            target = _with_query(self.vet(url), query)
        except RefusedUrlError as error:
            return NoAnswer(error.message, 0)
        host = f"{target.host}:{target.port}"
        wait_s = await self._turns.take(host, target.raw_path)
        if wait_s:
            return HostBusy(max(1, round(wait_s * 1000)))
        began_s = time.monotonic()
        try:
            return await self._request(method, target, headers, body, timeout_s)
        finally:
            self._turns.done(host, target.raw_path, time.monotonic() - began_s)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._own_resolver is not None:
            await self._own_resolver.close()

    async def _request(
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes, timeout_s: float
    ) -> Answered | NoAnswer:
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                try:
                    status, retry_after_s = await self._ask(method, target, headers, body)
                except aiohttp.ServerDisconnectedError:
                    # A connection that was kept may end just as it is used again.
                    status, retry_after_s = await self._ask(method, target, headers, body)
            return Answered(status, retry_after_s, _since_ms(began_s))
        except TimeoutError:
            return NoAnswer(
                f"no answer within {counted(float(timeout_s), 'second')}", _since_ms(began_s)
            )
        except (aiohttp.ClientError, OSError) as error:
            return NoAnswer(_explain(error), _since_ms(began_s))

    async def _ask(
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, int | None]:
        """Status and ``Retry-After`` of the answer."""
        async with self._open_session().request(
            method, target, headers=headers, data=body or None, allow_redirects=False
        ) as response:
            await _drain(response)
            return response.status, _retry_after_s(response)

    def _open_session(self) -> aiohttp.ClientSession:
        # Made on first use: a session belongs to the event loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=vetted_connector(self._allow_origins, self._resolver, keep_s=_KEEP_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Said outright: leaving out what aiohttp adds costs it more than sending it.
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer, so that its connection can be used again; drop a long or slow one.

    What it says beyond its status interests nobody.
    """
    size = 0
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(_DRAIN_S):
            async for chunk in response.content.iter_any():
                size += len(chunk)
                if size > _DRAIN_BYTES:
                    break
    if not response.content.at_eof():
        response.close()


def _with_query(target: URL, query: str) -> URL:
    """``target`` as it is, with ``query`` behind its own."""
    if not query:
        return target
    text = str(target)
    join = "" if text.endswith(("?", "&")) else "&" if "?" in text else "?"
    return URL(f"{text}{join}{query}", encoded=True)


def _since_ms(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)


def _retry_after_s(response: aiohttp.ClientResponse) -> int | None:
    """Seconds or an HTTP date (RFC 9110, section 10.2.3); None for what is neither."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0, round((at - datetime.now(UTC)).total_seconds()))


def _explain(error: aiohttp.ClientError | OSError) -> str:
    match error:
        case aiohttp.ClientConnectorError(os_error=RefusedAddressError(host=host)):
            return f"{host} is not on the public Internet"
        case aiohttp.ClientConnectorDNSError():
            return f"the name {error.host} is not known"
        case aiohttp.ClientConnectorCertificateError():
            return f"the certificate of {error.host} is not valid"
        case aiohttp.ClientConnectorError():
            return f"{error.host} does not accept the connection"
        case _:
            return "the server broke off or answers something else than HTTP"
