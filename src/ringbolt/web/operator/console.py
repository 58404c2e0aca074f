"""``/operator``: the shop for its operator, signed in by a one-time link.

Numbers and reasons are masked as in the commands (``ringbolt orders``): a page may be seen by
passers-by. Every change is recorded (``/operator/changes``).
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.app.operator import sign_in
from ringbolt.app.shop import Shop
from ringbolt.web.forms import Form, read_form
from ringbolt.web.operator.audit import Audit
from ringbolt.web.operator.failures import Failures
from ringbolt.web.operator.frame import COOKIE, PATH, Frame
from ringbolt.web.operator.money import Money
from ringbolt.web.operator.orders import Orders
from ringbolt.web.operator.parts import PartPages
from ringbolt.web.operator.terms import Terms
from ringbolt.web.operator.today import Today
from ringbolt.web.rendering import HEADERS, Renderer

log = structlog.get_logger("ringbolt.operator")


class Console:
    """All pages of the operator."""

    def __init__(self, shop: Shop, renderer: Renderer, guards: Guards) -> None:
        self._shop = shop
        self._frame = Frame(shop, renderer, guards)

    def routes(self) -> list[Route]:
        frame = self._frame
        pages = (Today, Orders, Money, PartPages, Terms, Failures, Audit)
        return [
            *(route for page in pages for route in page(frame).routes()),
            Route(f"{PATH}/sign-in/{{secret}}", self.invite, methods=["GET"]),
            Route(f"{PATH}/sign-in/{{secret}}", self.enter, methods=["POST"]),
            frame.send("/sign-out", self.leave),
        ]

    async def invite(self, request: Request) -> Response:
        """A link is only used by the button: programs that preview links press none."""
        self._guard(request)
        secret = str(request.path_params["secret"])
        is_open = await self._shop.db.read(sign_in.is_link, secret)
        status = 200 if is_open else 404
        return self._frame.plain("operator_sign_in.html", status, is_open=is_open)

    async def enter(self, request: Request) -> Response:
        self._guard(request)
        await read_form(request)
        shop, secret = self._shop, str(request.path_params["secret"])
        session = await shop.db.tx(sign_in.use_link, shop.keyring, secret)
        if session is None:
            return self._frame.closed(404)
        await self._frame.record("sign in", "")
        log.warning("the operator signed in on the web")
        answer = RedirectResponse(PATH, 303, HEADERS)
        self._frame.keep(request, answer, session)
        return answer

    def _guard(self, request: Request) -> None:
        """Raises ``RateLimited``: links are not guessed at will."""
        self._frame.guards.check("order", client_address(request.scope))

    async def leave(self, request: Request, form: Form) -> Response:
        """Sign out: here, or everywhere."""
        if form.has("everywhere"):
            await self._shop.db.tx(sign_in.end_sessions)
            await self._frame.record("sign out everywhere", "")
            log.warning("the operator signed out everywhere")
        answer = RedirectResponse("/", 303, HEADERS)
        answer.delete_cookie(COOKIE, path=PATH)
        return answer
