"""Connections to untrusted URLs, but never into the private network (SSRF).

Every request to an untrusted URL (audio, callbacks) is checked here in two steps: ``vet_url``
checks the URL itself, ``vetted_connector`` the addresses of its name. The connector connects to
exactly the addresses that it checked, so a name that changes its address between check and use (DNS
rebinding) gains nothing.

Any port is allowed: private services are kept out by address, not by port.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import StrOrURL
from yarl import URL

from ringbolt.upstream.fetch.addresses import (
    DEFAULT_PORTS,
    Origin,
    canonical_host,
    is_public,
    literal_address,
)
from ringbolt.upstream.fetch.name_lookup import NameLookup

MAX_URL_LENGTH = 2048

_KEPT = "".join(map(chr, range(0x21, 0x7F)))
"""Every printable character of ASCII, the percent sign among them."""


class RefusedUrlError(ValueError):
    """A URL that is not followed. ``private``: because it leads to a private address."""

    def __init__(self, message: str, *, private: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.private = private


class RefusedAddressError(OSError):
    """A name that leads to an address that is not public. ``host``: the name."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} has an address that is not public")
        self.host = host


def vet_url(url: StrOrURL, allow_origins: frozenset[Origin], *, allow_http: bool = False) -> URL:
    """``url`` as it may be requested, without fragment and trailing dot.

    Refuses, with ``RefusedUrlError``: other schemes than https (and http where allowed), user
    names and passwords, spaces, control characters, hosts that are private addresses in any
    spelling, localhost. Must be called for every URL and every redirect, since an address written
    out in a URL never reaches the resolver of ``vetted_connector``.
    """
    target = _parse(str(url), allow_http=allow_http)
    host = canonical_host(target.raw_host or "")
    origin = Origin(target.scheme, host, target.port or DEFAULT_PORTS[target.scheme])
    target = _as_written(target.with_host(host), str(url))
    if origin in allow_origins:
        return target
    if target.scheme != "https" and not allow_http:
        raise RefusedUrlError("the URL must begin with https://")
    _vet_host(host)
    return target


def _as_written(target: URL, text: str) -> URL:
    """``target`` with path and query as in ``text``, since a signature may cover them. Characters
    that no URL may hold are percent-encoded (RFC 3986); nothing else is changed."""
    parts = urlsplit(text)
    return URL.build(
        scheme=target.scheme,
        authority=target.raw_authority,
        path=quote(parts.path, safe=_KEPT) or "/",
        query_string=quote(parts.query, safe=_KEPT),
        encoded=True,
    )


def _parse(text: str, *, allow_http: bool) -> URL:
    if len(text) > MAX_URL_LENGTH:
        raise RefusedUrlError(f"the URL is longer than {MAX_URL_LENGTH} characters")
    if any(char <= " " or char == "\x7f" for char in text):
        raise RefusedUrlError("the URL contains a space or a control character")
    try:
        target = URL(text)
        canonical_host(target.raw_host or "")
    except ValueError as error:
        raise RefusedUrlError("the URL cannot be read") from error
    if target.scheme not in DEFAULT_PORTS:
        plain = "http:// or " if allow_http else ""
        raise RefusedUrlError(f"the URL must begin with {plain}https://")
    if "@" in target.raw_authority:
        raise RefusedUrlError("the URL must not contain a user name or password")
    if not target.raw_host or "%" in target.raw_host or target.port == 0:
        raise RefusedUrlError("the URL has no valid host")
    return target


def _vet_host(host: str) -> None:
    try:
        address = literal_address(host)
    except ValueError as error:
        raise RefusedUrlError("the URL has no valid host") from error
    if address is None:
        if host == "localhost" or host.endswith(".localhost"):
            raise RefusedUrlError(f"{host} is this server itself", private=True)
    elif not is_public(address):
        raise RefusedUrlError(f"{host} is not a public Internet address", private=True)
    elif str(address) != host:
        raise RefusedUrlError(f"write the address in the usual way: {address}")


class VettingResolver(AbstractResolver):
    """Returns the addresses that ``inner`` (None: a ``NameLookup``) finds, if all of them are
    public, else none."""

    def __init__(
        self, allow_origins: Iterable[Origin], inner: AbstractResolver | None = None
    ) -> None:
        self._allowed = {(origin.host, origin.port) for origin in allow_origins}
        self._inner = inner or NameLookup({host for host, _ in self._allowed})
        self._admitted = set(self._allowed)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if (canonical_host(host), port) in self._allowed:
            self._admitted.update((entry["host"], port) for entry in found)
        elif not all(is_public(entry["host"]) for entry in found):
            raise RefusedAddressError(host)
        return found

    def vet_socket(self, address_info: aiohttp.AddrInfoType) -> socket.socket:
        """The socket for one address, refused again if it is not public.

        The last check before the network: every address, also one written out in a URL, is checked
        by its bytes.
        """
        family, kind, protocol, _, sockaddr = address_info
        host, port = str(sockaddr[0]), int(sockaddr[1])
        if not is_public(host) and not self.is_admitted(host, port):
            raise RefusedAddressError(host)
        return socket.socket(family=family, type=kind, proto=protocol)

    def is_admitted(self, host: str, port: int) -> bool:
        """Whether the operator allowed this address: as an origin, or by a name that resolves to
        it."""
        return (host, port) in self._admitted

    async def close(self) -> None:
        await self._inner.close()


def vetted_connector(vetting: VettingResolver, *, keep_s: float = 0.0) -> aiohttp.TCPConnector:
    """A connector that reaches public addresses and the named origins only.

    Each connection is to a checked address; an idle one is kept for ``keep_s``. A
    refused name surfaces as ``aiohttp.ClientConnectorError`` whose ``os_error`` is
    ``RefusedAddressError``.
    """
    return aiohttp.TCPConnector(
        resolver=vetting,
        socket_factory=vetting.vet_socket,
        use_dns_cache=False,
        force_close=not keep_s,
        keepalive_timeout=keep_s or None,
        limit=0,
    )


def parse_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """Origins of ``fetch.allow_origins``. Raises ``ValueError`` for what is not an origin."""
    return frozenset(Origin.parse(text) for text in texts)
