"""``Idempotency-Key``: the client's own name for a request, so that it can be repeated safely."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from ringbolt.api.kit.http import Header
from ringbolt.api.kit.request import Request
from ringbolt.app.checkout.purchase import Idempotency
from ringbolt.core.errors import InvalidInput

REPLAYED: Final[Header] = (b"idempotent-replayed", b"true")
"""The header of an answer that repeats an earlier one."""

_NAME = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?", re.ASCII)

_LEAST_ALONE = 20
_LEAST_DIFFERENT = 6


def named(
    request: Request[Any], principal: str, content: Callable[[], bytes]
) -> Idempotency | None:
    """The request by its ``Idempotency-Key``, None without one. ``principal``: whose keys these
    are; ``content``: makes what two requests with the same key must have in common.

    Raises ``InvalidInput``.
    """
    name = _key(request)
    if not name:
        return None
    return Idempotency(principal, name, hashlib.sha256(content()).hexdigest())


def check_unguessable(request: Request[Any]) -> None:
    """For a request without an API key: anyone who knows its Idempotency-Key gets the order, so the
    key must be random. Raises ``InvalidInput``."""
    name = _key(request)
    if name and (len(name) < _LEAST_ALONE or len(set(name)) < _LEAST_DIFFERENT):
        raise InvalidInput(
            f"Without an API key, Idempotency-Key must have {_LEAST_ALONE} characters or more and "
            "be random: anyone who sends the same one gets the same order.",
            code="INVALID_IDEMPOTENCY_KEY",
            field="Idempotency-Key",
            suggestion="Use a random UUID, for example from: "
            "python3 -c 'import uuid; print(uuid.uuid4())'",
        )


def _key(request: Request[Any]) -> str:
    """The header's value, '' without it. Raises ``InvalidInput``."""
    name = request.header(b"idempotency-key").strip()
    if name and not _NAME.fullmatch(name):
        raise InvalidInput(
            "Idempotency-Key must be 1 to 255 printable ASCII characters.",
            code="INVALID_IDEMPOTENCY_KEY",
            field="Idempotency-Key",
            suggestion="A random UUID is a good one.",
        )
    return name
