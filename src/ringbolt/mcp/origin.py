"""Whose web pages may reach ``/mcp``: only the shop's own.

A page of a stranger could otherwise reach a shop on its visitor's machine, by a name that it makes
resolve to that machine (DNS rebinding). The protocol demands this check.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from ringbolt.core.errors import Forbidden
from ringbolt.http_body import Scope, header

_NOT_FOR_SALE: Final = (".localhost", ".onion", ".internal")
"""Ends of names that nobody can make resolve to another machine."""


def check_origin(scope: Scope, public_url: str) -> None:
    """Raises ``Forbidden`` for a request to a name that is not the shop's, or from a page of
    another site."""
    public = urlsplit(public_url)
    host = _host_of(f"//{header(scope, b'host')}")
    if not _is_ours(host, public.hostname or ""):
        raise Forbidden(
            "This shop does not know that it is reached by this name.",
            code="UNKNOWN_HOST",
            suggestion="Use the shop's address; its operator sets it as RINGBOLT_PUBLIC_URL.",
        )
    origin = header(scope, b"origin")
    own = {f"{public.scheme}://{public.netloc}", f"http://{header(scope, b'host')}"}
    if origin and origin not in own:
        raise Forbidden(
            "Web pages of other sites may not use this address.",
            code="UNKNOWN_ORIGIN",
            suggestion="Use an agent program, or the HTTP API, which takes requests of all sites.",
        )


def _host_of(address: str) -> str:
    """The host of an address, '' if it has none that can be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_ours(host: str, public_host: str) -> bool:
    if not host:
        return False
    if host == public_host or "." not in host or host.endswith(_NOT_FOR_SALE):
        return True  # a name without a dot is one of the local network
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
