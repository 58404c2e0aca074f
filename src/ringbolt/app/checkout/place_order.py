"""Place an order: make its invoice and write it down, or reserve its price on a balance.

The hold invoice is made before the order is written down. A crash between the two leaves an
invoice that no buyer has seen, and that expires by itself; never an order without an invoice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from msgspec.structs import replace

from ringbolt.app.accounts.await_top_up import await_top_up
from ringbolt.app.accounts.insufficient_funds import insufficient_funds
from ringbolt.app.checkout.check_purchase import check_purchase
from ringbolt.app.checkout.price_limits import check_budget, check_price
from ringbolt.app.checkout.purchase import Balance, Hold, Idempotency, Purchase
from ringbolt.app.limits.count_order import count_paid
from ringbolt.app.payments.start_fulfilment import HOLDS, dispatch_paid
from ringbolt.app.policies import LimitPolicy, Policies
from ringbolt.app.shop import Shop
from ringbolt.core import commands
from ringbolt.core.chart_of_accounts import RESERVE, REVENUE, hold_idem
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.errors import Conflict, InvalidInput, Unauthorized
from ringbolt.core.lightning.hold import hold_memo, new_preimage, payment_hash_of
from ringbolt.core.order import OrderState
from ringbolt.lightning.node import Invoice, can_hold
from ringbolt.store import idempotency, keys, ledger, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The order; ``replayed``: the same request had placed it before."""

    order: Order
    replayed: bool = False


async def place_order(shop: Shop, purchase: Purchase) -> PlacedOrder:
    """Place the order.

    Raises ``InvalidInput`` and ``RateLimited`` for what the rules forbid, ``InsufficientFunds``,
    ``Unauthorized`` for a key that was revoked meanwhile, ``NodeUnavailable``.
    """
    named = purchase.buyer.idempotency
    if named is not None:
        before = await placed_before(shop, named)
        if before is not None:
            return before
    check_price(purchase)
    await check_purchase(shop, purchase)
    if purchase.check is not None:
        await purchase.check()
    order = _new_order(shop.policies, purchase, secrets.token_hex(32), shop.clock.now_ms())
    if isinstance(purchase.buyer.payer, Hold):
        order = await _with_invoice(shop, purchase, order)
    try:
        return PlacedOrder(await _placed(shop, purchase, order))
    except _PlacedBefore:
        assert named is not None
        earlier = await shop.db.read(_earlier, named)
        assert earlier is not None, "the faster request has committed"
        return PlacedOrder(earlier, replayed=True)


async def placed_before(shop: Shop, named: Idempotency) -> PlacedOrder | None:
    """What the same request has bought before; None if it has not. Raises ``InvalidInput`` if
    the name was another request's."""
    earlier = await shop.db.read(_earlier, named)
    return None if earlier is None else PlacedOrder(earlier, replayed=True)


async def _placed(shop: Shop, purchase: Purchase, order: Order) -> Order:
    """Store the order; if the balance is too low, wait once for top-ups that are being settled."""
    waited = False
    while True:
        try:
            return await shop.db.tx(_place, shop.policies.limits, purchase, order)
        except ledger.InsufficientFunds as error:
            assert isinstance(purchase.buyer.payer, Balance)
            key_id = purchase.buyer.payer.key_id
            if waited:
                reason = await shop.db.read(insufficient_funds, key_id, purchase.price_msat)
                raise reason or error from None
            # Tried again even if nothing is on its way: it may have come since the refusal.
            await await_top_up(shop, key_id)
            waited = True


class _PlacedBefore(Exception):
    """The same request, sent at the same time, was faster."""


def _earlier(tx: Tx, named: Idempotency) -> Order | None:
    found = idempotency.find(tx, named.principal, named.key)
    if found is None:
        return None
    if found.body_hash != named.body_hash:
        raise InvalidInput(
            "This Idempotency-Key was used for another request.",
            code="IDEMPOTENCY_MISMATCH",
            suggestion="Use a fresh key for every order, and the same one only to repeat it.",
        )
    return orders.by_id(tx, found.order_id)


def _new_order(policies: Policies, purchase: Purchase, order_id: str, now_ms: int) -> Order:
    buyer = purchase.buyer
    is_hold = isinstance(buyer.payer, Hold)
    return Order(
        id=order_id,
        kind=purchase.kind,
        family=buyer.family,
        state=OrderState.AWAITING_PAYMENT if is_hold else OrderState.PAID,
        reason="",
        method=purchase.method,
        price_msat=purchase.price_msat,
        payment_hash=None,
        account_id=buyer.account_id,
        body_hash="",
        request=commands.to_json(purchase.command),
        status_token=secrets.token_hex(16),
        refund_address="",
        may_retry=False,
        retry_until_ms=0,
        deadline_ms=policies.deadlines.deadline_ms(purchase.kind, now_ms),
        idempotency_key="" if buyer.idempotency is None else buyer.idempotency.key,
        created_ms=now_ms,
        started_ms=now_ms,
        finished_ms=None,
        paid_ms=None if is_hold else now_ms,
        referrer=buyer.referrer,
        referral_percent=policies.payouts.referral_percent,
        webhook_url=buyer.webhook_url,
        client=buyer.client,
    )


async def _with_invoice(shop: Shop, purchase: Purchase, order: Order) -> Order:
    """The order with the invoice that secures it. Raises ``NodeUnavailable``, ``Conflict``."""
    if not can_hold(shop.node):
        raise Conflict(
            "This shop's Lightning node cannot hold payments.",
            code="HOLD_NOT_SUPPORTED",
            suggestion="Pay from a prepaid balance.",
        )
    settings = shop.settings.orders
    is_rental = isinstance(purchase.command, ReceiveTexts) and purchase.command.hours > 0
    invoice: Invoice = await shop.node.create_hold_invoice(
        payment_hash_of(new_preimage(shop.keyring, order.id)),
        order.price_msat,
        hold_memo(shop.keyring),
        settings.invoice_expiry_s,
        settings.rental_cltv_blocks if is_rental else settings.cltv_blocks,
    )
    return replace(
        order,
        payment_hash=invoice.payment_hash.hex(),
        payreq=invoice.bolt11,
        node=shop.node_name,
        deadline_ms=invoice.expires_at_ms,
    )


def _place(tx: Tx, limits: LimitPolicy, purchase: Purchase, order: Order) -> Order:
    """Everything of the order in one transaction."""
    # The time of the commit, not of the request: readers of new orders go on from the latest.
    order = replace(order, created_ms=tx.now_ms, started_ms=tx.now_ms)
    if order.paid_ms is not None:
        order = replace(order, paid_ms=tx.now_ms)
    assert orders.insert(tx, order, "ordered"), "ids are random"
    purchase.record(tx, order)
    named = purchase.buyer.idempotency
    if named is not None and not idempotency.add(
        tx, named.principal, named.key, named.body_hash, order.id
    ):
        raise _PlacedBefore
    if isinstance(purchase.buyer.payer, Balance):
        _reserve(tx, purchase.buyer.payer, order)
        check_budget(tx, purchase.buyer.payer)
        refused = count_paid(tx, limits, order)
        if refused is not None:
            raise refused.error
        dispatch_paid(tx, order)
    else:
        tx.wake.add(HOLDS)
    return order


def _reserve(tx: Tx, payer: Balance, order: Order) -> None:
    key = keys.by_id(tx, payer.key_id)
    if key is None or key.revoked_ms is not None:
        raise Unauthorized(
            "This API key was revoked.", suggestion="Ask the operator for another key."
        )
    assert order.account_id is not None
    ledger.hold(
        tx,
        idem=hold_idem(order.id),
        debit=order.account_id,
        credit=REVENUE,
        amount_msat=order.price_msat,
        kind=RESERVE,
        order_id=order.id,
    )
