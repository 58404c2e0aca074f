"""``Idempotency-Key``: the client's own name for a request, whose repetition is no new one."""

from __future__ import annotations

import re

from ringbolt.api import http
from ringbolt.api.http import Scope
from ringbolt.core.errors import InvalidInput

_NAME = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?", re.ASCII)


def idempotency_key(scope: Scope) -> str:
    """The name, '' without one. Raises ``InvalidInput``."""
    name = http.header(scope, b"idempotency-key").strip()
    if name and not _NAME.fullmatch(name):
        raise InvalidInput(
            "Idempotency-Key must be 1 to 255 printable ASCII characters.",
            code="INVALID_IDEMPOTENCY_KEY",
            field="Idempotency-Key",
            suggestion="A random UUID is a good one.",
        )
    return name
