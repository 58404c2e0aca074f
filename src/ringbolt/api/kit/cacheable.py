"""Answers that change seldom: a cache keeps them, and asks whether they are still current."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import JSON, Response

CACHE: Final = b"no-cache"
"""Kept, but asked about before each use: RFC 9111, 5.2.2.4."""


def entity_tag(body: bytes) -> str:
    """The ETag of a body."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def is_current(shown: str, tag: str) -> bool:
    """Whether If-None-Match, as it was sent, names this tag: RFC 9110, 13.1.2."""
    tags = (each.strip().removeprefix("W/") for each in shown.split(","))
    return shown.strip() == "*" or tag in tags


def cacheable(request: Request[Any], body: bytes, content_type: bytes = JSON) -> Response:
    """The body (JSON, if nothing else is said), or 304 if the client has it."""
    tag = entity_tag(body)
    headers = [(b"etag", tag.encode())]
    if is_current(request.header(b"if-none-match"), tag):
        return Response(status=304, headers=headers, content_type=content_type, cache=CACHE)
    return Response(headers=headers, body=body, content_type=content_type, cache=CACHE)
