"""Which servers take the mail of a domain (RFC 5321, 5.1; RFC 7505)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver

from ringbolt.mail.smtp.connection import Endpoint
from ringbolt.mail.smtp.replies import NotSentError
from ringbolt.upstream.fetch.addresses import is_public
from ringbolt.upstream.fetch.name_lookup import LookupFailedError, NameServers

RESOLV_CONF: Final = Path("/etc/resolv.conf")
_MOST_HOSTS: Final = 5
"""So many of a domain's servers are tried, the preferred first."""
_MOST_ADDRESSES: Final = 4
"""So many addresses of one server."""
_DNS_PORT: Final = 53


class NoMailError(Exception):
    """No server takes the mail of this domain, and none will. The message says why."""


def resolver_of(servers: Iterable[str]) -> dns.asyncresolver.Resolver | None:
    """A resolver that asks these name servers (``192.0.2.1``, ``192.0.2.1:53``,
    ``[2001:db8::1]:53``); None without any. Raises ``ValueError``."""
    found = dict(map(_server, servers))
    if not found:
        return None
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = list(found)
    resolver.nameserver_ports = found
    return resolver


def _server(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        return str(ip_address(parts.hostname or "")), parts.port or _DNS_PORT
    except ValueError:
        said = "write name servers as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"
        raise ValueError(said) from None


class Exchangers:
    """Looks up the servers of a recipient's domain. ``port``: where they listen.

    A stranger chooses the domain, and so where its records lead: servers on addresses that are not
    public are left out unless ``private_allowed``.
    """

    def __init__(
        self,
        resolver: dns.asyncresolver.Resolver | None,
        port: int,
        timeout_s: float,
        *,
        private_allowed: bool = False,
    ) -> None:
        self._names = NameServers(resolver, RESOLV_CONF, timeout_s)
        self._port = port
        self._timeout_s = timeout_s
        self._private_allowed = private_allowed

    async def of(self, domain: str) -> list[Endpoint]:
        """The servers of ``domain`` in the order in which to try them, at least one.

        Raises ``NoMailError`` if there are none, and ``NotSentError`` if that cannot be found out.
        """
        hosts = await self._hosts(domain)
        found = [endpoint for host in hosts if (endpoint := await self._endpoint(host))]
        if not found:
            raise NotSentError(f"no mail server of {domain} has an address that can be used")
        return found

    async def _hosts(self, domain: str) -> list[str]:
        try:
            resolver = self._names.resolver()
            answer = await resolver.resolve(
                dns.name.from_text(domain), "MX", lifetime=self._timeout_s, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            raise NoMailError(f"there is no domain {domain}") from None
        except (OSError, dns.exception.DNSException) as error:
            raise NotSentError(f"the mail servers of {domain} cannot be looked up") from error
        records = [(int(each.preference), each.exchange) for each in answer.rrset or ()]
        if not records:
            return [domain]  # the implicit MX
        if all(exchange == dns.name.root for _, exchange in records):
            raise NoMailError(f"{domain} takes no e-mail (RFC 7505)")
        random.shuffle(records)  # those of the same preference share the load
        records.sort(key=lambda record: record[0])
        names = (name.to_text(omit_final_dot=True) for _, name in records if name != dns.name.root)
        return list(dict.fromkeys(names))[:_MOST_HOSTS]

    async def _endpoint(self, host: str) -> Endpoint | None:
        try:
            addresses, _ = await self._names.ask(host)
        except LookupFailedError:
            return None
        usable = tuple(each for each in addresses if self._private_allowed or is_public(each))
        if not usable:
            return None
        return Endpoint(host, usable[:_MOST_ADDRESSES], self._port)
