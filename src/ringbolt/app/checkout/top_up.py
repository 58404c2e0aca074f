"""Add to the balance of an API key: an order that delivers nothing but its own payment.

The payment is held first, and is on the balance as soon as the node has settled it. Where the
operator allows it (``keys.self_service``), the first order of an unknown key creates the key in the
same transaction: a request without an order stores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from ringbolt.app.accounts import keys
from ringbolt.app.checkout.place_order import PlacedOrder, place_order
from ringbolt.app.checkout.purchase import Buyer, Hold, Purchase
from ringbolt.app.shop import Shop
from ringbolt.core.commands import TopUp
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.order import OrderKind
from ringbolt.core.pricing.money import msat
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

SCOPE = "fund"


@dataclass(frozen=True, slots=True)
class Payee:
    """The key whose balance grows. ``is_new``: it is not stored yet, and is with the order, under
    ``label``."""

    key_id: str
    key_hash: bytes
    is_new: bool = False
    label: str = keys.OWN_KEY_LABEL


async def top_up(shop: Shop, presented_key: str, sats: int, buyer: Buyer) -> PlacedOrder:
    """Order a top-up of ``sats`` (1 at least), which is paid by a hold invoice.

    The buyer's ``idempotency`` belongs to the key, whatever principal it names: the same request
    with another key is another order. Raises ``Unauthorized`` for a key that is unknown or revoked,
    ``Forbidden`` for one that may not do this, ``InvalidInput``, ``RateLimited``,
    ``NodeUnavailable``.
    """
    _check_amount(sats)
    key = await shop.db.read(keys.find, presented_key)
    if key is not None:
        key_id = keys.permitted(key, SCOPE).id
    elif shop.settings.keys.self_service:
        key_id = keys.own_key_id(shop.keyring, presented_key)
    else:
        raise keys.unknown_key()
    payee = Payee(key_id, keys.hash_of_key(presented_key), is_new=key is None)
    return await top_up_account(shop, payee, sats, buyer)


async def top_up_account(shop: Shop, payee: Payee, sats: int, buyer: Buyer) -> PlacedOrder:
    """The same for an account whose key was recognised before."""
    _check_amount(sats)
    if buyer.idempotency is not None:
        named = replace(buyer.idempotency, principal=f"key:{payee.key_id}")
        buyer = replace(buyer, idempotency=named)
    purchase = Purchase(
        kind=OrderKind.FUND,
        command=TopUp(payee.key_id, sats),
        price_msat=msat(sats),
        buyer=replace(buyer, payer=Hold()),
        record=partial(_ensure_key, payee),
    )
    return await place_order(shop, purchase)


def _check_amount(sats: int) -> None:
    """Raises ``InvalidInput``."""
    if sats < 1:
        raise InvalidInput.about(
            Role.AMOUNT,
            f"must be at least 1 satoshi, not {sats}.",
            code="OUT_OF_RANGE",
            suggestion="Send a whole number of satoshis, 1 or more.",
        )


def _ensure_key(payee: Payee, tx: Tx, order: Order) -> None:
    """In the order's own transaction: the key is there, and still may be topped up."""
    if payee.is_new:
        keys.adopt(tx, payee.key_id, payee.key_hash, payee.label)
    keys.recognise_hash(tx, payee.key_hash, SCOPE)
