"""``/account``: make a key, sign in with it, see the balance, add money, replace the key.

A key is in no address, log or cookie: it is shown in the answer to a form, and sent in the body of
one. Only its holder's session knows a key that was just made: it is stored with its first top-up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.api.orders import FAMILY
from ringbolt.api.orders.schema import MAX_SATS
from ringbolt.app.accounts import keys
from ringbolt.app.accounts.await_top_up import await_top_up
from ringbolt.app.accounts.sessions import Holder, form_token
from ringbolt.app.checkout.purchase import Buyer, Hold
from ringbolt.app.checkout.top_up import Payee, top_up_account
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Conflict, Forbidden, RingboltError
from ringbolt.lightning.node import can_hold
from ringbolt.web.account.session import Sessions, check_token, token_of
from ringbolt.web.account.statement import EMPTY, exact_sats, signed_sats, statement
from ringbolt.web.forms import Form, read_form
from ringbolt.web.rendering import HEADERS, Renderer

PATH: Final = "/account"
LABEL: Final = "made on the web"
AMOUNTS: Final = (10_000, 50_000, 100_000)
_USUAL: Final = "50000"
_MAX_KEY_CHARS: Final = 256
_GROUPING: Final = " ,.'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}

Page = Callable[[Request], Awaitable[Response]]
Signed = Callable[[Request, Holder], Awaitable[Response]]
Sent = Callable[[Request, Holder, Form], Awaitable[Response]]


class AccountPages:
    """The pages. ``guards`` limit orders and reads by client address."""

    def __init__(self, shop: Shop, renderer: Renderer, sessions: Sessions, guards: Guards) -> None:
        self._shop = shop
        self._renderer = renderer
        self._sessions = sessions
        self._guards = guards

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(f"{PATH}/key", self.make_key, methods=["POST"]),
            Route(f"{PATH}/key/file", self._form(self.key_file), methods=["POST"]),
            Route(f"{PATH}/sign-in", self.sign_in, methods=["POST"]),
            Route(f"{PATH}/sign-out", self._form(self.sign_out), methods=["POST"]),
            Route(f"{PATH}/fund", self._form(self.fund), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        self._guards.check("read", client_address(request.scope))
        holder = await self._sessions.holder(request)
        if holder is None:
            return self._door(Form({}))
        return await self._account(request, holder, Form({}))

    async def make_key(self, request: Request) -> Response:
        """A new key, shown once. Refused while somebody is signed in, so that a reload of the
        answer does not replace a key that was written down."""
        form = await read_form(request)
        if not self._shop.settings.accounts.self_service:
            raise Forbidden("Accounts of this shop are made by its operator.")
        self._guards.check("order", client_address(request.scope))
        holder = await self._sessions.holder(request)
        if holder is not None and (holder.key is not None or not form.has("another")):
            form.refuse("", "You are signed in. A key that was made is not shown again.")
            return await self._account(request, holder, form, status=409)
        made = keys.new_key()
        return self._shown_key(request, made.id, made.key)

    async def key_file(self, request: Request, holder: Holder, form: Form) -> Response:
        """The key that the form holds, as a file to keep."""
        key = form.get("key")
        if keys.hash_of_key(key) != holder.key_hash:
            raise Conflict("This is not the key of your account.")
        headers = {"Content-Disposition": 'attachment; filename="ringbolt-key.txt"', **HEADERS}
        return Response(f"{key}\n", 200, headers, "text/plain; charset=utf-8")

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            self._guards.check("order", client_address(request.scope))
            shown = form.get("key")[:_MAX_KEY_CHARS]
            key = await self._shop.db.read(keys.recognise, shown, "read")
        except RingboltError as error:
            form.refuse("key", _refusal(error))
            return self._door(form, error.status)
        answer = RedirectResponse(PATH, 303, HEADERS)
        session = self._sessions.begin(key.id, keys.hash_of_key(shown))
        self._sessions.keep(request, answer, session)
        return answer

    async def sign_out(self, request: Request, holder: Holder, form: Form) -> Response:
        answer = RedirectResponse(PATH, 303, HEADERS)
        self._sessions.end(answer)
        return answer

    async def fund(self, request: Request, holder: Holder, form: Form) -> Response:
        """An invoice for the account, on a page of its own."""
        client = client_address(request.scope)
        sats = _amount(form)
        if not form.errors:
            try:
                self._guards.check("order", client)
                payee = Payee(holder.key_id, holder.key_hash, holder.key is None, LABEL)
                buyer = Buyer(FAMILY, Hold(), self._shop.hash_of(client))
                order = (await top_up_account(self._shop, payee, sats, buyer)).order
                return RedirectResponse(f"/o/{order.status_token}", 303, HEADERS)
            except RingboltError as error:
                form.fail(error)
        return await self._account(request, holder, form, status=form.status)

    def _door(self, form: Form, status: int = 200) -> Response:
        """The page of who is not signed in."""
        may_make = self._shop.settings.accounts.self_service
        return self._renderer.page(
            "account_door.html", status, _PRIVATE, form=form, may_make=may_make
        )

    def _shown_key(self, request: Request, key_id: str, key: str) -> Response:
        """The one page that shows a key; it signs in."""
        session = self._sessions.begin(key_id, keys.hash_of_key(key))
        answer = self._renderer.page(
            "account_key.html", 200, _PRIVATE, key=key, token=form_token(session)
        )
        self._sessions.keep(request, answer, session)
        return answer

    async def _account(
        self, request: Request, holder: Holder, form: Form, *, status: int = 200
    ) -> Response:
        shown = EMPTY
        if holder.key is not None:
            await await_top_up(self._shop, holder.key_id)
            cursor = request.query_params.get("before", "")
            shown = await self._shop.db.read(statement, holder.key, cursor)
        return self._renderer.page(
            "account.html",
            status,
            _PRIVATE,
            form=form,
            token=token_of(request),
            holder=holder,
            statement=shown,
            amounts=AMOUNTS,
            usual=_USUAL,
            max_sats=MAX_SATS,
            can_fund=can_hold(self._shop.node),
            exact=exact_sats,
            signed=signed_sats,
        )

    def _form(self, act: Sent) -> Page:
        """A form of the account: only with the session that it was shown to."""

        async def sent(request: Request) -> Response:
            form = await read_form(request)
            holder = await self._sessions.holder(request)
            if holder is None:
                form.refuse("key", "You are signed out. Sign in with your key, then try again.")
                return self._door(form, 401)
            check_token(request, form)
            return await act(request, holder, form)

        return sent


def _amount(form: Form) -> int:
    """The satoshis that the form asks for; ``form.errors`` says why it cannot be."""
    written = form.get("amount") or form.get("preset", _USUAL)
    digits = "".join(each for each in written if each not in _GROUPING)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        form.refuse("amount", "Write a whole number of satoshis, such as 50,000.")
        return 0
    if not 1 <= int(digits) <= MAX_SATS:
        form.refuse("amount", f"Choose between 1 and {MAX_SATS:,} sats.")
    return int(digits)


def _refusal(error: RingboltError) -> str:
    if error.code == "UNAUTHORIZED":
        return "We do not know this key."
    return error.message
