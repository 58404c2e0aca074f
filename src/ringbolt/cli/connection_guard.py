"""Limits on connections: how many one address may hold, and how many there may be altogether.

uvicorn accepts connections until no file descriptor is left, not even for the Lightning node and
the store. A shop without a reverse proxy needs limits of its own.
"""

from __future__ import annotations

import ipaddress
import logging
from collections import Counter
from collections.abc import Callable

import structlog

log = structlog.get_logger("ringbolt.connections")

SHARE_OF_DESCRIPTORS = 0.8
"""Share of the process' file descriptors; the rest is for the node, the store and jobs."""
LOOPBACK = "this machine"
_LOG_EVERY_S = 60.0


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
        if b"x-forwarded-for" in dict(headers):
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


class ClientFaults(logging.LoggerAdapter[logging.Logger]):
    """uvicorn's log, except its warnings of invalid requests: a client could flood the log with
    them. The guard reports those."""

    def __init__(self, logger: logging.Logger, guard: ConnectionGuard, peer: str) -> None:
        super().__init__(logger)
        self.level = logger.level
        self._guard = guard
        self._peer = peer

    def warning(self, msg: object, *_: object, **__: object) -> None:
        self._guard.tell(str(msg), self._peer)


def _networks(trusted: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks = []
    for each in trusted.split(","):
        try:
            networks.append(ipaddress.ip_network(each.strip(), strict=False))
        except ValueError:  # a name, or nothing: uvicorn compares it as text
            continue
    return networks
