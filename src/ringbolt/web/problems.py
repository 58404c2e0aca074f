"""The pages for what is not there, not possible, or not reachable: each says what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from ringbolt.core.closed_sales import SalesClosed
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.web.error_words import error_words
from ringbolt.web.i18n import _
from ringbolt.web.rendering import HEADERS, Renderer

RETRY_AFTER_S: Final = 30
"""When to look again at a page that a part is missing for, where the part does not say it."""


class Problems:
    """Answers errors with pages."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def handle(self, app: Starlette) -> None:
        """Answer every error of ``app``."""
        app.add_exception_handler(HTTPException, self._on_http)
        app.add_exception_handler(RingboltError, self._on_error)
        app.add_exception_handler(Exception, self._on_fault)

    def not_found(self) -> Response:
        return self._page(404, _("There is no page at this address."), "")

    async def _on_http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code != 405:
            return self.not_found()
        above = _page_above(request)
        if above is not None and request.method in ("GET", "HEAD"):
            return RedirectResponse(above, 303, HEADERS)
        title = _("This page cannot be used like that.")
        return self._page(405, title, "", dict(error.headers or {}))

    async def _on_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RingboltError)
        title, note = error_words(error)
        more: dict[str, str] = {}
        if error.retry_after_s is not None:
            more["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, Unavailable) and not isinstance(error, SalesClosed):
            more.setdefault("Retry-After", str(RETRY_AFTER_S))
            return self._renderer.page("unavailable.html", error.status, more, why=title)
        return self._page(error.status, title, note, more)

    async def _on_fault(self, request: Request, error: Exception) -> Response:
        """The server raises it again, and logs it."""
        note = _("It is our fault. If you have paid, your order is safe and goes on.")
        return self._page(500, _("Something broke here"), note)

    def _page(
        self, status: int, title: str, note: str, more: Mapping[str, str] | None = None
    ) -> Response:
        return self._renderer.page("problem.html", status, more, title=title, note=note)


def _page_above(request: Request) -> str | None:
    """The page whose form is sent to this address: a browser comes here by GET when its language is
    changed on the answer, or its address line is entered again. With its query."""
    routes: Sequence[object] = request.app.router.routes
    path = request.url.path
    while path := path.rpartition("/")[0]:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        for route in routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return f"{path}?{request.url.query}" if request.url.query else path
    return None
