"""``/createorder``: a code, or a rented number."""

from __future__ import annotations

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply
from ringbolt.api.orders.purchase import buyer_of, created
from ringbolt.api.orders.status import not_found
from ringbolt.app.checkout.reactivate_number import FormerOrder, former_order
from ringbolt.app.checkout.sell_number import sell_number
from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.errors import Conflict, InvalidInput
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.services import FULL_RENT
from ringbolt.numbers.provider import ANY_COUNTRY


class ReceiveOrders:
    """Orders that receive."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def create(self, asked: Asked) -> Reply:
        """Receive a code, or rent a number.

        The invoice is held when it is paid, and settled only when a code came (a rental: at its
        first text, or after 20 minutes). No free number, no code in time or a cancel: the money
        returns by itself.
        """
        shop = self._shop
        former = await self._former(asked)
        command = self._command(asked, former)
        sold = await sell_number(shop, command, await buyer_of(shop, asked), former)
        return created(shop, sold.order, replayed=sold.replayed)

    def _command(self, asked: Asked, former: FormerOrder | None) -> ReceiveTexts:
        said = asked.fields
        is_rental = fields.boolean(said, "isRental")
        real = fields.boolean(said, "realphone") or (former is not None and former.command.real)
        return ReceiveTexts(
            country=_country(asked, former),
            service=self._service(asked, is_rental, former),
            hours=self._hours(asked, is_rental),
            real=real,
            again="" if former is None else former.number,
            provider="" if former is None else former.lease.provider,
        )

    def _service(self, asked: Asked, is_rental: bool, former: FormerOrder | None) -> str:
        service = fields.service(
            asked.fields, scripted_allowed=self._shop.number_providers.has_simulated
        )
        if service is not None:
            code = service.code
        elif former is not None:
            code = former.command.service
        elif is_rental:
            return FULL_RENT
        else:
            raise fields.missing("service", "A code or name of /getServices, for example vk.")
        if former is not None and code != former.command.service:
            raise _differs("service")
        return code

    def _hours(self, asked: Asked, is_rental: bool) -> int:
        """0 for a code. Raises ``InvalidInput``."""
        most = self._shop.settings.orders.max_rental_hours
        hours = fields.whole_number(asked.fields, "rentalHours", 1, most)
        if not is_rental:
            if hours is None:
                return 0
            raise InvalidInput(
                "rentalHours is for rentals, and isRental is not set.",
                code="CONTRADICTION",
                field="rentalHours",
                suggestion="Add isRental true to rent a number, or leave rentalHours out to receive"
                " one code.",
            )
        return min(RENT_BLOCK_HOURS, most) if hours is None else hours

    async def _former(self, asked: Asked) -> FormerOrder | None:
        """The order named by ``reactivate``. Raises ``NotFound`` and ``Conflict``."""
        if not fields.line(asked.fields, "reactivate"):
            return None
        order_id = fields.order_id(fields.line(asked.fields, "reactivate"))
        former = await self._shop.db.read(former_order, order_id) if order_id else None
        if former is None:
            error = not_found()
            error.field = "reactivate"
            error.message = "reactivate: order not found, or it had no number"
            raise error
        if not former.is_over:
            raise Conflict(
                "reactivate: that order still has its number.",
                code="ORDER_NOT_OVER",
                field="reactivate",
                suggestion="Ask for another text in that order, or cancel it first.",
            )
        return former


def _country(asked: Asked, former: FormerOrder | None) -> int:
    country = fields.country(asked.fields)
    if former is not None:
        if country is not None and country.cc not in (former.command.country, ANY_COUNTRY):
            raise _differs("country")
        return former.command.country
    if country is None:
        raise fields.missing("country", "A number, name or ISO code, for example 187; 999 = any.")
    return country.cc


def _differs(field: str) -> InvalidInput:
    return InvalidInput(
        f"{field} is not that of the order whose number is wanted again.",
        code="CONTRADICTION",
        field=field,
        suggestion=f"Leave {field} out beside reactivate, or leave reactivate out.",
    )
