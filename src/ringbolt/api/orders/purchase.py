"""What the addresses that sell have in common: who pays, under what name, and the answer."""

from __future__ import annotations

import hashlib
from typing import Any, Final, TypeVar

from ringbolt.api.kit.idempotency import idempotency_key, unguessable_key
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders import FAMILY, schema
from ringbolt.api.orders.dialect import api_key, shown_key
from ringbolt.api.orders.documents import Created
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url, webhook_secret
from ringbolt.core.canonical import canonical_json
from ringbolt.core.errors import Unauthorized
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.orders import Order

P = TypeVar("P", bound=schema.Purchase)

PAID: Final = "paid"
_ANYBODY: Final = "anybody"
_REPLAYED: Final = (b"idempotent-replayed", b"true")


async def buyer_of(shop: Shop, request: Request[P]) -> Buyer:
    """Who buys, as the request says. Raises ``InvalidInput``, ``Unauthorized``, ``Forbidden``."""
    params = request.params
    if params.webhook_url:
        check_webhook_url(shop, params.webhook_url)
    payer = await _payer_of(shop, request)
    return Buyer(
        FAMILY,
        payer,
        shop.hash_of(request.client),
        _idempotency_of(request, payer),
        params.webhook_url,
        params.ref,
    )


async def _payer_of(shop: Shop, request: Request[P]) -> Hold | Balance:
    """``immediate`` pays from the key's balance, everything else by a hold invoice."""
    if not request.params.immediate:
        return Hold()
    if not shown_key(request):
        raise Unauthorized(
            "immediate needs an API key, and X-API-Key is missing.",
            suggestion="Send your key in the header X-API-Key, or leave immediate out and pay the "
            "invoice.",
        )
    return Balance((await api_key(shop, request, "spend")).id)


def _idempotency_of(request: Request[P], payer: Hold | Balance) -> Idempotency | None:
    """The request's own name, if it has one: names belong to a key, or to anybody who knows them.
    Many share an address. Raises ``InvalidInput``."""
    if isinstance(payer, Balance):
        return named(request, f"key:{payer.key_id}")
    unguessable_key(request.scope)
    return named(request, _ANYBODY)


def named(request: Request[Any], principal: str) -> Idempotency | None:
    """Raises ``InvalidInput``."""
    name = idempotency_key(request.scope)
    if not name:
        return None
    content = request.path.encode() + b"\n" + canonical_json(request.document)
    return Idempotency(principal, name, hashlib.sha256(content).hexdigest())


def created(shop: Shop, order: Order, *, replayed: bool, segments: int | None = None) -> Response:
    """The answer to a placed order, the same each time it is requested."""
    is_hold = order.method is not PaymentMethod.BALANCE
    document = Created(
        order_id=order.id,
        payreq=order.payreq if is_hold else PAID,
        price=sats_up(order.price_msat),
    )
    if is_hold:
        document.payment_hash = order.payment_hash
    if order.state is OrderState.AWAITING_PAYMENT:
        document.expires_at = order.deadline_ms
    if segments is not None:
        document.segments = segments
    if order.webhook_url:
        document.webhook_secret = webhook_secret(shop.keyring, order.account_id or order.id)
    return Response(document, headers=[_REPLAYED] if replayed else [])
