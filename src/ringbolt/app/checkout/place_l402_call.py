"""Turn a paid L402 credential into an order: once, or again if the first try cost nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ringbolt.app.checkout.sell_call import new_sid, record_call
from ringbolt.app.jobs import DISPATCH_CALL
from ringbolt.app.payments.start_fulfilment import dispatch_paid
from ringbolt.app.webhooks import call_notify
from ringbolt.core import commands
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.chart_of_accounts import ESCROW, NODE, PAYMENT, payment_idem
from ringbolt.core.commands import CallOrder
from ringbolt.core.lightning.l402 import Grant
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import calls, ledger, orders, refunds
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class Paid:
    """What comes with a paid request, apart from the command. ``family`` is the API that it came
    by, ``age_ms`` ago, from ``client`` (hashed). ``node`` is the name of the Lightning node that
    its invoice was paid to."""

    family: str
    grant: Grant
    body_hash: str
    idempotency_key: str
    refund_address: str
    age_ms: int
    client: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings that apply to an L402 order."""

    replay_window_ms: int
    dispatch_deadline_ms: int


@dataclass(frozen=True, slots=True)
class Placed:
    """The order is placed (or placed again after a failure that cost nothing)."""

    order: Order
    call: Call


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same paid request, seen again soon: the same answer as the first time."""

    order: Order
    call: Call


@dataclass(frozen=True, slots=True)
class Spent:
    """The credential has already bought its call, or its money was claimed back."""

    order: Order
    code: str
    message: str


PlaceResult = Placed | Replayed | Spent


def place_l402_call(tx: Tx, command: CallOrder, paid: Paid, terms: Terms) -> PlaceResult:
    """One payment hash, one order. Of any number of copies at once, one places the call."""
    existing = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
    if existing is None:
        order = _new_order(tx, command, paid, terms)
        if orders.insert(tx, order, "paid with L402"):
            _book_payment(tx, order)
            call = record_call(tx, order, command)
            dispatch_paid(tx, order)
            return Placed(order, call)
        # Another machine inserted the same hash between our look and our insert.
        existing = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
        assert existing is not None
    return _again(tx, existing, paid, terms)


def record_unredeemed(tx: Tx, command: CallOrder, paid: Paid, terms: Terms, why: str) -> Order:
    """A paid credential that cannot buy its call any more: the buyer gets the money back.

    It was shown after it had expired, or the number is not called here any more. The order is
    born failed, with its refund open. Returns the order (an earlier one if the credential had
    bought something before).
    """
    existing = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
    if existing is not None:
        return existing
    order = _new_order(tx, command, paid, terms)
    if orders.insert(tx, order, "paid with L402"):
        _book_payment(tx, order)
        calls.insert_call(tx, order.id, new_sid(), command.to, command.minutes)
        calls.update_call(tx, order.id, status=CallStatus.CANCELED, ended_ms=tx.now_ms, cause=why)
        orders.move(tx, order.id, OrderState.FAILED, why, may_retry=0)
        refunds.open_refund(tx, order.id, order.price_msat)
        orders.finish(tx, order.id)
    found = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
    assert found is not None
    return found


def _again(tx: Tx, order: Order, paid: Paid, terms: Terms) -> PlaceResult:
    call = _call(tx, order.id)
    same_key = bool(paid.idempotency_key) and paid.idempotency_key == order.idempotency_key
    if order.state is OrderState.FAILED:
        # A request sent before the failure is a copy of the failed one, not a new request.
        if order.finished_ms is not None and tx.now_ms - paid.age_ms <= order.finished_ms:
            return Replayed(order, call)
        return _retry(tx, order, paid, terms)
    if order.state is OrderState.RETURNED:
        return Spent(order, "L402_REFUNDED", "The money for this call was paid back.")
    if same_key:
        return Replayed(order, call)
    another_request = bool(paid.idempotency_key and order.idempotency_key)
    if not another_request and tx.now_ms - order.started_ms < terms.replay_window_ms:
        return Replayed(order, call)
    return Spent(
        order,
        "L402_TOKEN_SPENT",
        "This credential has already bought its call. A payment buys exactly one call.",
    )


def _retry(tx: Tx, order: Order, paid: Paid, terms: Terms) -> PlaceResult:
    if not (order.may_retry and tx.now_ms < order.retry_until_ms):
        return Spent(
            order,
            "L402_ORDER_FAILED",
            "The call that this credential paid for failed and cannot be tried again; "
            "its refund is at the status page.",
        )
    if not refunds.drop_open(tx, order.id):
        return _retried_or_claimed(tx, order, paid, terms)
    moved = orders.move(
        tx,
        order.id,
        OrderState.PAID,
        "tried again with the same credential",
        may_retry=0,
        started_ms=tx.now_ms,
        finished_ms=None,
        deadline_ms=tx.now_ms + terms.dispatch_deadline_ms,
        idempotency_key=paid.idempotency_key,
    )
    assert moved, "a failed order with an open refund can be tried again"
    calls.requeue_call(tx, order.id)
    call_notify.changed(tx, order.id)
    # The job of the former try may still wait for the carrier's answer, and would replace this
    # one when it ends: cancel it, so that its worker loses the lease.
    DISPATCH_CALL.cancel(tx, order.id)
    renewed = orders.by_id(tx, order.id)
    assert renewed is not None
    dispatch_paid(tx, renewed)
    return Placed(renewed, _call(tx, order.id))


def _retried_or_claimed(tx: Tx, order: Order, paid: Paid, terms: Terms) -> PlaceResult:
    """Another request was faster: a copy of this one, or a claim of the refund."""
    present = orders.by_id(tx, order.id)
    if present is not None and present.state is not OrderState.FAILED:
        return _again(tx, present, paid, terms)
    return Spent(order, "L402_REFUND_CLAIMED", "The refund for this call was claimed.")


def _new_order(tx: Tx, command: CallOrder, paid: Paid, terms: Terms) -> Order:
    return Order(
        id=secrets.token_hex(32),
        kind=OrderKind.CALL,
        family=paid.family,
        state=OrderState.PAID,
        reason="",
        method=PaymentMethod.L402,
        price_msat=paid.grant.offer.amount_msat,
        payment_hash=paid.grant.payment_hash.hex(),
        account_id=None,
        body_hash=paid.body_hash,
        request=commands.to_json(command),
        status_token=secrets.token_hex(16),
        refund_address=paid.refund_address,
        may_retry=False,
        retry_until_ms=paid.grant.offer.valid_until_s * 1000,
        deadline_ms=tx.now_ms + terms.dispatch_deadline_ms,
        idempotency_key=paid.idempotency_key,
        created_ms=tx.now_ms,
        started_ms=tx.now_ms,
        finished_ms=None,
        client=paid.client,
        node=paid.node,
    )


def _book_payment(tx: Tx, order: Order) -> None:
    assert order.payment_hash is not None
    ledger.post(
        tx,
        idem=payment_idem(order.payment_hash),
        debit=NODE,
        credit=ESCROW,
        amount_msat=order.price_msat,
        kind=PAYMENT,
    )


def _call(tx: Tx, order_id: str) -> Call:
    call = calls.call_of(tx, order_id)
    assert call is not None
    return call
