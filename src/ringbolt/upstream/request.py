"""The first lines of an outgoing request."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from yarl import URL


class Target(NamedTuple):
    """Where a URL leads: ``line`` ends the request line and begins the headers."""

    host: str
    port: int
    is_tls: bool
    line: bytes

    @property
    def place(self) -> tuple[str, int, bool]:
        """What two requests on one connection have in common."""
        return self[:3]


@lru_cache(maxsize=256)
def target_of(url: URL) -> Target:
    """Where ``url`` leads. Raises ``ValueError`` if it is not a URL of HTTP."""
    host = url.raw_host
    if url.scheme not in ("http", "https") or not host or url.port is None:
        raise ValueError("not a URL of HTTP")
    line = f"{url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
    if url.user is not None:
        named = f"{url.user}:{url.password or ''}".encode()
        line += f"Authorization: Basic {base64.b64encode(named).decode()}\r\n"
    return Target(host, url.port, url.scheme == "https", line.encode("ascii"))


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Raises ``ValueError`` for a header that would end its line, and begin another."""
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers) or "\0" in lines:
        raise ValueError("a header contains a line break")
    return lines.encode()
