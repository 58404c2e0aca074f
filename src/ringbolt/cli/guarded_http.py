"""uvicorn's HTTP connection with limits on what one request may send, and in what time.

uvicorn keeps whatever a client sends as a request's head (100 MB of header lines took 1.9 GB) and
waits for it without limit, goes on reading the body of a request that was refused, adds a chunked
body's trailers to the headers, and queues pipelined requests without limit.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ringbolt.cli.connection_guard import ClientFaults, ConnectionGuard
from ringbolt.http_body import HAS_ARRIVED


@dataclass(frozen=True, slots=True)
class ConnectionTimeouts:
    """``head_s``: how long a request's head may take to arrive, from its first byte or from the
    start of the connection. ``body_s``: how long a body may take after it; longer than the limit of
    the addresses that read it, which refuse it in their own words. ``read_s``: a client that reads
    nothing of its answer for that long is disconnected, because the answer waits in our memory."""

    head_s: float = 15.0
    body_s: float = 25.0
    read_s: float = 30.0


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """``target_bytes``: the address in the request line. ``head_bytes`` and ``head_lines``: all
    header lines, and as much again for what is no body in a chunked body. ``unwanted_bytes``: how
    much of a body is read after its request was answered. ``waiting``: pipelined requests."""

    target_bytes: int = 32 * 1024
    head_bytes: int = 64 * 1024
    head_lines: int = 100
    unwanted_bytes: int = 8 * 1024 * 1024
    waiting: int = 64


TIMEOUTS: Final = ConnectionTimeouts()
LIMITS: Final = RequestLimits()
_LINE_BYTES: Final = 4
"""Of a header line beside its name and value: a colon, a space and the line's end."""


class _Stage(Enum):
    """What the connection receives: nothing yet, a request's head, or its body."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()


_BODY: Final = _Stage.BODY


class _RefusedError(Exception):
    """The request breaks a limit: the parser stops."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class GuardedHttp(HttpToolsProtocol):
    """A connection, admitted by the guard, whose requests have limits."""

    def __init__(
        self,
        guard: ConnectionGuard,
        timeouts: ConnectionTimeouts,
        limits: RequestLimits,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard
        self._timeouts = timeouts
        self._limits = limits
        self._peer = ""
        self._admitted: str | None = None
        self._ended = False
        self._arrival_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._stage = _Stage.IDLE
        self._head_bytes = 0
        self._head_lines = 0
        self._most_bytes = limits.head_bytes
        self._most_lines = limits.head_lines
        self._unwanted_bytes = 0
        self._unparsed_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self.logger = ClientFaults(self.logger, self._guard, self._peer)  # type: ignore[assignment]
        self._admitted = self._guard.admit(self._peer)
        if self._admitted is None:
            self._refuse(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Too many connections. Close some, or come back a little later.",
            )
        else:
            self._await(self._timeouts.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted is not None:
            self._guard.release(self._admitted)
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._unset_keepalive_if_required()
        self._unparsed_bytes += len(data)
        try:
            self.parser.feed_data(data)
            if self._unparsed_bytes > self._most_bytes:
                # The parser keeps a line until it ends; chunk extensions have no limit there.
                raise self._head_too_large()
        except httptools.HttpParserUpgrade:
            self._serve_without_upgrade()
        except httptools.HttpParserError as error:
            why = error.__context__
            if isinstance(why, _RefusedError):
                self._refuse(why.status, why.words)
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, "This is not a valid HTTP request.")
        except _RefusedError as error:
            self._refuse(error.status, error.words)
        else:
            self._limit_arrival()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stage = _Stage.HEAD
        self._head_bytes = self._head_lines = self._unwanted_bytes = self._unparsed_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._unparsed_bytes = 0
        if len(self.url) > self._limits.target_bytes:
            raise _RefusedError(
                HTTPStatus.REQUEST_URI_TOO_LONG,
                f"The address is over {self._limits.target_bytes} bytes. Send long texts in the "
                "body.",
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        self._unparsed_bytes = 0
        self._head_bytes += len(name) + len(value) + _LINE_BYTES
        self._head_lines += 1
        if self._head_bytes > self._most_bytes or self._head_lines > self._most_lines:
            raise self._head_too_large()
        if self._stage is not _BODY:  # a trailer must not become a header
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        if len(self.pipeline) >= self._limits.waiting:
            raise _RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests wait here.")
        if self._admitted and self._guard.looks_for_proxies:
            self._guard.look_for_proxy(self._admitted, self.headers)
        super().on_headers_complete()
        self._stage = _BODY
        self._head_bytes = self._head_lines = 0  # from here on, of trailers

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        if self._ended:
            return
        if self.cycle.response_complete:
            self._unwanted_bytes += len(body)
            if self._unwanted_bytes > self._limits.unwanted_bytes:
                self._end("A client went on sending a body that was refused.")
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        self._stage = _Stage.IDLE
        self.scope[HAS_ARRIVED] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._stop_watching()
        super().resume_writing()

    def _head_too_large(self) -> _RefusedError:
        return _RefusedError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The headers are over {self._limits.head_bytes} bytes, or more than "
            f"{self._limits.head_lines}. Send fewer or shorter ones.",
        )

    def _serve_without_upgrade(self) -> None:
        """Answer the request as if it asked for no other protocol. What follows it may be in that
        protocol already, so nothing more is read."""
        self._guard.tell("A client asked for another protocol than HTTP/1.1.", self._peer)
        self._stop_waiting()
        self._ended = True
        self.cycle.keep_alive = False

    def _limit_arrival(self) -> None:
        """Start the time limit of a head or body that has not arrived as a whole."""
        if self._arrival_timer is not None or self._ended:
            return
        if self._stage is _BODY:
            self._await(self._timeouts.body_s)
        elif self._stage is _Stage.HEAD or not self._is_answering():
            self._await(self._timeouts.head_s)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await(self, within_s: float) -> None:
        self._arrival_timer = self.loop.call_later(within_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._arrival_timer is not None:
            self._arrival_timer.cancel()
            self._arrival_timer = None

    def _too_slow(self) -> None:
        self._arrival_timer = None
        if self._stage is _BODY and self.cycle.response_complete:
            self._end("A client took too long to send a body that was refused.")
            return
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            "The request took too long to arrive. Send it again, at once.",
        )

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        """Answer and close; an answer that is being sent is not mixed with another."""
        if self._ended:
            return
        if self._is_answering() and not self._take_over():
            self._end(words)
            return
        again = "Retry-After: 5\r\n" if status in (408, 503) else ""
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(words)}\r\n"
            f"{again}Connection: close\r\n\r\n"
        )
        self.transport.write((head + words).encode("ascii"))
        self._end(words)

    def _take_over(self) -> bool:
        """Answer in the place of the address that still reads this request's body; False if it has
        begun to answer, or answers an earlier request."""
        cycle = self.cycle
        if self._stage is not _BODY or cycle.response_started or self.pipeline:
            return False
        cycle.disconnected = cycle.response_complete = True
        cycle.message_event.set()
        return True

    def _end(self, why: str) -> None:
        self._guard.tell(why, self._peer)
        self._stop_waiting()
        self._ended = True
        self.transport.close()

    def _watch(self, unread: int) -> None:
        within_s = self._timeouts.read_s
        self._unread_timer = self.loop.call_later(within_s, self._look_whether_read, unread)

    def _look_whether_read(self, unread: int) -> None:
        still_unread = self.transport.get_write_buffer_size()
        if still_unread < unread:
            self._watch(still_unread)
        else:
            self._unread_timer = None
            self._guard.tell("A client read nothing of its answer.", self._peer)
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None


def guarded(
    guard: ConnectionGuard,
    timeouts: ConnectionTimeouts = TIMEOUTS,
    limits: RequestLimits = LIMITS,
) -> Any:
    """The class for ``uvicorn.Config(http=...)``."""
    return partial(GuardedHttp, guard, timeouts, limits)
