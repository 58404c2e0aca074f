"""The one outgoing HTTP client of all adapters: carriers, providers, mail services and nodes.

The outcome of a request is an ``Answer``, ``NeverSent`` (it certainly had no effect) or ``Lost``
(it may have had one). That decides whether a call or a payment may be requested again. (URLs given
by buyers must go through ``upstream.fetch``, which checks their addresses.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import IO, Final, TypedDict, Unpack

from yarl import URL

from ringbolt.upstream.connection import Connection, connect
from ringbolt.upstream.exchange import Answer, Exchange, Fault, Lost, NeverSent, NoAnswerError
from ringbolt.upstream.kept import KeptConnections
from ringbolt.upstream.lines import LineStream
from ringbolt.upstream.request import Target, header_lines, target_of
from ringbolt.upstream.tls import SYSTEM, Trust

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 5.0
KEEP_IDLE_S: Final = 3.0
"""Common servers close an idle connection after 5 s (uvicorn, Node.js). A request sent on a
connection that was just closed is lost, and it is unknown whether the server received it."""

Body = bytes | IO[bytes] | None

_NOT_IN_TIME: Final = "nothing came in time"
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_OCTETS: Final = b"Content-Type: application/octet-stream\r\n"


class Options(TypedDict, total=False):
    """Options of one request: its query, additional headers, and limits."""

    params: Mapping[str, str]
    headers: Mapping[str, str]
    timeout_s: float
    max_bytes: int


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
        # No answer is compressed: a small one could expand to any size.
        always = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "Ringbolt",
            **(headers or {}),
        }
        self._always = always
        self._always_lines = header_lines(always)
        self._has_type = any(name.lower() == "content-type" for name in always)
        self._trust = trust
        self._timeout_s = timeout_s
        self._connect_s = connect_s
        self._max_bytes = max_bytes
        self._kept = KeptConnections(keep_idle_s)

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
        target = target_of(_with_params(url, options.get("params")))
        head = self._head(method, target, body, options.get("headers"))
        timeout_s = options.get("timeout_s", self._timeout_s)
        limit = options.get("max_bytes", self._max_bytes)
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        try:
            connection = await self._connection(target, timeout_s)
            timer = loop.call_at(until, connection.fail, Lost(_NOT_IN_TIME, Fault.NOT_IN_TIME))
            try:
                await connection.send(head, body, limit, is_head=method == "HEAD")
                content = await connection.whole_body()
            except BaseException:
                connection.abort()
                raise
            finally:
                timer.cancel()
        except NoAnswerError as error:
            return error.exchange
        self._kept.keep(target.place, connection)
        return Answer(connection.status, content, connection.fields)

    def stream(
        self,
        failure: Callable[[Exchange], Exception],
        method: str,
        url: URL | str,
        body: bytes | None = None,
        *,
        params: Mapping[str, str] | None = None,
        silence_s: float | None = None,
    ) -> LineStream:
        """The lines of a streamed answer as they arrive.

        ``failure`` makes the exception for its end: an ``Answer`` whose status is not 200, or a
        ``Lost`` stream. ``silence_s``: end the stream after that many seconds without data.
        """
        return LineStream(self._open(method, _with_params(url, params), body), failure, silence_s)

    @asynccontextmanager
    async def _open(
        self, method: str, url: URL | str, body: bytes | None
    ) -> AsyncIterator[Connection]:
        """A connection on which the request was sent, and whose answer is read as it comes."""
        target = target_of(url)
        connection = await self._connection(target, self._connect_s)
        try:
            await connection.send(self._head(method, target, body, None), body, None, is_head=False)
            yield connection
        finally:
            if connection.may_be_kept:
                self._kept.keep(target.place, connection)
            else:
                connection.abort()

    async def _connection(self, target: Target, timeout_s: float) -> Connection:
        kept = self._kept.take(target.place)
        if kept is not None:
            return kept
        try:
            async with asyncio.timeout(min(self._connect_s, timeout_s)):
                return await connect(
                    target.host, target.port, self._trust if target.is_tls else None
                )
        except TimeoutError:
            raise NoAnswerError(NeverSent(_NOT_IN_TIME, Fault.NOT_IN_TIME)) from None

    def _head(
        self, method: str, target: Target, body: Body, headers: Mapping[str, str] | None
    ) -> bytes:
        """The head of a request without its last line, and without a Content-Length of a body."""
        lines = self._always_lines
        has_type = self._has_type
        if headers:
            given = {name.lower() for name in headers}
            kept = {name: text for name, text in self._always.items() if name.lower() not in given}
            lines = header_lines(kept | dict(headers))
            has_type = has_type or "content-type" in given
        if body is None:
            if method in _BODY_METHODS:
                lines += b"Content-Length: 0\r\n"
        elif not has_type:
            lines += _OCTETS
        return b"%b %b%b" % (method.encode("ascii"), target.line, lines)

    async def close(self) -> None:
        self._kept.close()


def _with_params(url: URL | str, params: Mapping[str, str] | None) -> URL:
    url = URL(url) if isinstance(url, str) else url
    return url.extend_query(params) if params else url
