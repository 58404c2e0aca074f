"""What the console's pages share: the session, the forms that only it may send, and the frame."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import base_url, client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.app.operator import change_terms, sign_in
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Forbidden, RingboltError
from ringbolt.web.forms import MAX_FORM_BYTES, Form, read_form
from ringbolt.web.languages import ENGLISH, speak
from ringbolt.web.rendering import HEADERS, Renderer

PATH: Final = "/operator"
COOKIE: Final = "ringbolt_operator"
BY: Final = "web"
"""Who makes changes here: the holder of the operator's link."""
PRIVATE: Final = {"X-Robots-Tag": "noindex"}
_MOST_COOKIE_CHARS: Final = 200

Page = Callable[[Request], Awaitable[Response]]
Act = Callable[[Request, Form], Awaitable[Response]]


class Frame:
    """Makes routes of pages and forms, each for a signed-in operator; ``guards`` limit everybody by
    address. The console speaks English, as the commands and the log do."""

    def __init__(self, shop: Shop, renderer: Renderer, guards: Guards) -> None:
        self.shop = shop
        self.guards = guards
        self._renderer = renderer

    def show(self, path: str, page: Page) -> Route:
        """A page under ``/operator``."""

        async def shown(request: Request) -> Response:
            speak(ENGLISH)
            if not await self._has_session(request):
                return self.closed(401)
            return await page(request)

        return Route(PATH + path, shown, methods=["GET"])

    def send(self, path: str, act: Act, most_bytes: int = MAX_FORM_BYTES) -> Route:
        """A form of the console: only with the session that it was shown to."""

        async def sent(request: Request) -> Response:
            speak(ENGLISH)
            form = await read_form(request, most_bytes)
            if not await self._has_session(request):
                return self.closed(401)
            expected = sign_in.form_token(_session(request))
            if not hmac.compare_digest(form.get("token").encode(), expected.encode()):
                raise Forbidden(
                    "This form is too old.", code="FOREIGN_FORM", suggestion="Open the page again."
                )
            return await act(request, form)

        return Route(PATH + path, sent, methods=["POST"])

    def page(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> Response:
        token = sign_in.form_token(_session(request))
        values = {"notice": None, "problem": "", **values}
        return self._renderer.page(template, status, PRIVATE, token=token, **values)

    def plain(self, template: str, status: int, **values: object) -> Response:
        """A page that needs no session."""
        speak(ENGLISH)
        return self._renderer.page(template, status, PRIVATE, **values)

    def closed(self, status: int) -> Response:
        """The page for everybody else."""
        return self.plain("operator_sign_in.html", status, is_open=False)

    def keep(self, request: Request, answer: Response, session: str) -> None:
        """Sign the browser in by the answer."""
        base = base_url(request.scope, self.shop.settings.public_url)
        answer.set_cookie(
            COOKIE,
            session,
            max_age=sign_in.SESSION_MS // 1000,
            path=PATH,
            # Behind a proxy that ends TLS the request itself may look like plain HTTP.
            secure=base.startswith("https:"),
            httponly=True,
            samesite="strict",
        )

    async def record(self, what: str, about: str) -> None:
        """Store what the operator did."""
        await self.shop.db.tx(change_terms.record_action, what, about, BY)

    async def _has_session(self, request: Request) -> bool:
        self.guards.check("read", client_address(request.scope))
        session = _session(request)
        if not session:
            return False
        return await self.shop.db.read(sign_in.is_session, self.shop.keyring, session)


def back_to(path: str) -> Response:
    return RedirectResponse(PATH + path, 303, HEADERS)


def sentence(error: RingboltError) -> str:
    """What an error says, and what to do."""
    return " ".join(filter(None, (error.message, error.suggestion)))


def csv_answer(name: str, text: str) -> Response:
    """A table as a file."""
    headers = {
        **HEADERS,
        **PRIVATE,
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(text, 200, headers, "text/csv; charset=utf-8")


def _session(request: Request) -> str:
    return request.cookies.get(COOKIE, "")[:_MOST_COOKIE_CHARS]
