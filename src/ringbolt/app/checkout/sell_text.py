"""Sell a text message. It is paid for once it was sent; otherwise the money returns."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from ringbolt.app.checkout.place_order import place_order
from ringbolt.app.checkout.prices import text_price
from ringbolt.app.checkout.purchase import Buyer, Purchase
from ringbolt.app.shop import Shop
from ringbolt.core.commands import SendText
from ringbolt.core.errors import DestinationRefused, Role
from ringbolt.core.order import OrderKind
from ringbolt.core.phone import Destination, is_landline, parse_destination
from ringbolt.core.texts.segments import count
from ringbolt.store import messages
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class SoldText:
    """The order; into how many ``segments`` the text is divided; ``replayed``: the same request
    had placed it before."""

    order: Order
    segments: int
    replayed: bool


async def sell_text(shop: Shop, command: SendText, buyer: Buyer) -> SoldText:
    """Order ``command``, from the operator's first sender unless it names one.

    Raises ``InvalidInput``, ``DestinationRefused``, ``RateLimited``, ``InsufficientFunds``,
    ``Unauthorized``, ``NodeUnavailable``.
    """
    destination = text_destination(shop, command.to)
    segments = count(command.message).segments
    placed = await place_order(
        shop,
        Purchase(
            kind=OrderKind.SMS,
            command=with_sender(shop, command),
            price_msat=text_price(shop, destination, segments),
            buyer=buyer,
            record=partial(_record, shop.hash_of(command.to), segments),
            to=command.to,
        ),
    )
    return SoldText(placed.order, segments, placed.replayed)


def text_destination(shop: Shop, number: str) -> Destination:
    """An E.164 number as the destination of a text. Raises ``InvalidInput``,
    ``DestinationRefused``."""
    destination = parse_destination(
        number, scripted_allowed=shop.sms_carriers.has_simulated, for_texts=True
    )
    if is_landline(number):
        raise DestinationRefused(
            f"{number} is a landline, which gets no texts.",
            code="LANDLINE",
            role=Role.DESTINATION,
            suggestion="Use a mobile number, or have the message spoken by a call.",
        )
    return destination


def with_sender(shop: Shop, command: SendText) -> SendText:
    """The text from the operator's first sender, unless it names one."""
    return command if command.sender else replace(command, sender=shop.settings.sms.senders[0])


def _record(to_hash: str, segments: int, tx: Tx, order: Order) -> None:
    record_text(tx, order, to_hash, segments)


def record_text(tx: Tx, order: Order, to_hash: str, segments: int) -> None:
    """Store the message of an order, with the order."""
    public_id = "SM" + secrets.token_hex(16)
    messages.insert(tx, order.id, to_hash, segments, public_id)
