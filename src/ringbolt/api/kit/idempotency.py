"""``Idempotency-Key``: the client's own name for a request, so that it can be repeated safely."""

from __future__ import annotations

import re

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Scope
from ringbolt.core.errors import InvalidInput

_NAME = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?", re.ASCII)

_LEAST_ALONE = 20
_LEAST_DIFFERENT = 6


def unguessable_key(scope: Scope) -> str:
    """The name of a request that shows no API key, '' without one: anybody who knows it gets the
    order, so that it must be random. Raises ``InvalidInput``."""
    name = idempotency_key(scope)
    if name and (len(name) < _LEAST_ALONE or len(set(name)) < _LEAST_DIFFERENT):
        raise InvalidInput(
            f"Without an API key, Idempotency-Key must have {_LEAST_ALONE} characters or more and "
            "be random: whoever sends the same one gets the same order.",
            code="INVALID_IDEMPOTENCY_KEY",
            field="Idempotency-Key",
            suggestion="Use a random UUID, for example from: "
            "python3 -c 'import uuid; print(uuid.uuid4())'",
        )
    return name


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
