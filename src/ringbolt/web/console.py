"""``/operator``: what happens in the shop, for its operator. Signed in by a one-time link.

Numbers and reasons are masked as in the commands (``ringbolt orders``): a page may be seen by
whoever passes.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import base_url, client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.operator import sign_in
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.operator.money_report import report_money
from ringbolt.app.operator.overview import SHOWN_DIGITS, list_calls, list_orders, show_order
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import Forbidden, NotFound, Unavailable
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.store.engine.db import Tx
from ringbolt.store.overview import Wanted, orders_named
from ringbolt.web.forms import Form, read_form
from ringbolt.web.rendering import HEADERS, Renderer

log = structlog.get_logger("ringbolt.operator")

PATH: Final = "/operator"
_COOKIE: Final = "ringbolt_operator"
_SHOWN: Final = 20
_LIST: Final = 100
_LIVE: Final = frozenset({CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS})
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}

Page = Callable[[Request], Awaitable[Response]]


class Console:
    """The pages, each for a signed-in operator. ``guards``: of those who are not, by address."""

    def __init__(self, shop: Shop, renderer: Renderer, guards: Guards) -> None:
        self._shop = shop
        self._renderer = renderer
        self._guards = guards

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self._signed_in(self.overview), methods=["GET"]),
            Route(f"{PATH}/orders", self._signed_in(self.orders), methods=["GET"]),
            Route(f"{PATH}/orders/{{name}}", self._signed_in(self.order), methods=["GET"]),
            Route(f"{PATH}/orders/{{name}}/hang-up", self._form(self.hang_up), methods=["POST"]),
            Route(f"{PATH}/audit", self._signed_in(self.audit), methods=["GET"]),
            Route(f"{PATH}/sign-in/{{secret}}", self.invite, methods=["GET"]),
            Route(f"{PATH}/sign-in/{{secret}}", self.enter, methods=["POST"]),
            Route(f"{PATH}/sign-out", self._form(self.leave), methods=["POST"]),
        ]

    async def overview(self, request: Request) -> Response:
        shop = self._shop
        money = await shop.db.read(report_money, shop.rates, shop.text_costs)
        latest, calls = await shop.db.read(_latest)
        return self._page(
            request,
            "operator.html",
            money=[each.document() for each in money],
            orders=latest,
            calls=[each for each in calls if each["status"] in _LIVE],
        )

    async def orders(self, request: Request) -> Response:
        """A list, by state and kind, or by the first digits of an id."""
        form = Form(dict(request.query_params))
        state, kind = form.get("state"), form.get("kind")
        wanted = Wanted(
            state=state if state in set(OrderState) else "",
            kind=kind if kind in set(OrderKind) else "",
            limit=_LIST,
        )
        named = form.get("id")
        if named:
            return RedirectResponse(f"{PATH}/orders/{urlencode({'': named})[1:]}", 303, HEADERS)
        found = await self._shop.db.read(lambda tx: list_orders(tx, wanted, unmasked=False))
        return self._page(
            request,
            "operator_orders.html",
            orders=found,
            wanted=wanted,
            states=list(OrderState),
            kinds=list(OrderKind),
        )

    async def order(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = await self._shop.db.read(lambda tx: show_order(tx, name, unmasked=False))
        call = found["call"]
        is_live = call is not None and call["ended_ms"] is None and call["status"] in _LIVE
        return self._page(request, "operator_order.html", order=found, is_live=is_live)

    async def hang_up(self, request: Request, form: Form) -> Response:
        name = request.path_params["name"]
        lines = await self._shop.db.read(orders_named, name)
        if len(lines) != 1:
            raise NotFound(f"There is no order {name[:SHOWN_DIGITS]}.")
        await hang_up_call(self._shop, lines[0].id)
        log.warning("the operator hangs up a call", order=lines[0].id[:SHOWN_DIGITS])
        return RedirectResponse(f"{PATH}/orders/{name[:SHOWN_DIGITS]}", 303, HEADERS)

    async def audit(self, request: Request) -> Response:
        """The books against the node and the orders, now."""
        shop = self._shop
        try:
            report = await audit_shop(shop.db, shop.keyring, shop.node, shop.payer)
        except Unavailable as error:
            return self._page(request, "operator_audit.html", report=None, why=error.message)
        return self._page(request, "operator_audit.html", report=report, why="")

    async def invite(self, request: Request) -> Response:
        """A link is only used by the button: programs that preview links press none."""
        self._guards.check("order", client_address(request.scope))
        secret = str(request.path_params["secret"])
        is_open = await self._shop.db.read(sign_in.is_link, secret)
        return self._renderer.page(
            "operator_sign_in.html", 200 if is_open else 404, _PRIVATE, is_open=is_open
        )

    async def enter(self, request: Request) -> Response:
        self._guards.check("order", client_address(request.scope))
        await read_form(request)
        shop, secret = self._shop, str(request.path_params["secret"])
        session = await shop.db.tx(sign_in.use_link, shop.keyring, secret)
        if session is None:
            return self._renderer.page("operator_sign_in.html", 404, _PRIVATE, is_open=False)
        log.warning("the operator signed in on the web")
        answer = RedirectResponse(PATH, 303, HEADERS)
        answer.set_cookie(
            _COOKIE,
            session,
            max_age=sign_in.SESSION_MS // 1000,
            path=PATH,
            # Behind a proxy that ends TLS the request itself may look like plain HTTP.
            secure=base_url(request.scope, shop.settings.public_url).startswith("https:"),
            httponly=True,
            samesite="strict",
        )
        return answer

    async def leave(self, request: Request, form: Form) -> Response:
        """Sign out: here, or everywhere."""
        if form.has("everywhere"):
            await self._shop.db.tx(sign_in.end_sessions)
            log.warning("the operator signed out everywhere")
        answer = RedirectResponse("/", 303, HEADERS)
        answer.delete_cookie(_COOKIE, path=PATH)
        return answer

    def _signed_in(self, page: Page) -> Page:
        async def shown(request: Request) -> Response:
            if not await self._has_session(request):
                return self._renderer.page("operator_sign_in.html", 401, _PRIVATE, is_open=False)
            return await page(request)

        return shown

    def _form(self, act: Callable[[Request, Form], Awaitable[Response]]) -> Page:
        """A form of the console: only with the session that it was shown to."""

        async def sent(request: Request) -> Response:
            form = await read_form(request)
            if not await self._has_session(request):
                return self._renderer.page("operator_sign_in.html", 401, _PRIVATE, is_open=False)
            expected = sign_in.form_token(_session(request))
            if not hmac.compare_digest(form.get("token").encode(), expected.encode()):
                raise Forbidden(
                    "This form is too old.", code="FOREIGN_FORM", suggestion="Open the page again."
                )
            return await act(request, form)

        return sent

    async def _has_session(self, request: Request) -> bool:
        self._guards.check("read", client_address(request.scope))
        session = _session(request)
        if not session:
            return False
        return await self._shop.db.read(sign_in.is_session, self._shop.keyring, session)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        token = sign_in.form_token(_session(request))
        return self._renderer.page(template, 200, _PRIVATE, token=token, **values)


def _session(request: Request) -> str:
    return request.cookies.get(_COOKIE, "")[:200]


def _latest(tx: Tx) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    wanted = Wanted(limit=_SHOWN)
    calls = list_calls(tx, Wanted(limit=_LIST), unmasked=False)
    return list_orders(tx, wanted, unmasked=False), calls
