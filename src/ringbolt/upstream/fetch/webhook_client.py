"""Requests to webhooks and callbacks of buyers.

Requests go to public addresses only (see ``vetted``) and follow no redirect; of the answer only
status and ``Retry-After`` are read. The name is resolved first, and the request goes to the address
that was checked: limits count per address, since anybody can have any number of names.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from ringbolt.core.humanise import counted
from ringbolt.upstream.fetch.addresses import network_of
from ringbolt.upstream.fetch.host_turns import NoTurnError, Pacing
from ringbolt.upstream.fetch.name_lookup import LookupFailedError, TooManyLookupsError
from ringbolt.upstream.fetch.vetted import (
    RefusedAddressError,
    RefusedUrlError,
    VettingResolver,
    parse_origins,
    vet_url,
    vetted_connector,
)

_KEEP_S = 3.0
"""How long an idle connection is kept: an order's changes often come close together."""
_DRAIN_S = 0.5
_DRAIN_BYTES = 4096
_FOR_THE_LAST = aiohttp.ClientTimeout()
_FOR_OTHERS = aiohttp.ClientTimeout(sock_connect=3.0)
"""How long one address of several may take to accept a connection."""
_MOST_ADDRESSES = 4
_LOOKUPS_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered. ``retry_after_s``: its ``Retry-After``, if it sent one."""

    status: int
    retry_after_s: int | None
    took_ms: int


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """There was no answer; the receiver may have received it. ``reason``: one plain phrase, without
    the URL."""

    reason: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class HostBusy:
    """Nothing was sent: too many requests to this receiver or machine, or too many DNS look-ups,
    are in flight. Try again in ``retry_ms``."""

    retry_ms: int


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: URL
    headers: Mapping[str, str]
    body: bytes


class WebhookClient:
    """Sends webhooks and callbacks; belongs to one event loop.

    ``allow_origins``: exact origins that may be reached whatever their scheme and address.
    ``allow_http``: unencrypted URLs too. ``per_receiver``: requests to one host, port and path at
    once; ``per_machine``: to one address (of IPv6: one /64 network), whatever its names and ports;
    an allowed origin counts as a machine of its own. ``resolver`` replaces
    ``NameLookup``. No cookies, credentials or proxies.
    """

    def __init__(
        self,
        allow_origins: Iterable[str],
        *,
        allow_http: bool,
        per_receiver: int,
        per_machine: int,
        user_agent: str,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow_origins = parse_origins(allow_origins)
        self._allow_http = allow_http
        self._user_agent = user_agent
        self._receivers = Pacing(per_receiver)
        self._machines = Pacing(per_machine)
        self._vetting = VettingResolver(self._allow_origins, resolver)
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
        request = _Request(method, target, headers, body)
        began_s = time.monotonic()
        try:
            async with (
                self._receivers.turn(f"{target.raw_host}:{target.port}{target.raw_path}"),
                asyncio.timeout(timeout_s),
            ):
                status, retry_after_s = await self._reach(request)
            return Answered(status, retry_after_s, _since_ms(began_s))
        except NoTurnError as error:
            return HostBusy(max(1, round(error.wait_s * 1000)))
        except TimeoutError:
            return NoAnswer(
                f"no answer within {counted(float(timeout_s), 'second')}", _since_ms(began_s)
            )
        except (aiohttp.ClientError, OSError) as error:
            return NoAnswer(_explain(error, target.host or ""), _since_ms(began_s))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _reach(self, request: _Request) -> tuple[int, int | None]:
        """Status and ``Retry-After``. One address after the other, until one accepts."""
        *others, last = await self._addresses(request.target)
        for address in others:
            with suppress(aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                return await self._ask_in_turn(request, address, _FOR_OTHERS)
        return await self._ask_in_turn(request, last, _FOR_THE_LAST)

    async def _addresses(self, target: URL) -> list[str]:
        """The addresses of ``target``. Raises ``RefusedAddressError`` if not to the open
        Internet."""
        host, port = target.raw_host or "", target.port or 0
        if ":" in host or host.rpartition(".")[2].isdecimal():
            return [host]  # an address, in the one spelling that ``vet`` lets pass
        try:
            found = await self._vetting.resolve(host, port)
        except TooManyLookupsError as error:
            raise NoTurnError(_LOOKUPS_WAIT_S) from error
        return [entry["host"] for entry in found[:_MOST_ADDRESSES]]

    async def _ask_in_turn(
        self, request: _Request, address: str, timeout: aiohttp.ClientTimeout
    ) -> tuple[int, int | None]:
        port = request.target.port or 0
        admitted = self._vetting.is_admitted(address, port)
        machine = f"{address}:{port}" if admitted else network_of(address)
        async with self._machines.turn(machine):
            try:
                return await self._ask(request, address, timeout)
            except aiohttp.ServerDisconnectedError:
                # A kept-alive connection may end just as it is used again.
                return await self._ask(request, address, timeout)

    async def _ask(
        self, request: _Request, address: str, timeout: aiohttp.ClientTimeout
    ) -> tuple[int, int | None]:
        target, headers, name = request.target, request.headers, None
        if address != target.raw_host:
            name = target.raw_host  # whose certificate is asked for
            headers = {**headers, "Host": target.host_port_subcomponent or ""}
            target = target.with_host(address)
        async with self._open_session().request(
            request.method,
            target,
            headers=headers,
            data=request.body or None,
            allow_redirects=False,
            server_hostname=name,
            timeout=timeout,
        ) as response:
            await _drain(response)
            return response.status, _retry_after_s(response)

    def _open_session(self) -> aiohttp.ClientSession:
        # Made on first use: a session belongs to the event loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=vetted_connector(self._vetting, keep_s=_KEEP_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Set explicitly: leaving out headers that aiohttp adds costs more than sending.
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer, so that its connection can be used again; drop a long or slow one.

    Only its status matters.
    """
    if response.content.at_eof():  # there is none, as with most answers to a webhook
        return
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
    """``target`` unchanged, with ``query`` appended to its own."""
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


def _explain(error: aiohttp.ClientError | OSError, host: str) -> str:
    match error:
        case RefusedAddressError():
            return f"{host} is not on the public Internet"
        case LookupFailedError(reason=reason):
            return reason
        case socket.gaierror():
            return f"the name {host} is not known"
        case aiohttp.ClientConnectorCertificateError():
            return f"the certificate of {host} is not valid"
        case aiohttp.ClientConnectorError():
            return f"{host} does not accept the connection"
        case _:
            return "the server broke off or answers something else than HTTP"
