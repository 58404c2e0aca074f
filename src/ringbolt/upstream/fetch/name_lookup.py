"""DNS look-ups of untrusted names: in bounded time, with limited concurrency.

The system's resolver (getaddrinfo) cannot be cancelled: a name server that never answers would
block a thread for tens of seconds, and some dozens of names every look-up of the shop. So untrusted
names are resolved over DNS alone, each query with a deadline; slow name servers use up the limit of
their own zone before the limit of all. Names that the operator configured (``fetch.allow_origins``)
are resolved by the system, ``/etc/hosts`` included.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from aiohttp.abc import AbstractResolver, ResolveResult

from ringbolt.upstream.fetch.addresses import canonical_host

_TTL_LIMIT_S: Final = 60.0
_MOST_ADDRESSES: Final = 16
_RESOLV_CONF: Final = Path("/etc/resolv.conf")
_SECOND_LEVELS: Final = frozenset(
    {"ac", "co", "com", "edu", "go", "gov", "gv", "ne", "net", "nom", "or", "org"}
)
"""Labels under which country registries register names, as in co.uk and com.au."""


@dataclass(frozen=True, slots=True)
class LookupLimits:
    """``timeout_s``: for one look-up, all servers and repetitions together. ``per_zone`` and
    ``at_once``: how many may be under way. ``remembered``: how many names are kept."""

    timeout_s: float = 5.0
    per_zone: int = 32
    at_once: int = 256
    remembered: int = 1000


class LookupFailedError(OSError):
    """No address was found for a name. ``reason``: one plain phrase that names it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyLookupsError(OSError):
    """Nothing was queried: too many look-ups are under way, of all names or of this zone."""


class NameLookup(AbstractResolver):
    """Addresses of names, IPv4 first. Belongs to one event loop.

    ``system_names`` are resolved by the system. ``dns_servers`` replaces those of
    ``/etc/resolv.conf``. Answers are cached for their TTL, at most a minute.
    Raises ``LookupFailedError``, ``TooManyLookupsError``, and ``OSError`` for system names.
    """

    def __init__(
        self,
        system_names: Collection[str] = (),
        dns_servers: dns.asyncresolver.Resolver | None = None,
        limits: LookupLimits = LookupLimits(),
        resolv_conf: Path = _RESOLV_CONF,
    ) -> None:
        self._system_names = frozenset(system_names)
        self._limits = limits
        self._dns = NameServers(dns_servers, resolv_conf, limits.timeout_s)
        self._known: dict[str, tuple[float, list[str]]] = {}
        self._under_way: Counter[str] = Counter()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        name = canonical_host(host)
        if name in self._system_names:
            found = await _ask_system(host, family)
        else:
            found = self._remembered(name) or await self._ask_in_turn(name)
        wanted = (
            [entry for entry in found if _family(entry) == family]
            if family != socket.AF_UNSPEC
            else found
        )
        if not wanted:
            raise LookupFailedError(f"the name {host} has no address")
        return [_resolved(host, address, port) for address in wanted]

    async def close(self) -> None:
        return None

    def _remembered(self, name: str) -> list[str] | None:
        until_s, addresses = self._known.get(name, (0.0, []))
        return addresses if time.monotonic() < until_s else None

    async def _ask_in_turn(self, name: str) -> list[str]:
        zone = zone_of(name)
        limits = self._limits
        if self._under_way[zone] >= limits.per_zone or self._under_way.total() >= limits.at_once:
            raise TooManyLookupsError(f"too many look-ups are under way to ask for {name}")
        self._under_way[zone] += 1
        try:
            addresses, ttl_s = await self._dns.ask(name)
        finally:
            self._under_way[zone] -= 1
            if not self._under_way[zone]:
                del self._under_way[zone]
        if len(self._known) >= limits.remembered:
            self._known.pop(next(iter(self._known)))
        self._known[name] = (time.monotonic() + min(ttl_s, _TTL_LIMIT_S), addresses)
        return addresses


class NameServers:
    """The machine's name servers, as configured in ``resolv_conf`` at this moment, or ``fixed``."""

    def __init__(
        self, fixed: dns.asyncresolver.Resolver | None, resolv_conf: Path, timeout_s: float
    ) -> None:
        self._fixed = fixed
        self._resolv_conf = resolv_conf
        self._timeout_s = timeout_s
        self._read: tuple[int, dns.asyncresolver.Resolver] | None = None

    async def ask(self, name: str) -> tuple[list[str], float]:
        """Addresses of a name, and their TTL in seconds. Raises ``LookupFailedError``."""
        try:
            resolver, absolute = self.resolver(), dns.name.from_text(name)
        except (OSError, dns.exception.DNSException) as error:
            raise LookupFailedError(f"the name {name} cannot be looked up") from error
        answers = await asyncio.gather(
            *(self._query(resolver, absolute, kind) for kind in ("A", "AAAA"))
        )
        found = [answer for answer in answers if isinstance(answer, dns.resolver.Answer)]
        addresses = [entry.address for answer in found for entry in answer.rrset or ()]
        if addresses:
            ttl_s = min(answer.rrset.ttl for answer in found if answer.rrset)
            return addresses[:_MOST_ADDRESSES], ttl_s
        if any(isinstance(answer, dns.exception.Timeout) for answer in answers):
            raise LookupFailedError(f"no name server answers for {name}")
        raise LookupFailedError(f"the name {name} is not known")

    def resolver(self) -> dns.asyncresolver.Resolver:
        """The resolver; ``resolv_conf`` is read again if it changed (a change of networks)."""
        if self._fixed is not None:
            return self._fixed
        changed_ns = self._resolv_conf.stat().st_mtime_ns
        if self._read is None or self._read[0] != changed_ns:
            self._read = (changed_ns, dns.asyncresolver.Resolver(str(self._resolv_conf)))
        return self._read[1]

    async def _query(
        self, resolver: dns.asyncresolver.Resolver, name: dns.name.Name, kind: str
    ) -> dns.resolver.Answer | dns.exception.DNSException:
        try:
            return await resolver.resolve(
                name, kind, lifetime=self._timeout_s, raise_on_no_answer=False
            )
        except dns.exception.DNSException as error:
            return error


async def _ask_system(host: str, family: socket.AddressFamily) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(
        host, None, family=family, type=socket.SOCK_STREAM
    )
    # An address with a scope ("fe80::1%2") keeps it here, and is refused because of it.
    return [str(sockaddr[0]) for *_, sockaddr in found]


def zone_of(name: str) -> str:
    """The registered part of a name, as far as that is known without a list of all registries: its
    last two labels, or three under names like co.uk."""
    labels = name.split(".")
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3 if is_shared else -2 :])


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=_family(address),
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
