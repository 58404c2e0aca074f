"""Add to the balance of an API key: an order that delivers nothing but its own payment.

The payment is held first, and is on the balance as soon as the node has settled it. Where the
operator allows it (``keys.self_service``), the first order of an unknown key creates the key in the
same transaction: a request without an order stores nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ringbolt.app.accounts import keys
from ringbolt.app.checkout.place_order import PlacedOrder, place_order
from ringbolt.app.checkout.purchase import Buyer, Hold, Purchase
from ringbolt.app.shop import Shop
from ringbolt.core.commands import TopUp
from ringbolt.core.errors import InvalidInput, Role, Unauthorized
from ringbolt.core.order import OrderKind
from ringbolt.core.pricing.money import msat
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.orders import Order

SCOPE = "fund"


async def top_up(shop: Shop, presented_key: str, sats: int, buyer: Buyer) -> PlacedOrder:
    """Order a top-up of ``sats`` (1 at least), which is paid by a hold invoice.

    The buyer's ``idempotency`` belongs to the key, whatever principal it names: the same request
    with another key is another order. Raises ``Unauthorized`` for a key that is unknown or revoked,
    ``Forbidden`` for one that may not do this, ``InvalidInput``, ``RateLimited``,
    ``NodeUnavailable``.
    """
    if sats < 1:
        raise InvalidInput.about(
            Role.AMOUNT,
            f"must be at least 1 satoshi, not {sats}.",
            code="OUT_OF_RANGE",
            suggestion="Send a whole number of satoshis, 1 or more.",
        )
    key = await shop.db.read(keys.find, presented_key)
    if key is not None:
        key_id = keys.permitted(key, SCOPE).id
    elif shop.settings.keys.self_service:
        key_id = keys.own_key_id(shop.keyring, presented_key)
    else:
        raise _unknown_key()
    if buyer.idempotency is not None:
        named = replace(buyer.idempotency, principal=f"key:{key_id}")
        buyer = replace(buyer, idempotency=named)
    purchase = Purchase(
        kind=OrderKind.FUND,
        command=TopUp(key_id, sats),
        price_msat=msat(sats),
        buyer=replace(buyer, payer=Hold()),
        record=partial(_ensure_key, presented_key, key_id, key),
    )
    return await place_order(shop, purchase)


def _unknown_key() -> Unauthorized:
    return Unauthorized(
        "This API key is not known.",
        suggestion="Check it for missing characters, or ask the operator for a key.",
    )


def _ensure_key(
    presented_key: str, key_id: str, known: ApiKey | None, tx: Tx, order: Order
) -> None:
    """In the order's own transaction: the key is there, and still may be topped up."""
    if known is None:
        keys.adopt(tx, key_id, presented_key)
    keys.recognise(tx, presented_key, SCOPE)
