"""Limits on connections: how many one address may hold, and how long a request may take to arrive.

uvicorn waits for a request's head without limit and accepts connections until no file descriptor is
left, not even for the Lightning node and the store. A shop without a reverse proxy needs limits of
its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger("ringbolt.connections")

SHARE_OF_DESCRIPTORS = 0.8
"""Share of the process' file descriptors; the rest is for the node, the store and jobs."""
LOOPBACK = "this machine"
_LOG_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class ConnectionTimeouts:
    """``head_s``: how long a request's head may take to arrive, from its first byte or from the
    start of the connection. ``read_s``: a client that reads nothing of its answer for that long is
    disconnected, because the answer waits in our memory."""

    head_s: float = 15.0
    read_s: float = 30.0


TIMEOUTS = ConnectionTimeouts()


class ConnectionGuard:
    """Counts the connections of a server.

    ``per_address``: how many one address (IPv6: one /64 network) may hold; this machine and the
    ``trusted`` proxies may hold any number. ``most``: how many there may be altogether.
    """

    def __init__(
        self, per_address: int, most: int, trusted: str, now_s: Callable[[], float]
    ) -> None:
        self._per_address = per_address
        self._most = most
        self._trusts_all = trusted.strip() == "*"
        self._trusted = [] if self._trusts_all else _networks(trusted)
        self._held: Counter[str] = Counter()
        self._total = 0
        self._now_s = now_s
        self._told_s = -_LOG_EVERY_S
        self._untold = 0
        self.looks_for_proxies = True

    def admit(self, address: str) -> str | None:
        """Count a connection; returns the name it counts for, None if there are too many."""
        name = self._name(address)
        if self._total >= self._most:
            return None
        if name not in ("", LOOPBACK) and self._held[name] >= self._per_address:
            return None
        self._total += 1
        if name:
            self._held[name] += 1
        return name

    def release(self, name: str) -> None:
        """A connection that was admitted under ``name`` has ended."""
        self._total -= 1
        if name:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]

    def tell(self, what: str, peer: str = "") -> None:
        """Log why a connection was refused; once a minute, however many there are."""
        now_s = self._now_s()
        if now_s - self._told_s < _LOG_EVERY_S:
            self._untold += 1
            return
        log.warning("connection refused", why=what, peer=peer, others_since=self._untold)
        self._told_s, self._untold = now_s, 0

    def look_for_proxy(self, peer: str, headers: list[tuple[bytes, bytes]]) -> None:
        """Warn once about an untrusted proxy: the limits treat all its clients as one."""
        if any(name == b"x-forwarded-for" for name, _ in headers):
            self.looks_for_proxies = False
            log.warning(
                "X-Forwarded-For is not believed; if it is your proxy that sends it, name it in "
                "RINGBOLT_TRUSTED_PROXIES",
                peer=peer,
            )

    def _name(self, address: str) -> str:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:  # a Unix socket has none
            return ""
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if self._trusts_all or any(ip in network for network in self._trusted):
            return ""
        if ip.is_loopback:
            return LOOPBACK
        if ip.version == 6:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        return str(ip)


class _ClientFaults(logging.LoggerAdapter[logging.Logger]):
    """uvicorn's log, except its warnings of invalid requests: a client could flood the log with
    them. The guard reports those."""

    def __init__(self, logger: logging.Logger, guard: ConnectionGuard, peer: str) -> None:
        super().__init__(logger)
        self.level = logger.level
        self._guard = guard
        self._peer = peer

    def warning(self, msg: object, *_: object, **__: object) -> None:
        self._guard.tell(str(msg), self._peer)


class GuardedHttp(HttpToolsProtocol):
    """uvicorn's connection, admitted by the guard, with a timeout for each request's head."""

    def __init__(
        self, guard: ConnectionGuard, timeouts: ConnectionTimeouts, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard
        self._timeouts = timeouts
        self._peer = ""
        self._admitted: str | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self.logger = _ClientFaults(self.logger, self._guard, self._peer)  # type: ignore[assignment]
        self._admitted = self._guard.admit(self._peer)
        if self._admitted is None:
            self._refuse(503, "Too many connections. Close some, or come back a little later.")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted is not None:
            self._guard.release(self._admitted)
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._admitted is not None:
            super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        if self._admitted and self._guard.looks_for_proxies:
            self._guard.look_for_proxy(self._admitted, self.headers)
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._stop_waiting()
        super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._stop_watching()
        super().resume_writing()

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

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._timeouts.head_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        self._refuse(408, "The request took too long to arrive. Send it again, at once.")

    def _refuse(self, status: int, words: str) -> None:
        self._guard.tell(words, self._peer)
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an answer is being sent: no other may be mixed into it
            return
        phrase = {408: "Request Timeout", 503: "Service Unavailable"}[status]
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(words)}\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
        )
        self.transport.write((head + words).encode("ascii"))
        self.transport.close()


def guarded(guard: ConnectionGuard, timeouts: ConnectionTimeouts = TIMEOUTS) -> Any:
    """The class for ``uvicorn.Config(http=...)``."""
    return partial(GuardedHttp, guard, timeouts)


def _networks(trusted: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks = []
    for each in trusted.split(","):
        try:
            networks.append(ipaddress.ip_network(each.strip(), strict=False))
        except ValueError:  # a name, or nothing: uvicorn compares it as text
            continue
    return networks
