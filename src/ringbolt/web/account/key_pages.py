"""The key of an account: made, shown once, signed in with, replaced.

A key is in no address, log or cookie: it is shown in the answer to a form, and sent in the body of
one. Only its holder's session knows a key that was just made: it is stored with its first top-up.
"""

from __future__ import annotations

from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.app.accounts import keys
from ringbolt.app.accounts.sessions import Holder, form_token
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Forbidden, RateLimited, RingboltError, Unauthorized
from ringbolt.web.account.session import Sessions, token_of
from ringbolt.web.account.signed_in import SignedIn
from ringbolt.web.forms import Form, read_form
from ringbolt.web.i18n import _
from ringbolt.web.rendering import HEADERS, Renderer

log = structlog.get_logger("ringbolt.accounts")

PATH: Final = "/account"
_MAX_KEY_CHARS: Final = 256
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}


class KeyPages:
    """The pages about the key. ``guards`` limit, by client address, how often one is made or
    tried."""

    def __init__(self, shop: Shop, renderer: Renderer, sessions: Sessions, guards: Guards) -> None:
        self._shop = shop
        self._renderer = renderer
        self._sessions = sessions
        self._guards = guards

    def routes(self, signed: SignedIn) -> list[Route]:
        """The addresses of the key's pages and forms."""
        return [
            Route(f"{PATH}/key", self.make, methods=["POST"]),
            Route(f"{PATH}/key/file", signed.form(self.file), methods=["POST"]),
            Route(f"{PATH}/key/replace", signed.page(self.ask), methods=["GET"]),
            Route(f"{PATH}/key/replace", signed.form(self.replace), methods=["POST"]),
            Route(f"{PATH}/sign-in", self.sign_in, methods=["POST"]),
            Route(f"{PATH}/sign-out", signed.form(self.sign_out), methods=["POST"]),
        ]

    def door(self, form: Form, status: int = 200) -> Response:
        """The page of who is not signed in."""
        may_make = self._shop.settings.accounts.self_service
        return self._renderer.page(
            "account_door.html", status, _PRIVATE, form=form, may_make=may_make
        )

    def shut(self, was_sent: bool) -> Response:
        """The same, instead of a page of the account."""
        form = Form({})
        if was_sent:
            form.refuse("key", _("You are signed out. Sign in with your key, then try again."))
        return self.door(form, 401)

    async def make(self, request: Request) -> Response:
        """A new key, shown once. Not while somebody is signed in, so that a reload of the answer
        does not replace a key that was written down."""
        form = await read_form(request)
        if not self._shop.settings.accounts.self_service:
            raise Forbidden(_("Accounts of this shop are made by its operator."))
        self._guards.check("order", client_address(request.scope))
        holder = await self._sessions.holder(request)
        if holder is not None and (holder.key is not None or not form.has("another")):
            return self._renderer.page(
                "account_kept.html", 409, _PRIVATE, is_stored=holder.key is not None
            )
        made = keys.new_key()
        return self._shown_once(request, made.id, made.key, replaced=False)

    async def file(self, request: Request, holder: Holder, form: Form) -> Response:
        """The key that the form holds, as a file to keep."""
        key = form.get("key")
        if keys.hash_of_key(key) != holder.key_hash:
            raise Forbidden(_("This is not the key of your account."))
        headers = {"Content-Disposition": 'attachment; filename="ringbolt-key.txt"', **HEADERS}
        return Response(f"{key}\n", 200, headers, "text/plain; charset=utf-8")

    async def sign_in(self, request: Request) -> Response:
        """Sign in with a key, and see the account."""
        form = await read_form(request)
        shown = form.get("key")[:_MAX_KEY_CHARS]
        try:
            self._guards.check("order", client_address(request.scope))
            key = await self._shop.db.read(keys.recognise, shown, "read")
        except (Unauthorized, Forbidden, RateLimited) as error:
            form.refuse("key", _refusal(error))
            return self.door(form, error.status)
        answer = RedirectResponse(PATH, 303, HEADERS)
        session = self._sessions.begin(key.id, keys.hash_of_key(shown))
        self._sessions.keep(request, answer, session)
        return answer

    async def sign_out(self, request: Request, holder: Holder, form: Form) -> Response:
        """End the session of this device."""
        answer = RedirectResponse(PATH, 303, HEADERS)
        self._sessions.end(answer)
        return answer

    async def ask(self, request: Request, holder: Holder) -> Response:
        """What it means to replace the key, and the button."""
        return self._renderer.page("account_replace.html", 200, _PRIVATE, token=token_of(request))

    async def replace(self, request: Request, holder: Holder, form: Form) -> Response:
        """Another key for the account; the former one ends at once, and every session with it."""
        if holder.key is None:
            return RedirectResponse(PATH, 303, HEADERS)
        self._guards.check("order", client_address(request.scope))
        made = await keys.replace_key(self._shop.db, holder.key_id, holder.key_hash)
        log.info("a key was replaced on the web", key=holder.key_id)
        return self._shown_once(request, made.id, made.key, replaced=True)

    def _shown_once(self, request: Request, key_id: str, key: str, *, replaced: bool) -> Response:
        """The one page that shows a key; it signs in."""
        session = self._sessions.begin(key_id, keys.hash_of_key(key))
        answer = self._renderer.page(
            "account_key.html",
            200,
            _PRIVATE,
            key=key,
            token=form_token(session),
            is_replaced=replaced,
        )
        self._sessions.keep(request, answer, session)
        return answer


def _refusal(error: RingboltError) -> str:
    if isinstance(error, RateLimited):
        return _("Too many tries. Wait a minute, then try again.")
    if isinstance(error, Forbidden):
        return _("This key may not see its account.")
    return _("We do not know this key.")
