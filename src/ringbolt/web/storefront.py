"""``/``: what is sold here, and from which price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ringbolt.api.kit.http import base_url
from ringbolt.app.checkout.prices import code_price, mail_price, rental_price, text_price
from ringbolt.app.checkout.public_figures import PublicFigures
from ringbolt.app.shop import Shop
from ringbolt.core.order import OrderKind
from ringbolt.core.phone import EXAMPLE
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.web.formats import amount
from ringbolt.web.i18n import _, marked
from ringbolt.web.rendering import Renderer

TO_ITSELF: Final = "+1234567890"
"""The simulated telephone that answers and presses a key."""

# Address, icon, name, what it does.
_CALL: Final = (
    "/call",
    "call",
    marked("Phone call"),
    marked("Speak a text or play a recording. Ask for a key press."),
)
_TEXT: Final = (
    "/text",
    "text",
    marked("Text message"),
    marked("Send an SMS and see when it is delivered."),
)
_CODE: Final = (
    "/code",
    "code",
    marked("Receive a code"),
    marked("A number for one activation code. Pay only if it arrives."),
)
_RENT: Final = (
    "/rent",
    "rent",
    marked("Rent a number"),
    marked("Keep a number and read every text it gets."),
)
_EMAIL: Final = (
    "/email",
    "mail",
    marked("E-mail"),
    marked("One e-mail, sent without an account of yours."),
)
_FIGURES: Final = {
    OrderKind.CALL: marked("Calls answered"),
    OrderKind.SMS: marked("Texts delivered"),
    OrderKind.ACTIVATION: marked("Codes that arrived"),
    OrderKind.EMAIL: marked("E-mails taken by their server"),
}


@dataclass(frozen=True, slots=True)
class Service:
    """One line of the list; ``sats`` is the lowest price. ``name`` and ``what`` are English, for
    the page to translate."""

    path: str
    icon: str
    name: str
    what: str
    sats: int
    per: str
    is_least: bool = False


class Storefront:
    """``is_sold``: whether the form at an address is open now."""

    def __init__(self, shop: Shop, renderer: Renderer, is_sold: Callable[[str], bool]) -> None:
        self._renderer = renderer
        self._shop = shop
        self._is_sold = is_sold
        self._figures = PublicFigures(shop)
        self._public_url = shop.settings.public_url
        self._example = TO_ITSELF if shop.carriers.has_simulated else EXAMPLE

    async def show(self, request: Request) -> Response:
        base = base_url(request.scope, self._public_url)
        closed, now_ms = self._shop.terms.closed, self._shop.clock.now_ms()
        return self._renderer.page(
            "storefront.html",
            services=[each for each in _services(self._shop) if self._is_sold(each.path)],
            base=base,
            example=self._example,
            figures=[(_(_FIGURES[each.kind]), each) for each in await self._figures.latest()],
            is_closed=closed.is_all_closed(now_ms),
            closed=closed,
        )


def _services(shop: Shop) -> tuple[Service, ...]:
    per_minute = min(rate.sats_per_minute for rate in shop.rates.rates())
    text, code, rent = text_price(shop), code_price(shop, None, ""), rental_price(shop, None)
    return (
        Service(*_CALL, per_minute, _("per minute"), is_least=True),
        Service(*_TEXT, sats_up(text), _("per %(number)s characters", number=160), is_least=True),
        Service(*_CODE, sats_up(code), _("per code"), is_least=True),
        Service(
            *_RENT,
            sats_up(rent),
            _("for %(time)s", time=amount(RENT_BLOCK_HOURS, "hour")),
            is_least=True,
        ),
        Service(*_EMAIL, sats_up(mail_price(shop)), _("per e-mail")),
    )
