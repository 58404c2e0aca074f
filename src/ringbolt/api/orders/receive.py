"""``/createorder``: a code, or a rented number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply
from ringbolt.api.orders.purchase import (
    client_of,
    created,
    idempotency_of,
    payer_of,
    webhook_of,
)
from ringbolt.api.orders.status import not_found
from ringbolt.app.accounts.chart_of_accounts import account_of_key
from ringbolt.app.checkout.choose_provider import choose_provider, find_provider
from ringbolt.app.checkout.place_order import place_order
from ringbolt.app.checkout.reactivate_number import Buyer, check_again
from ringbolt.app.requests import order_request
from ringbolt.app.requests.order_request import ReceiveTexts
from ringbolt.app.requests.purchase import Balance, Hold, Purchase
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Conflict, InvalidInput
from ringbolt.core.order import OrderKind
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.services import FULL_RENT
from ringbolt.numbers.provider import ANY_COUNTRY
from ringbolt.store import orders, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.store.receiving_orders import NumberLease


@dataclass(frozen=True, slots=True)
class _Former:
    """An earlier order whose number is wanted again."""

    request: ReceiveTexts
    number: str
    lease: NumberLease
    is_over: bool


def receive_price(shop: Shop, wanted: ReceiveTexts) -> int:
    """Sats."""
    if wanted.hours:
        return shop.prices.rent(wanted.country, wanted.service, wanted.hours)
    if wanted.real:
        return shop.prices.s4s(wanted.country, wanted.service)
    return shop.prices.receive(wanted.country, wanted.service)


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
        client = client_of(shop, asked)
        former = await self._former(asked)
        wanted = await self._wanted(asked, former)
        referrer = fields.referrer(asked.fields)
        webhook_url = webhook_of(shop, asked)
        payer = await payer_of(shop, asked)

        def record(tx: Tx, order: Order) -> None:
            receiving_orders.insert(tx, order.id, wanted.service, wanted.country, wanted.hours)

        bought = await place_order(
            shop,
            Purchase(
                kind=OrderKind.RENTAL if wanted.hours else OrderKind.ACTIVATION,
                request=wanted,
                price_msat=receive_price(shop, wanted) * 1000,
                payer=payer,
                record=record,
                client=client,
                referrer=referrer,
                webhook_url=webhook_url,
                idempotency=idempotency_of(asked, payer),
                check=None if former is None else partial(self._check_again, former, payer, client),
            ),
        )
        return created(shop, bought)

    async def _check_again(self, former: _Former, payer: Hold | Balance, client: str) -> None:
        provider = find_provider(self._shop, former.lease.provider)
        account_id = account_of_key(payer.key_id) if isinstance(payer, Balance) else None
        await check_again(self._shop, provider, former.lease, Buyer(account_id, client))

    async def _wanted(self, asked: Asked, former: _Former | None) -> ReceiveTexts:
        said = asked.fields
        is_rental = fields.boolean(said, "isRental")
        real = fields.boolean(said, "realphone") or (former is not None and former.request.real)
        country = _country(asked, former)
        if real and await choose_provider(self._shop, country) is None:
            raise InvalidInput(
                "This shop has no numbers of its own there.",
                code="NO_REAL_NUMBERS",
                field="realphone" if former is None else "reactivate",
                suggestion="Leave it out, or choose another country.",
            )
        return ReceiveTexts(
            service=self._service(asked, is_rental, former),
            country=country,
            hours=self._hours(asked, is_rental),
            real=real,
            again="" if former is None else former.number,
            provider="" if former is None else former.lease.provider,
        )

    def _service(self, asked: Asked, is_rental: bool, former: _Former | None) -> str:
        has_scripted = self._shop.number_providers.has_simulated
        service = fields.service(asked.fields, scripted_allowed=has_scripted)
        if service is not None:
            code = service.code
        elif former is not None:
            code = former.request.service
        elif is_rental:
            return FULL_RENT
        else:
            raise fields.missing("service", "A code or name of /getServices, for example vk.")
        if former is not None and code != former.request.service:
            raise _differs("service")
        if code == FULL_RENT and not is_rental:
            raise InvalidInput(
                "service full receives from everybody, and is for rentals only.",
                code="UNKNOWN_SERVICE",
                field="service",
                suggestion="Set isRental, or name the service whose code you want.",
            )
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

    async def _former(self, asked: Asked) -> _Former | None:
        """The order named by ``reactivate``. Raises ``NotFound`` and ``Conflict``."""
        if not fields.line(asked.fields, "reactivate"):
            return None
        order_id = fields.order_id(fields.line(asked.fields, "reactivate"))
        former = await self._shop.db.read(_former, order_id) if order_id else None
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


def _former(tx: Tx, order_id: str) -> _Former | None:
    order = orders.by_id(tx, order_id)
    if order is None or not order.kind.is_received:
        return None
    receiving = receiving_orders.receiving_of(tx, order_id)
    if receiving is None or receiving.lease_id is None:
        return None
    lease = receiving_orders.lease_by_id(tx, receiving.lease_id)
    assert lease is not None, "a lease is never removed"
    request = order_request.from_json(order.request, ReceiveTexts)
    found = ReceiveTexts(receiving.service, receiving.number_country, real=request.real)
    return _Former(found, receiving.number, lease, receiving.closed_ms is not None)


def _country(asked: Asked, former: _Former | None) -> int:
    country = fields.country(asked.fields)
    if former is not None:
        if country is not None and country.cc not in (former.request.country, ANY_COUNTRY):
            raise _differs("country")
        return former.request.country
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
