"""The one outgoing HTTP client of all adapters: carriers, providers, mail services and nodes.

The outcome of a request is an ``Answer``, ``NeverSent`` (it certainly had no effect) or ``Lost``
(it may have had one). That decides whether a call or a payment may be requested again. (URLs given
by buyers must go through ``upstream.fetch``, which checks their addresses.)
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import IO, Any, Final, TypedDict, Unpack

import aiohttp
from yarl import URL

from ringbolt.upstream.exchange import (
    LOST,
    NEVER_SENT,
    Answer,
    Exchange,
    Fault,
    Lost,
    NeverSent,
    read_body,
    without_answer,
)
from ringbolt.upstream.lines import LineStream
from ringbolt.upstream.tls import SYSTEM, Trust

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 5.0
KEEP_IDLE_S: Final = 3.0
"""Common servers close an idle connection after 5 s (uvicorn, Node.js). A request sent on a
connection that was just closed is lost, and it is unknown whether the server received it."""

Body = bytes | IO[bytes] | None


_BROKEN: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
_REPEATED_BY_AIOHTTP: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class Options(TypedDict, total=False):
    """Options of one request: its query, additional headers, and limits."""

    params: Mapping[str, str]
    headers: Mapping[str, str]
    timeout_s: float
    max_bytes: int


class _BrokenError(aiohttp.ClientError):
    """The connection broke during a request that must not be repeated."""


async def _never_repeat(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Prevent aiohttp from silently repeating a GET when its connection breaks: at some services
    (handler_api's getNumber) that buys twice."""
    try:
        return await send(request)
    except NEVER_SENT:
        raise
    except _BROKEN as error:
        raise _BrokenError(error) from error


class HttpClient:
    """An HTTP client with kept-alive connections, opened when first needed.

    ``headers`` are sent with every request. ``trust``: the certificates to accept. ``timeout_s``
    limits a whole exchange, ``connect_s`` the connection set-up, ``max_bytes`` the size of an
    answer. ``keep_idle_s`` must be shorter than the server's own idle timeout.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        *,
        trust: Trust = SYSTEM,
        timeout_s: float = TIMEOUT_S,
        connect_s: float = CONNECT_S,
        keep_idle_s: float = KEEP_IDLE_S,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        # Set explicitly: leaving out headers that aiohttp adds costs more than sending. No answer
        # is compressed: a small one could expand to any size.
        self._headers = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "Ringbolt",
            **(headers or {}),
        }
        self._trust = trust
        self._timeout = aiohttp.ClientTimeout(timeout_s, sock_connect=connect_s)
        self._keep_idle_s = keep_idle_s
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def once(
        self, method: str, url: URL | str, body: Body = None, **options: Unpack[Options]
    ) -> Exchange:
        """Send a request at most once, for requests that must not be repeated."""
        return await self._exchange(method, url, body, options)

    async def ask(
        self, method: str, url: URL | str, body: Body = None, **options: Unpack[Options]
    ) -> Exchange:
        """Send a request that may be repeated: if the connection breaks (it may have been idle for
        too long), it is sent once more, unless the body is a file, which has been read."""
        first = await self._exchange(method, url, body, options)
        if not isinstance(first, Lost) or first.fault is not Fault.BROKEN:
            return first
        if body is not None and not isinstance(body, bytes):
            return first
        second = await self._exchange(method, url, body, options)
        return first if isinstance(second, NeverSent) else second

    async def _exchange(
        self, method: str, url: URL | str, body: Body, options: Options
    ) -> Exchange:
        more: dict[str, Any] = {}
        if method in _REPEATED_BY_AIOHTTP:
            more["middlewares"] = (_never_repeat,)
        limit = self._max_bytes
        if options:
            limit = options.get("max_bytes", limit)
            more |= {name: options[name] for name in ("params", "headers") if name in options}
            if "timeout_s" in options:
                more["timeout"] = aiohttp.ClientTimeout(
                    options["timeout_s"], sock_connect=self._timeout.sock_connect
                )
        try:
            response = await self.session.request(
                method, url, data=body, allow_redirects=False, **more
            )
            # Reading to the end releases the connection. So no ``async with``, which would cost
            # this path (the one to the node) one per cent.
            return Answer(response.status, await read_body(response, limit), response.headers)
        except _BrokenError as error:
            return Lost(str(error) or "the connection broke")
        except LOST as error:
            return without_answer(error)

    def stream(
        self,
        failure: Callable[[Exchange], Exception],
        method: str,
        url: URL | str,
        body: Body = None,
        *,
        params: Mapping[str, str] | None = None,
        silence_s: float | None = None,
    ) -> LineStream:
        """The lines of a streamed answer as they arrive.

        ``failure`` makes the exception for its end: an ``Answer`` whose status is not 200, or a
        ``Lost`` stream. ``silence_s``: end the stream after that many seconds without data.
        """
        timeout = aiohttp.ClientTimeout(
            None, sock_connect=self._timeout.sock_connect, sock_read=silence_s
        )
        request = self.session.request(
            method, url, data=body, params=params, timeout=timeout, allow_redirects=False
        )
        return LineStream(request, failure)

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0,
                ssl=self._trust,
                keepalive_timeout=self._keep_idle_s,
                socket_factory=_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket that detects within half a minute that the other machine is gone."""
    family, kind, protocol, _, _ = address
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    return sock
