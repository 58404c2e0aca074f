"""The cookie of an account's session, and what its forms must carry."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ringbolt.api.kit.http import base_url
from ringbolt.app.accounts import sessions
from ringbolt.app.accounts.sessions import SESSION_MS, Holder, form_token
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Forbidden
from ringbolt.web.forms import Form

COOKIE: Final = "ringbolt_account"
_MAX_CHARS: Final = 256


class Sessions:
    """Begins, reads and ends the sessions of account holders."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def holder(self, request: Request) -> Holder | None:
        """Who is signed in; None if nobody is."""
        session = _session(request)
        if not session:
            return None
        return await self._shop.db.read(sessions.holder_of, self._shop.keyring, session)

    def begin(self, key_id: str, key_hash: bytes) -> str:
        """A new session, for ``keep``."""
        shop = self._shop
        return sessions.new_session(shop.keyring, key_id, key_hash, shop.clock.now_ms())

    def keep(self, request: Request, answer: Response, session: str) -> None:
        """Sign the browser in by the answer."""
        answer.set_cookie(
            COOKIE,
            session,
            max_age=SESSION_MS // 1000,
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def end(self, answer: Response) -> None:
        answer.delete_cookie(COOKIE, path="/")

    def _is_secure(self, request: Request) -> bool:
        return base_url(request.scope, self._shop.settings.public_url).startswith("https:")


def token_of(request: Request) -> str:
    """What the forms of the page carry."""
    return form_token(_session(request))


def check_token(request: Request, form: Form) -> None:
    """Raises ``Forbidden`` for a form that was not shown to this session."""
    if not hmac.compare_digest(form.get("token").encode(), token_of(request).encode()):
        raise Forbidden(
            "This form is too old.", code="FOREIGN_FORM", suggestion="Open the page again."
        )


def _session(request: Request) -> str:
    return request.cookies.get(COOKIE, "")[:_MAX_CHARS]
