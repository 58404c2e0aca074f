"""Turn a paid L402 credential into an order: once, or again if the first try cost nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ringbolt.app.checkout.order_rows import (
    OrderRow,
    PaidOnce,
    close_row,
    kind_of,
    record_row,
    record_undelivered,
    renew_row,
    row_of,
)
from ringbolt.app.jobs import DISPATCH
from ringbolt.app.limits.count_order import count_paid
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.payments.start_fulfilment import dispatch_paid
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.webhooks import notify
from ringbolt.core import commands
from ringbolt.core.chart_of_accounts import ESCROW, NODE, PAYMENT, payment_idem
from ringbolt.core.lightning.l402 import Grant
from ringbolt.core.order import UNDER_WAY, OrderKind, OrderState, PaymentMethod
from ringbolt.store import ledger, orders, refunds
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class Paid:
    """What comes with a paid request, apart from the command. ``family`` is the API that it came
    by, ``age_ms`` ago, from ``client`` (hashed). ``node`` is the name of the Lightning node that
    its invoice was paid to. ``webhook_url`` gets every change of a message, '' for none.
    ``order_id``: the id that the challenge named, '' for a new one."""

    family: str
    grant: Grant
    body_hash: str
    idempotency_key: str
    refund_address: str
    age_ms: int
    client: str = ""
    node: str = ""
    webhook_url: str = ""
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings that apply to an L402 order. ``deadline_ms``: how long after its payment it is
    given up, a call if no carrier took it by then, a message if its end is not known, an
    activation if no code came."""

    replay_window_ms: int
    deadline_ms: int
    limits: LimitPolicy


@dataclass(frozen=True, slots=True)
class Placed:
    """The order is placed (or placed again after a failure that cost nothing)."""

    order: Order
    row: OrderRow


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same paid request, seen again soon: the same answer as the first time."""

    order: Order
    row: OrderRow


@dataclass(frozen=True, slots=True)
class Spent:
    """The credential has already bought its order, or its money was claimed back."""

    order: Order
    code: str
    message: str


PlaceResult = Placed | Replayed | Spent


_NOUN = {
    OrderKind.CALL: "call",
    OrderKind.SMS: "text",
    OrderKind.EMAIL: "e-mail",
    OrderKind.SPEECH: "audio file",
    OrderKind.ACTIVATION: "code",
    OrderKind.RENTAL: "number",
}


def place_l402_order(tx: Tx, command: PaidOnce, paid: Paid, terms: Terms) -> PlaceResult:
    """One payment hash, one order. Of any number of copies at once, one places it."""
    existing = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
    if existing is None:
        order = _new_order(tx, command, paid, terms)
        if orders.insert(tx, order, "paid with L402"):
            _book_payment(tx, order)
            row = record_row(tx, order, command, terms.limits)
            return _started(tx, order, row, terms)
        # Another machine inserted the same hash between our look and our insert.
        existing = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
        assert existing is not None
    return _again(tx, existing, paid, terms)


def _started(tx: Tx, order: Order, row: OrderRow, terms: Terms) -> Placed:
    """The order is under way, unless it is over a limit since its challenge was given."""
    refused = count_paid(tx, terms.limits, order)
    if refused is None:
        dispatch_paid(tx, order)
        return Placed(order, row)
    close_row(tx, order, refused.why)  # calls count when a carrier is asked
    fail(tx, order.id, refused.why, may_retry=not order.kind.is_received)
    notify.changed(tx, order.id)
    return Placed(_present(tx, order), row_of(tx, order))


def record_unredeemed(tx: Tx, command: PaidOnce, paid: Paid, terms: Terms, why: str) -> Order:
    """A paid credential that cannot buy its order any more: the buyer gets the money back.

    It was shown after it had expired, or what it bought is not sold any more. The order is
    born failed, with its refund open. Returns the order (an earlier one if the credential had
    bought something before).
    """
    existing = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
    if existing is not None:
        return existing
    order = _new_order(tx, command, paid, terms)
    if orders.insert(tx, order, "paid with L402"):
        _book_payment(tx, order)
        record_undelivered(tx, order, command, terms.limits, why)
        orders.move(tx, order.id, OrderState.FAILED, why, may_retry=0)
        refunds.open_refund(tx, order.id, order.price_msat)
        orders.finish(tx, order.id)
        notify.changed(tx, order.id)
    found = orders.by_payment_hash(tx, paid.grant.payment_hash.hex())
    assert found is not None
    return found


def _again(tx: Tx, order: Order, paid: Paid, terms: Terms) -> PlaceResult:
    row = row_of(tx, order)
    same_key = bool(paid.idempotency_key) and paid.idempotency_key == order.idempotency_key
    if order.state is OrderState.FAILED:
        # A request sent before the failure is a copy of the failed one, not a new request.
        if order.finished_ms is not None and tx.now_ms - paid.age_ms <= order.finished_ms:
            return Replayed(order, row)
        return _retry(tx, order, paid, terms)
    if order.state is OrderState.RETURNED:
        return Spent(
            order, "L402_REFUNDED", f"The money for this {_NOUN[order.kind]} was paid back."
        )
    # A buyer who waits for a code may send the order again instead of looking at it.
    is_awaited = order.kind.is_received and order.state in UNDER_WAY
    if same_key or is_awaited:
        return Replayed(order, row)
    another_request = bool(paid.idempotency_key and order.idempotency_key)
    if not another_request and tx.now_ms - order.started_ms < terms.replay_window_ms:
        return Replayed(order, row)
    return Spent(
        order,
        "L402_TOKEN_SPENT",
        f"This credential has already bought its {_NOUN[order.kind]}. "
        f"A payment buys exactly one {_NOUN[order.kind]}.",
    )


def _retry(tx: Tx, order: Order, paid: Paid, terms: Terms) -> PlaceResult:
    if not (order.may_retry and tx.now_ms < order.retry_until_ms):
        return Spent(
            order,
            "L402_ORDER_FAILED",
            f"The {_NOUN[order.kind]} that this credential paid for failed and cannot be tried "
            "again; "
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
        paid_ms=None if order.paid_ms is None else tx.now_ms,
        deadline_ms=tx.now_ms + terms.deadline_ms,
        idempotency_key=paid.idempotency_key,
    )
    assert moved, "a failed order with an open refund can be tried again"
    renew_row(tx, order)
    # The job of the former try may still wait for the carrier's answer, and would replace this
    # one when it ends: cancel it, so that its worker loses the lease.
    DISPATCH[order.kind.fulfilment].cancel(tx, order.id)
    renewed = _present(tx, order)
    return _started(tx, renewed, row_of(tx, renewed), terms)


def _retried_or_claimed(tx: Tx, order: Order, paid: Paid, terms: Terms) -> PlaceResult:
    """Another request was faster: a copy of this one, or a claim of the refund."""
    present = orders.by_id(tx, order.id)
    if present is not None and present.state is not OrderState.FAILED:
        return _again(tx, present, paid, terms)
    what = _NOUN[order.kind]
    return Spent(order, "L402_REFUND_CLAIMED", f"The refund for this {what} was claimed.")


def _new_order(tx: Tx, command: PaidOnce, paid: Paid, terms: Terms) -> Order:
    kind = kind_of(command)
    return Order(
        id=paid.order_id or secrets.token_hex(32),
        kind=kind,
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
        deadline_ms=tx.now_ms + terms.deadline_ms,
        idempotency_key=paid.idempotency_key,
        created_ms=tx.now_ms,
        started_ms=tx.now_ms,
        finished_ms=None,
        # When it was counted for the limits; a call is counted when a carrier is asked.
        paid_ms=None if kind is OrderKind.CALL else tx.now_ms,
        client=paid.client,
        node=paid.node,
        webhook_url=paid.webhook_url,
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


def _present(tx: Tx, order: Order) -> Order:
    found = orders.by_id(tx, order.id)
    assert found is not None
    return found
