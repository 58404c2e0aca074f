"""What the addresses that sell have in common: the buyer, the Idempotency-Key and the answer."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from ringbolt.api.kit import idempotency
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders import FAMILY, schema
from ringbolt.api.orders.dialect import api_key, shown_key
from ringbolt.api.orders.documents import Created
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url, present_webhook_secret
from ringbolt.core.canonical import canonical_json
from ringbolt.core.errors import InvalidInput, Unauthorized
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.pricing.money import msat, sats_up
from ringbolt.store.orders import Order

P = TypeVar("P", bound=schema.Purchase)

PAID: Final = "paid"
_ANYBODY: Final = "anybody"
_MOST_DIGITS: Final = 15


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
        None if params.max_price is None else msat(params.max_price),
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
    key = await api_key(shop, request, "spend")
    return Balance(key.id, _budget_msat(request))


def _budget_msat(request: Request[P]) -> int | None:
    """What X-Budget-Sats allows; None without it. Raises ``InvalidInput``."""
    written = request.header(b"x-budget-sats").strip()
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS):
        raise InvalidInput(
            "X-Budget-Sats is not a whole number of satoshis.",
            code="OUT_OF_RANGE",
            field="X-Budget-Sats",
            suggestion="Send digits alone, for example 5000.",
        )
    return msat(int(written))


def _idempotency_of(request: Request[P], payer: Hold | Balance) -> Idempotency | None:
    """The request's Idempotency-Key. It belongs to an API key, or to anyone who knows it, but never
    to a client address, which many clients share. Raises ``InvalidInput``."""
    if isinstance(payer, Balance):
        return named(request, f"key:{payer.key_id}")
    idempotency.check_unguessable(request)
    return named(request, _ANYBODY)


def named(request: Request[Any], principal: str) -> Idempotency | None:
    """The request's Idempotency-Key, if it has one. Raises ``InvalidInput``."""
    return idempotency.named(
        request,
        principal,
        lambda: request.path.encode() + b"\n" + canonical_json(request.document),
    )


async def created(
    shop: Shop, order: Order, *, replayed: bool, segments: int | None = None
) -> Response:
    """The answer to a placed order, the same each time it is requested."""
    is_hold = order.method is not PaymentMethod.BALANCE
    is_payable = order.state is OrderState.AWAITING_PAYMENT
    secret = None
    if order.webhook_url:
        secret = await present_webhook_secret(shop, order.account_id or order.id)
    document = Created(
        order_id=order.id,
        payreq=order.payreq if is_hold else PAID,
        payment_hash=order.payment_hash if is_hold else None,
        price=sats_up(order.price_msat),
        expires_at=order.deadline_ms if is_payable else None,
        segments=segments,
        webhook_secret=secret,
    )
    return Response(document, headers=[idempotency.REPLAYED] if replayed else [])
