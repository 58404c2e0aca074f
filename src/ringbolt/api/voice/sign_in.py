"""``POST /auth/v1/tokens``: an API key for a bearer token."""

from __future__ import annotations

import structlog

from ringbolt.api.kit.request import Request
from ringbolt.api.voice import schema, tokens
from ringbolt.api.voice.documents import Token
from ringbolt.app.accounts.keys import recognise
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Role, Unauthorized

TYPE = "bearer"
log = structlog.get_logger("ringbolt.voice")


class SignIn:
    """Tokens for the holder of a key. ``userName`` is recorded, not checked."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def token(self, request: Request[schema.SignIn]) -> Token:
        """Sign in: an access token for an API key."""
        shop, params = self._shop, request.params
        try:
            key = await shop.db.read(recognise, params.api_key, "read")
        except Unauthorized as error:
            error.role = Role.API_KEY
            raise
        now_s, lifetime_s = shop.clock.now_ms() // 1000, shop.settings.voice.token_minutes * 60
        token = tokens.issue(shop.keyring, key, params.user_name, now_s, lifetime_s)
        log.info("signed in", key=key.id, user=params.user_name)
        return Token(access_token=token, token_type=TYPE, expires_in=lifetime_s)
