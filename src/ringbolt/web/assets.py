"""The style sheet, scripts and icons: kept by browsers for ever, at addresses that change with
their content, and sent compressed to who accepts gzip.

Only these files are compressed. A page may hold a secret (an order's address, a form's token)
beside what a stranger chose, and the length of the compressed page would tell of both (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.responses import Response

from ringbolt.api.kit.cacheable import is_current

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file, the digest in its address, and its compressed form."""

    body: bytes
    digest: str
    gzipped: bytes


def asset_url(name: str) -> str:
    """The address of a static file, which changes with its content. Raises
    ``FileNotFoundError``."""
    return f"/static/{_asset(name).digest}/{name}"


def asset(digest: str, name: str, asked: Mapping[str, str]) -> Response | None:
    """The static file at such an address; None if there is none. ``asked``: the request's
    headers."""
    kind = _TYPES.get(name.rpartition(".")[2])
    if kind is None or not name.replace(".", "").replace("-", "").isalnum():
        return None
    try:
        found = _asset(name)
    except (FileNotFoundError, IsADirectoryError):
        return None
    is_small = accepts_gzip(asked.get("accept-encoding", ""))
    # Two forms of one file are two representations: RFC 9110, 8.8.3.3.
    tag = f'"{found.digest}-gzip"' if is_small else f'"{found.digest}"'
    headers = {
        "Cache-Control": _FOR_EVER if digest == found.digest else "no-cache",
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if is_current(asked.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if is_small:
        headers["Content-Encoding"] = "gzip"
    return Response(found.gzipped if is_small else found.body, headers=headers, media_type=kind)


def accepts_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` names gzip and does not refuse it: RFC 9110, 12.5.3."""
    for item in accepted.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.", "q=.")
    return False


@cache
def _asset(name: str) -> _Asset:
    body = files("ringbolt.web").joinpath("static", name).read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:12]
    return _Asset(body, digest, gzip.compress(body, 9, mtime=0))
