"""``POST /auth/v1/tokens``: an API key for a bearer token."""

from __future__ import annotations

import structlog

from ringbolt.api.voice import tokens
from ringbolt.api.voice.envelope import Reply
from ringbolt.api.voice.names import SIGN_IN
from ringbolt.api.voice.request import Asked
from ringbolt.app.accounts.keys import recognise
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Role, Unauthorized

log = structlog.get_logger("ringbolt.voice")

MAX_KEY_CHARS = 256
MAX_USER_CHARS = 128


class SignIn:
    """Tokens for whoever has a key. ``userName`` is recorded, not checked."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def token(self, asked: Asked) -> Reply:
        """Sign in: an access token for an API key."""
        fields = asked.json(SIGN_IN)
        api_key = fields.line("apiKey", MAX_KEY_CHARS)
        user_name = fields.line("userName", MAX_USER_CHARS)
        if not api_key:
            raise fields.missing("apiKey", "The API key of your prepaid account.")
        shop = self._shop
        try:
            key = await shop.db.read(recognise, api_key, "read")
        except Unauthorized as error:
            error.role = Role.API_KEY
            raise
        now_s, lifetime_s = shop.clock.now_ms() // 1000, shop.settings.voice.token_minutes * 60
        token = tokens.issue(shop.keyring, key.id, user_name, now_s, lifetime_s)
        log.info("signed in", key=key.id, user=user_name)
        return Reply({"access_token": token, "token_type": "bearer", "expires_in": lifetime_s})
