"""The files that machines look for at the root of a site: robots.txt, favicon.ico, security.txt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.discovery.links import FOR_AGENTS
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound
from ringbolt.settings.web import utc
from ringbolt.web.assets import asset_url
from ringbolt.web.i18n import _

SECURITY: Final = "/.well-known/security.txt"
_PRIVATE: Final = (
    "/o/",
    "/account",
    "/operator",
    "/api/l402/calls/",
    "/v1/",
    "/lnurl/",
    "/simulator",
)
_ROBOTS: Final = "\n".join(
    (
        "User-agent: *",
        *(f"Disallow: {each}" for each in _PRIVATE),
        "",
        *(f"# {path}: {what}" for path, what in FOR_AGENTS.items()),
        "",
    )
)
_USUALLY: Final = timedelta(days=90)
_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}


class SiteFiles:
    def __init__(self, shop: Shop) -> None:
        self._settings = shop.settings.web
        self._public_url = shop.settings.public_url.rstrip("/")
        self._clock = shop.clock

    def routes(self) -> list[Route]:
        return [
            Route("/robots.txt", self._robots),
            Route("/favicon.ico", self._favicon),
            *([Route(SECURITY, self._security)] if self._settings.security_contact else []),
        ]

    async def _robots(self, request: Request) -> Response:
        """Asks crawlers to leave alone what belongs to one buyer, and tells agents where to begin.
        The comments stand after the rules: readers of the first group skip them."""
        return PlainTextResponse(_ROBOTS, headers=_A_DAY)

    async def _favicon(self, request: Request) -> Response:
        return RedirectResponse(asset_url("mark.svg"), 302, _A_DAY)

    async def _security(self, request: Request) -> Response:
        """RFC 9116. A file that has expired says nothing that holds: it is not served."""
        web = self._settings
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        expires = utc(web.security_expires) if web.security_expires else now + _USUALLY
        if expires <= now:
            raise NotFound(_("There is no page at this address."))
        contact = web.security_contact
        lines = [f"Contact: {contact if ':' in contact else f'mailto:{contact}'}"]
        lines.append(f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}")
        if self._public_url.startswith("https://"):
            lines.append(f"Canonical: {self._public_url}{SECURITY}")
        return PlainTextResponse("".join(f"{line}\n" for line in lines), headers=_A_DAY)
