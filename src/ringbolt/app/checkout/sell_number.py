"""Sell a number to receive texts on: for one code, or for hours.

A code is paid for once it came; a rental at its first text, or after 20 minutes. Otherwise the
money returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from ringbolt.app.checkout.best_provider import is_had, learn_success, quote_of
from ringbolt.app.checkout.choose_provider import choose_provider, find_provider
from ringbolt.app.checkout.place_order import PlacedOrder, place_order
from ringbolt.app.checkout.prices import code_price, rental_price
from ringbolt.app.checkout.purchase import Buyer, Purchase
from ringbolt.app.checkout.reactivate_number import Claimant, FormerOrder, check_again
from ringbolt.app.checkout.routes import number_route
from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.errors import Conflict, InvalidInput, Role
from ringbolt.core.order import OrderKind
from ringbolt.core.services import FULL_RENT
from ringbolt.numbers.provider import NumberProvider, SupportsStock
from ringbolt.store import receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

NO_ONE_SERVICE: Final = "Rent the number, or name the service whose code you want."


async def sell_number(
    shop: Shop, command: ReceiveTexts, buyer: Buyer, former: FormerOrder | None = None
) -> PlacedOrder:
    """Order ``command``; with ``former``, the number that this order had, once more.

    Raises ``InvalidInput``, ``Conflict``, ``RateLimited``, ``InsufficientFunds``,
    ``Unauthorized``, ``NodeUnavailable``, ``Unavailable``.
    """
    purchase = Purchase(
        kind=OrderKind.RENTAL if command.hours else OrderKind.ACTIVATION,
        command=command,
        price_msat=number_price(shop, command),
        buyer=buyer,
        record=partial(_record, command),
        check=partial(
            check_number, shop, command, Claimant(buyer.account_id, buyer.client), former
        ),
    )
    return await place_order(shop, purchase)


def number_price(shop: Shop, command: ReceiveTexts) -> int:
    """The price of a number, msat."""
    if command.hours:
        return rental_price(shop, command.country, command.service, command.hours)
    return code_price(shop, command.country, command.service, real=command.real)


async def check_number(
    shop: Shop, command: ReceiveTexts, claimant: Claimant, former: FormerOrder | None
) -> None:
    """Check that there are such numbers, and that the former one is free for ``claimant``. Raises
    ``InvalidInput``, ``Conflict``, ``Unavailable``."""
    if command.service == FULL_RENT and not command.hours:
        raise InvalidInput.about(
            Role.SERVICE,
            f"{FULL_RENT} receives texts from every sender, and is for rentals only.",
            code="UNKNOWN_SERVICE",
            suggestion=NO_ONE_SERVICE,
        )
    if command.real and await choose_provider(shop, command.country) is None:
        raise InvalidInput(
            "This shop has no numbers of its own there.",
            code="NO_REAL_NUMBERS",
            role=Role.NUMBER if former is None else Role.FORMER_ORDER,
            suggestion="Leave it out, or choose another country.",
        )
    if former is None:
        await _check_stock(shop, command)
    else:
        provider = find_provider(shop, former.lease.provider)
        await check_again(shop, provider, former.lease, claimant)


async def _check_stock(shop: Shop, command: ReceiveTexts) -> None:
    """Raises ``Conflict`` if it is certain that no provider has a number. A buyer who paid all the
    same would get the money back, but only after the payment was held for nothing."""
    await learn_success(shop)
    route: Sequence[NumberProvider | None] = number_route(shop, command)
    if command.real:
        route = [await choose_provider(shop, command.country)]
    for provider in route:
        if provider is None or await _may_have(shop, command, provider):
            return
    raise Conflict(
        "No number for this service can be had there at the moment.",
        code="NO_NUMBER_FREE",
        role=Role.NUMBER if command.real else Role.COUNTRY,
        suggestion="Try again in 20 minutes, or choose another country or service. Nothing was "
        "charged.",
    )


async def _may_have(shop: Shop, command: ReceiveTexts, provider: NumberProvider) -> bool:
    """False if it is certain that the provider has none, or none that the price pays for."""
    quote = quote_of(provider, command)
    if quote is not None:
        return is_had(shop, quote, number_price(shop, command))
    if isinstance(provider, SupportsStock):
        return await provider.has_free(command.service, command.country)
    return True


def _record(command: ReceiveTexts, tx: Tx, order: Order) -> None:
    receiving_orders.insert(tx, order.id, command.service, command.country, command.hours)
