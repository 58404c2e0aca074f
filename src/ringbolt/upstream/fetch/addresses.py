"""Which addresses an untrusted URL may lead to, and which origins are always allowed.

Pure: nothing is resolved here. The lists follow the IANA special-purpose address registries
(RFC 6890 and its updates) instead of ``ipaddress.is_global``, whose answers differ between
Python 3.11 and 3.14. What is not known to be public is not public.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final
from urllib.parse import urlsplit

IPAddress = IPv4Address | IPv6Address

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, RFC 1122
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the limited broadcast
    )
)

_GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")
"""The only part of IPv6 that is allocated for global unicast (RFC 4291, IANA)."""

_NOT_PUBLIC_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, benchmarking, RFC 2928
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4 embeds any IPv4 address, RFC 7526
        "3fff::/20",  # documentation, RFC 9637
    )
)

_NAT64: Final = IPv6Network("64:ff9b::/96")
_ISATAP_MARKS: Final = (0x00005EFE, 0x02005EFE)


def is_public(address: IPAddress | str) -> bool:
    """True if ``address`` is a unicast address of the open Internet.

    Refused are loopback, private, shared, link-local, unique-local, multicast, reserved,
    benchmarking and documentation ranges, scoped addresses, IPv4-mapped and IPv4-compatible ones,
    6to4 and Teredo, and NAT64 or ISATAP forms around an IPv4 address that is not public itself.
    Text that is no address is not public.
    """
    if isinstance(address, str):
        try:
            address = ipaddress.ip_address(address)
        except ValueError:
            return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return _is_public_v6(address)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    embedded = IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64:
        return is_public(embedded)
    if address not in _GLOBAL_UNICAST_V6 or any(address in net for net in _NOT_PUBLIC_V6):
        return False
    is_isatap = int(address) >> 32 & 0xFFFFFFFF in _ISATAP_MARKS  # RFC 5214
    return is_public(embedded) if is_isatap else True


def network_of(address: str) -> str:
    """What belongs to one machine: an IPv4 address, or the /64 network of an IPv6 address."""
    if ":" not in address:
        return address
    return str(IPv6Network((address, 64), strict=False))


_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


def literal_address(host: str) -> IPAddress | None:
    """The address that ``host`` spells out, or None if it is a name.

    Reads the unusual spellings of IPv4 that C libraries and browsers accept too: ``0x7f.1``,
    ``2130706433``, ``0177.0.0.1`` (WHATWG URL, "ends in a number"). Raises ``ValueError`` for a
    host that looks like an address and is none.
    """
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare:
        return ipaddress.ip_address(bare)
    parts = bare.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    numbers = [_number(part) for part in parts]
    if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]):
        raise ValueError(f"{host} is not an address")
    value = numbers[-1]
    if value >= 256 ** (5 - len(numbers)):
        raise ValueError(f"{host} is not an address")
    for place, number in enumerate(numbers[:-1]):
        value += number << (24 - 8 * place)
    return IPv4Address(value)


def _number(part: str) -> int:
    if not _NUMBER.fullmatch(part):
        raise ValueError(f"{part!r} is not a part of an address")
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") and part != "0" else 10)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454): what ``fetch.allow_origins`` names and compares."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Read ``http://127.0.0.1:8499``. Raises ``ValueError`` for anything but an origin."""
        parts = urlsplit(text.strip())
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{text!r} is not an origin such as http://127.0.0.1:8499")
        if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(f"{text!r} must be a scheme, a host and a port, and nothing else")
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, canonical_host(parts.hostname), port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def canonical_host(host: str) -> str:
    """In lower case, with one spelling for each IPv6 address and no trailing dot."""
    lowered = host.lower().removesuffix(".")
    if ":" not in lowered:
        return lowered
    return str(ipaddress.ip_address(lowered.removeprefix("[").removesuffix("]")))
