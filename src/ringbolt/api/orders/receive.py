"""``/createorder``: a code, or a rented number."""

from __future__ import annotations

from ringbolt.api.kit.number_fields import canonical_id, country_of, service_of
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders.purchase import buyer_of, created
from ringbolt.api.orders.schema import CreateOrder
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

    async def create(self, request: Request[CreateOrder]) -> Response:
        """Receive a code, or rent a number.

        The invoice is held when it is paid, and settled only when a code came (a rental: at its
        first text, or after 20 minutes). No free number, no code in time or a cancel: the money
        returns automatically.
        """
        shop = self._shop
        former = await self._former(request.params)
        command = self._command(request, former)
        sold = await sell_number(shop, command, await buyer_of(shop, request), former)
        return await created(shop, sold.order, replayed=sold.replayed)

    def _command(self, request: Request[CreateOrder], former: FormerOrder | None) -> ReceiveTexts:
        params = request.params
        return ReceiveTexts(
            country=_country(request, former),
            service=self._service(request, former),
            hours=self._hours(params),
            real=params.realphone or (former is not None and former.command.real),
            again="" if former is None else former.number,
            provider="" if former is None else former.lease.provider,
        )

    def _service(self, request: Request[CreateOrder], former: FormerOrder | None) -> str:
        service = service_of(self._shop, request.params.service)
        if service is not None:
            code = service.code
        elif former is not None:
            code = former.command.service
        elif request.params.is_rental:
            return FULL_RENT
        else:
            raise request.fields.missing(
                "service", "A code or name of /getServices, for example vk."
            )
        if former is not None and code != former.command.service:
            raise _differs("service")
        return code

    def _hours(self, params: CreateOrder) -> int:
        """0 for a code. Raises ``InvalidInput``."""
        hours = params.rental_hours
        if params.is_rental:
            usual = min(RENT_BLOCK_HOURS, self._shop.settings.orders.max_rental_hours)
            return usual if hours is None else hours
        if hours is None:
            return 0
        raise InvalidInput(
            "rentalHours is for rentals, and isRental is not set.",
            code="CONTRADICTION",
            field="rentalHours",
            suggestion="Add isRental true to rent a number, or leave rentalHours out to receive one"
            " code.",
        )

    async def _former(self, params: CreateOrder) -> FormerOrder | None:
        """The order named by ``reactivate``. Raises ``NotFound`` and ``Conflict``."""
        if not params.reactivate:
            return None
        order_id = canonical_id(params.reactivate)
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


def _country(request: Request[CreateOrder], former: FormerOrder | None) -> int:
    written = request.params.country
    if former is not None:
        same = (former.command.country, ANY_COUNTRY)
        if written is not None and country_of(written).cc not in same:
            raise _differs("country")
        return former.command.country
    if written is None:
        raise request.fields.missing(
            "country", "A number, name or ISO code, for example 187; 999 = any."
        )
    return country_of(written).cc


def _differs(field: str) -> InvalidInput:
    return InvalidInput(
        f"{field} differs from that of the order whose number is wanted again.",
        code="CONTRADICTION",
        field=field,
        suggestion=f"With reactivate, leave {field} out; or leave reactivate out.",
    )
