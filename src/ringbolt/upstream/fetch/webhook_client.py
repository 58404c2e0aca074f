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
from functools import lru_cache, partial

from aiohttp.abc import AbstractResolver
from yarl import URL

from ringbolt.core.humanise import counted
from ringbolt.upstream.connection import Connection, connect
from ringbolt.upstream.exchange import Fault, Lost, NeverSent, NoAnswerError
from ringbolt.upstream.fetch.addresses import network_of
from ringbolt.upstream.fetch.host_turns import NoTurnError, Pacing
from ringbolt.upstream.fetch.name_lookup import LookupFailedError, TooManyLookupsError
from ringbolt.upstream.fetch.vetted import (
    RefusedAddressError,
    RefusedUrlError,
    VettingResolver,
    parse_origins,
    vet_url,
)
from ringbolt.upstream.kept import KeptConnections
from ringbolt.upstream.request import Target, header_lines, target_of
from ringbolt.upstream.tls import SYSTEM

_KEEP_S = 3.0
"""How long an idle connection is kept: an order's changes often come close together."""
_DRAIN_S = 0.5
_DRAIN_BYTES = 4096
_CONNECT_OTHERS_S = 3.0
"""How long one address of several may take to accept a connection."""
_MOST_ADDRESSES = 4
_URLS = 1024
"""How many checked URLs are remembered."""
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
        # Each notice of an order goes to the same URL.
        self._vetted = lru_cache(_URLS)(
            partial(vet_url, allow_origins=self._allow_origins, allow_http=allow_http)
        )
        self._always = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._receivers = Pacing(per_receiver)
        self._machines = Pacing(per_machine)
        self._vetting = VettingResolver(self._allow_origins, resolver)
        self._kept = KeptConnections(_KEEP_S)

    def vet(self, url: str) -> URL:
        """``url`` as it would be requested. Raises ``RefusedUrlError``."""
        return self._vetted(url)

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
        except NoAnswerError as error:
            return NoAnswer(_why(error, target.host or ""), _since_ms(began_s))
        except OSError as error:
            return NoAnswer(_explain(error, target.host or ""), _since_ms(began_s))

    async def close(self) -> None:
        self._kept.close()

    async def _reach(self, request: _Request) -> tuple[int, int | None]:
        """Status and ``Retry-After``. One address after the other, until one accepts."""
        *others, last = await self._addresses(request.target)
        for address in others:
            try:
                return await self._ask_in_turn(request, address, _CONNECT_OTHERS_S)
            except NoAnswerError as error:
                if isinstance(error.exchange, Lost):
                    raise
        return await self._ask_in_turn(request, last, None)

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
        self, request: _Request, address: str, connect_s: float | None
    ) -> tuple[int, int | None]:
        port = request.target.port or 0
        admitted = self._vetting.is_admitted(address, port)
        machine = f"{address}:{port}" if admitted else network_of(address)
        async with self._machines.turn(machine):
            try:
                return await self._ask(request, address, connect_s)
            except NoAnswerError as error:
                if error.exchange != Lost("the connection broke", Fault.BROKEN):
                    raise
                # A kept-alive connection may end just as it is used again.
                return await self._ask(request, address, connect_s)

    async def _ask(
        self, request: _Request, address: str, connect_s: float | None
    ) -> tuple[int, int | None]:
        target = target_of(request.target)
        place = (address, target.port, target.is_tls and target.host)
        connection = self._kept.take(place)
        if connection is None:
            connection = await self._connect(address, target, connect_s)
        try:
            head = b"%b %b%b" % (
                request.method.encode("ascii"),
                target.line,
                header_lines(self._always | dict(request.headers)),
            )
            body = request.body if request.body or request.method == "POST" else None
            await connection.send(head, body, None, is_head=False)
            await connection.read_head()
            await _drain(connection)
            return connection.status, _retry_after_s(connection)
        finally:
            self._kept.keep(place, connection)

    async def _connect(self, address: str, target: Target, connect_s: float | None) -> Connection:
        try:
            async with asyncio.timeout(connect_s) as limit:
                return await connect(
                    address,
                    target.port,
                    SYSTEM if target.is_tls else None,
                    name=target.host,
                    make_socket=self._vetting.vet_socket,
                )
        except TimeoutError:
            if not limit.expired():
                raise
            raise NoAnswerError(NeverSent("nothing came in time", Fault.NOT_IN_TIME)) from None


async def _drain(connection: Connection) -> None:
    """Read a short answer, so that its connection can be used again. A long or slow one is not
    read, and its connection is closed. Only its status matters."""
    if connection.may_be_kept:  # there is none, as with most answers to a webhook
        return
    size = 0
    with suppress(TimeoutError, NoAnswerError):
        async with asyncio.timeout(_DRAIN_S):
            while (piece := await connection.read_some()) and size <= _DRAIN_BYTES:
                size += len(piece)


def _with_query(target: URL, query: str) -> URL:
    """``target`` unchanged, with ``query`` appended to its own."""
    if not query:
        return target
    text = str(target)
    join = "" if text.endswith(("?", "&")) else "&" if "?" in text else "?"
    return URL(f"{text}{join}{query}", encoded=True)


def _since_ms(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)


def _retry_after_s(connection: Connection) -> int | None:
    """Seconds or an HTTP date (RFC 9110, section 10.2.3); None for what is neither."""
    found = [text for name, text in connection.headers if name.lower() == b"retry-after"]
    if not found:
        return None
    text = found[0].decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0, round((at - datetime.now(UTC)).total_seconds()))


def _explain(error: OSError, host: str) -> str:
    match error:
        case RefusedAddressError():
            return f"{host} is not on the public Internet"
        case LookupFailedError(reason=reason):
            return reason
        case socket.gaierror():
            return f"the name {host} is not known"
        case _:
            return f"{host} does not accept the connection"


def _why(error: NoAnswerError, host: str) -> str:
    match error.exchange:
        case NeverSent() if isinstance(error.__cause__, RefusedAddressError):
            return f"{host} is not on the public Internet"
        case NeverSent(fault=Fault.UNTRUSTED):
            return f"the certificate of {host} is not valid"
        case NeverSent():
            return f"{host} does not accept the connection"
    return "the server broke off or answers something else than HTTP"
