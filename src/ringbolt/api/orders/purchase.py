"""What the addresses that sell have in common: who pays, under what name, and the answer."""

from __future__ import annotations

import hashlib

from ringbolt.api.kit.idempotency import idempotency_key, unguessable_key
from ringbolt.api.orders import FAMILY, fields
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.app.accounts.keys import recognise
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url, webhook_secret
from ringbolt.core.errors import Unauthorized
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.keys import ApiKey
from ringbolt.store.orders import Order

PAID = "paid"
MAX_URL_CHARS = 2048
_ANYBODY = "anybody"


def client_of(shop: Shop, asked: Asked) -> str:
    """Who asks, hashed: it is kept with the order."""
    return shop.hash_of(asked.client)


async def key_of(shop: Shop, asked: Asked, scope: str) -> ApiKey:
    """The key that was shown. Raises ``Unauthorized`` and ``Forbidden``."""
    if not asked.key:
        raise Unauthorized(
            "X-API-Key is missing.",
            suggestion="Send your API key in the header X-API-Key.",
        )
    return await shop.db.read(recognise, asked.key, scope)


async def buyer_of(shop: Shop, asked: Asked) -> Buyer:
    """Who buys, as the request says. Raises ``InvalidInput``, ``Unauthorized``, ``Forbidden``."""
    referrer = fields.referrer(asked.fields)
    webhook_url = webhook_of(shop, asked)
    payer = await payer_of(shop, asked)
    named = idempotency_of(asked, payer)
    return Buyer(FAMILY, payer, client_of(shop, asked), named, webhook_url, referrer)


async def payer_of(shop: Shop, asked: Asked) -> Hold | Balance:
    """``immediate`` pays from the key's balance, everything else by a hold invoice."""
    if not fields.boolean(asked.fields, "immediate"):
        return Hold()
    if not asked.key:
        raise Unauthorized(
            "immediate needs an API key, and X-API-Key is missing.",
            suggestion="Send your key in the header X-API-Key, or leave immediate out and pay the "
            "invoice.",
        )
    return Balance((await key_of(shop, asked, "spend")).id)


def idempotency_of(asked: Asked, payer: Hold | Balance) -> Idempotency | None:
    """The request's own name, if it has one: names belong to a key, or to whoever knows them.
    Many share an address. Raises ``InvalidInput``."""
    if isinstance(payer, Balance):
        return named(asked, f"key:{payer.key_id}")
    unguessable_key(asked.scope)
    return named(asked, _ANYBODY)


def named(asked: Asked, principal: str) -> Idempotency | None:
    """Raises ``InvalidInput``."""
    name = idempotency_key(asked.scope)
    if not name:
        return None
    said = asked.scope["path"].encode() + b"\n" + asked.fields.canonical()
    return Idempotency(principal, name, hashlib.sha256(said).hexdigest())


def webhook_of(shop: Shop, asked: Asked) -> str:
    """``webhookUrl``, '' if absent. Raises ``InvalidInput`` for where nothing may be sent."""
    url = fields.line(asked.fields, "webhookUrl", MAX_URL_CHARS)
    if url:
        check_webhook_url(shop, url)
    return url


def created(shop: Shop, order: Order, *, replayed: bool, segments: int | None = None) -> Reply:
    """The answer to a placed order, the same each time it is asked for."""
    is_hold = order.method is not PaymentMethod.BALANCE
    document: dict[str, object] = {
        "status": "OK",
        "orderId": order.id,
        "payreq": order.payreq if is_hold else PAID,
    }
    if is_hold:
        document["paymentHash"] = order.payment_hash
    document["price"] = sats_up(order.price_msat)
    if order.state is OrderState.AWAITING_PAYMENT:
        document["expiresAt"] = order.deadline_ms
    if segments is not None:
        document["segments"] = segments
    if order.webhook_url:
        document["webhookSecret"] = webhook_secret(shop.keyring, order.account_id or order.id)
    if replayed:
        return ok(document, (b"idempotent-replayed", b"true"))
    return ok(document)
