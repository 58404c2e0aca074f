"""Where a relay listens, as its URL says."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote

from ringbolt.registry.values import split_url

_PORTS: Final = {"smtp": 587, "smtps": 465}
_LIKE: Final = "write it as smtp://host:587 or smtps://host:465, with user:password@ if needed"


@dataclass(frozen=True, slots=True)
class Relay:
    """``is_tls``: TLS from the first byte (RFC 8314), else STARTTLS if at all. ``username`` is ''
    if none is given."""

    host: str
    port: int
    is_tls: bool
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that nobody in between can read along."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_relay(url: str) -> Relay:
    """The relay of ``smtp://user:password@host:587`` or ``smtps://...``; without a port 587 and
    465. Raises ``ValueError`` in plain words."""
    parts = split_url(url)
    if parts is None or parts.scheme not in _PORTS or not url.isascii() or " " in url:
        raise ValueError(_LIKE)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{_LIKE}; nothing may follow the port")
    assert parts.hostname is not None
    return Relay(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
