"""The account of a request: by a bearer token, or an API key in its place."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit.request import Request
from ringbolt.api.voice.tokens import Named, looks_like_token, mark_of, named_by
from ringbolt.app.accounts.keys import permitted, recognise
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unauthorized
from ringbolt.store import keys
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey

MAX_BEARER_CHARS: Final = 4096
_HOW: Final = (
    "Send the header Authorization: Bearer <access_token of POST /auth/v1/tokens, or your API key>."
)


async def account_key(shop: Shop, request: Request[Any], right: str) -> ApiKey:
    """The API key behind a request, if it may do what ``right`` names.

    Raises ``Unauthorized`` for a missing, unknown, expired or revoked one, ``Forbidden`` for one
    that lacks the right.
    """
    shown = _shown(request)
    if looks_like_token(shown):
        named = named_by(shop.keyring, shown, shop.clock.now_ms() // 1000)
        return await shop.db.read(_of_token, named, right)
    return await shop.db.read(recognise, shown, right)


def _of_token(tx: Tx, named: Named, right: str) -> ApiKey:
    key = keys.by_id(tx, named.key_id)
    is_in_force = key is not None and key.revoked_ms is None
    if key is None or not is_in_force or named.mark not in ("", mark_of(key)):
        raise Unauthorized(
            "The API key of this token was revoked or replaced, and the token with it.",
            code="TOKEN_REVOKED",
            suggestion="Ask the operator for another key.",
        )
    return permitted(key, right)


def _shown(request: Request[Any]) -> str:
    """The token or key. Raises ``Unauthorized``."""
    authorization = request.header(b"authorization").strip()
    if not authorization:
        shown = request.header(b"x-api-key").strip()
        if not shown:
            raise Unauthorized("The header Authorization is missing.", suggestion=_HOW)
    else:
        scheme, _, shown = authorization.partition(" ")
        shown = shown.strip()
        if scheme.lower() != "bearer" or not shown:
            raise Unauthorized("The header Authorization holds no bearer token.", suggestion=_HOW)
    if len(shown) > MAX_BEARER_CHARS:
        raise Unauthorized("This is too long for a token or an API key.", suggestion=_HOW)
    return shown
