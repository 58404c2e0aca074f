"""Reads the ledger, the orders and the attempts, to check that they agree with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.chart_of_accounts import Naming
from ringbolt.core.order import DELIVERED, UNDER_WAY, UNPAID, OrderKind, OrderState, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.payouts import JOB_PREFIX, PayoutState
from ringbolt.store.refunds import RefundState
from ringbolt.store.schema.tables import (
    account,
    attempt,
    call,
    job,
    order_event,
    orders,
    refund,
    transfer,
)
from ringbolt.store.schema.text_tables import payout

_LIMIT = 50
_MOVED = func.coalesce(transfer.c.captured_msat, transfer.c.amount_msat)
"""What a transfer moved: the captured part, if it was captured in part."""


@dataclass(frozen=True, slots=True)
class Books:
    """Sums in msat over all transfers of a kind.

    L402: ``received``, ``settled``, ``returned``; ``routes``: what buyers left of their refunds for
    the routing fees, ``fees``: what those were; ``in_orders``: the price of its open and failed
    orders, which may still be refunded; ``unredeemed``: payments that no order used, overpayments
    included.

    Hold invoices: ``held``: paid, not settled; ``taken``: settled, of orders; ``lost``: delivered,
    but the payment returned to the payer before the node could settle it; ``topped_up``: settled,
    credited to balances.

    Balances: ``reserved`` for open orders, ``spent`` on orders, ``balances``: what all keys hold,
    reserved amounts included. Referrers: ``accrued``: shares of settled orders; ``referrals``: not
    paid out yet; ``referrals_paid``: paid out, with what referrers bore of the routing fees;
    ``payout_fees``: what the shop bore of them.
    """

    received: int
    settled: int
    returned: int
    routes: int
    fees: int
    in_orders: int
    unredeemed: int
    held: int
    taken: int
    lost: int
    topped_up: int
    reserved: int
    spent: int
    balances: int
    accrued: int
    referrals: int
    referrals_paid: int
    payout_fees: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A payment in the ledger: its hash (hex), amount (msat) and node ('' if not recorded)."""

    payment_hash: str
    amount_msat: int
    node: str = ""


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A refund or payout (``what``) that is recorded as paid by ``node`` ('' if not recorded)."""

    what: str
    payment_hash: str
    node: str


def books(tx: Tx) -> Books:
    """The sums over all that is booked."""
    return Books(
        received=_total(tx, chart.PAYMENT, chart.OVERPAYMENT),
        settled=_total(tx, chart.CAPTURE),
        returned=_total(tx, chart.REFUND),
        routes=_total(tx, chart.REFUND_ROUTE),
        fees=_total(tx, chart.REFUND_FEE),
        in_orders=_in_orders(tx),
        unredeemed=_unredeemed(tx),
        held=_total(tx, chart.HOLD, chart.TOP_UP, state="pending"),
        taken=_total(tx, chart.HOLD, state="captured"),
        lost=_lost(tx),
        topped_up=_total(tx, chart.TOP_UP, state="captured"),
        reserved=_total(tx, chart.RESERVE, state="pending"),
        spent=_total(tx, chart.RESERVE, state="captured"),
        balances=_owed_to(tx, chart.account_of_key),
        accrued=_total(tx, chart.REFERRAL),
        referrals=_owed_to(tx, chart.account_of_referrer),
        referrals_paid=_total(tx, chart.PAYOUT, state="captured"),
        payout_fees=_total(tx, chart.PAYOUT_FEE),
    )


def _total(tx: Tx, *kinds: str, state: str = "posted") -> int:
    """The sum of the transfers of these kinds in ``state``, msat."""
    moved = select(func.coalesce(func.sum(_MOVED), 0)).where(
        transfer.c.kind.in_(kinds), transfer.c.state == state
    )
    return int(tx.run(moved).scalar_one())


def _owed_to(tx: Tx, accounts: Naming) -> int:
    """What the accounts named so hold together, msat."""
    posted = select(func.coalesce(func.sum(account.c.posted_msat), 0)).where(
        account.c.stored == 1, account.c.id.startswith(accounts.prefix)
    )
    return int(tx.run(posted).scalar_one())


def _in_orders(tx: Tx) -> int:
    """The prices of L402 orders that are open or failed, msat."""
    prices = select(func.coalesce(func.sum(orders.c.price_msat), 0)).where(
        orders.c.method == PaymentMethod.L402,
        orders.c.state.in_(UNDER_WAY | {OrderState.FAILED}),
    )
    return int(tx.run(prices).scalar_one())


def _unredeemed(tx: Tx) -> int:
    """L402 payments without an order, and overpayments, msat."""
    redeemed = exists().where(_is_named(chart.payment_idem, orders.c.payment_hash))
    paid = select(func.coalesce(func.sum(transfer.c.amount_msat), 0)).where(
        or_(
            and_(transfer.c.kind == chart.PAYMENT, not_(redeemed)),
            transfer.c.kind == chart.OVERPAYMENT,
        )
    )
    return int(tx.run(paid).scalar_one())


def _is_named(naming: Naming, subject: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the transfer is the one that ``naming`` gives to ``subject``."""
    name = literal(naming.prefix) + subject
    return transfer.c.idem == (name + literal(naming.suffix) if naming.suffix else name)


def _lost(tx: Tx) -> int:
    fell_back = exists().where(
        order_event.c.order_id == orders.c.id,
        order_event.c.from_state == OrderState.FULFILLED.value,
        order_event.c.to_state == OrderState.RETURNED.value,
    )
    return int(
        tx.run(
            select(func.coalesce(func.sum(orders.c.price_msat), 0)).where(
                orders.c.method == PaymentMethod.HOLD.value,
                orders.c.kind != OrderKind.FUND,  # nothing was given for it
                orders.c.state == OrderState.RETURNED.value,
                fell_back,
            )
        ).scalar_one()
    )


def payments(tx: Tx) -> list[Booked]:
    """Every L402 payment in the ledger, for comparison with the node."""
    prefix = chart.payment_idem.prefix
    # Strip the prefix from ``idem`` rather than add it to the order's hash: only so can the join
    # use the index on ``payment_hash``, instead of comparing every transfer with every order.
    of_order = orders.c.payment_hash == func.substr(transfer.c.idem, len(prefix) + 1)
    rows = tx.run(
        select(transfer.c.idem, transfer.c.amount_msat, func.coalesce(orders.c.node, ""))
        .outerjoin(orders, of_order)
        .where(transfer.c.kind == chart.PAYMENT)
    )
    return [Booked(idem.removeprefix(prefix), amount, node) for idem, amount, node in rows]


def paid_out(tx: Tx) -> list[PaidOut]:
    """Every refund and payout that is recorded as paid."""
    refunds = tx.run(
        select(refund.c.payment_hash, refund.c.node).where(refund.c.state == RefundState.PAID)
    )
    payouts = tx.run(
        select(payout.c.payment_hash, payout.c.node).where(payout.c.state == PayoutState.PAID)
    )
    return [
        *(PaidOut("Refund", *row) for row in refunds),
        *(PaidOut("Payout", *row) for row in payouts),
    ]


def disagreements(tx: Tx) -> list[str]:
    """Every violated rule, one sentence per order or payout (at most ``_LIMIT`` per rule)."""
    captured = exists().where(_is_named(chart.capture_idem, orders.c.id))
    paid_in = exists().where(_is_named(chart.payment_idem, orders.c.payment_hash))
    returned = exists().where(_is_named(chart.refund_idem, orders.c.id))
    is_l402 = orders.c.method == PaymentMethod.L402
    rules = (
        *_secured_rules(),
        ("was paid with L402, but no payment is booked", and_(is_l402, not_(paid_in))),
        (
            "is settled, but the money was not taken",
            and_(is_l402, orders.c.state.in_(DELIVERED), not_(captured)),
        ),
        (
            "is not settled, but the money was taken",
            and_(orders.c.state.not_in(DELIVERED), captured),
        ),
        (
            "is returned, but no refund is booked",
            and_(is_l402, orders.c.state == OrderState.RETURNED, not_(returned)),
        ),
        (
            "has a refund booked, but is not returned",
            and_(orders.c.state != OrderState.RETURNED, returned),
        ),
        ("was both charged and paid back", and_(captured, returned)),
        (
            "failed, but its refund is not open",
            and_(
                orders.c.state == OrderState.FAILED,
                is_l402,
                not_(exists().where(refund.c.order_id == orders.c.id)),
            ),
        ),
    )
    found: list[str] = []
    for sentence, condition in rules:
        rows = tx.run(select(orders.c.id).where(condition).limit(_LIMIT))
        found.extend(f"Order {row[0][:12]} {sentence}." for row in rows)
    return found + _payout_disagreements(tx) + _attempt_disagreements(tx) + _stuck(tx)


_PAID_OUT = {
    PayoutState.OPEN: "pending",
    PayoutState.PAYING: "pending",
    PayoutState.PAID: "captured",
    PayoutState.FAILED: "voided",
}


def _payout_disagreements(tx: Tx) -> list[str]:
    """Checks that a payout's hold matches its state, and that an unfinished payout has a job."""
    found: list[str] = []
    for state, booked in _PAID_OUT.items():
        its_own = exists().where(
            _is_named(chart.payout_idem, payout.c.id), transfer.c.state == booked
        )
        rows = tx.run(
            select(payout.c.id).where(payout.c.state == state, not_(its_own)).limit(_LIMIT)
        )
        found.extend(f"Payout {row[0][:12]} is {state}, but not {booked} in the books."
                     for row in rows)  # fmt: skip
    has_job = exists().where(job.c.uniq == literal(JOB_PREFIX) + payout.c.address, job.c.dead == 0)
    rows = tx.run(
        select(payout.c.id).where(payout.c.finished_ms.is_(None), not_(has_job)).limit(_LIMIT)
    )
    found.extend(f"Payout {row[0][:12]} is under way, but no job pays it." for row in rows)
    return found


_IN_WORK = UNDER_WAY | {OrderState.FULFILLED}
_SETTLED, _RETURNED = frozenset({OrderState.SETTLED}), frozenset({OrderState.RETURNED})
_SECURED: dict[str, dict[PaymentMethod, frozenset[OrderState]]] = {
    "pending": {
        # A failed order's hold stays pending until the node has cancelled the invoice.
        PaymentMethod.HOLD: _IN_WORK | {OrderState.FAILED},
        PaymentMethod.BALANCE: _IN_WORK,
    },
    "captured": {PaymentMethod.HOLD: _SETTLED, PaymentMethod.BALANCE: _SETTLED},
    "voided": {PaymentMethod.HOLD: _RETURNED, PaymentMethod.BALANCE: _RETURNED},
}
"""In which states of an order its hold or reserve is pending, captured or voided."""


def _secured_rules() -> tuple[tuple[str, ColumnElement[bool]], ...]:
    """Rules for orders paid by hold invoice or from a balance: each has one transfer of its price,
    whose state matches the order's."""
    its_own = _is_named(chart.hold_idem, orders.c.id)
    secured = exists().where(its_own)
    rules: list[tuple[str, ColumnElement[bool]]] = [
        (
            "was never paid, but money is booked for it",
            and_(orders.c.state.in_(UNPAID), secured),
        ),
        (
            "has another amount booked than its price",
            exists().where(its_own, transfer.c.amount_msat != orders.c.price_msat),
        ),
    ]
    for state, methods in _SECURED.items():
        booked = exists().where(its_own, transfer.c.state == state)
        for method, order_states in methods.items():
            is_so = and_(orders.c.method == method.value, orders.c.state.in_(order_states))
            rules.append((f"should have its money {state} ({method}), but does not",
                          and_(is_so, not_(booked))))  # fmt: skip
    return tuple(rules)


def held_orders(tx: Tx) -> list[Booked]:
    """Settled orders that were paid by hold invoice, for comparison with the node."""
    rows = tx.run(
        select(orders.c.payment_hash, orders.c.price_msat, orders.c.node).where(
            orders.c.method == PaymentMethod.HOLD.value, orders.c.state == OrderState.SETTLED.value
        )
    )
    return [Booked(*row) for row in rows]


def hold_states(tx: Tx, payment_hashes: list[str]) -> dict[str, str]:
    """The states of those orders of ``payment_hashes`` that are paid by a hold invoice."""
    rows = tx.run(
        select(orders.c.payment_hash, orders.c.state).where(
            orders.c.method == PaymentMethod.HOLD.value, orders.c.payment_hash.in_(payment_hashes)
        )
    )
    return {row[0]: row[1] for row in rows}


def _attempt_disagreements(tx: Tx) -> list[str]:
    """Checks that a settled call has an attempt that a carrier accepted, and that no order has two
    open attempts."""
    found: list[str] = []
    taken = exists().where(
        attempt.c.order_id == orders.c.id, attempt.c.state.in_(("accepted", "done"))
    )
    rows = tx.run(
        select(orders.c.id)
        .where(orders.c.kind == OrderKind.CALL, orders.c.state.in_(DELIVERED), not_(taken))
        .limit(_LIMIT)
    )
    found.extend(f"Order {row[0][:12]} is settled, but no carrier took it." for row in rows)
    two_open = (
        select(attempt.c.order_id)
        .join(call, call.c.order_id == attempt.c.order_id)
        .where(attempt.c.finished_ms.is_(None))
        .group_by(attempt.c.order_id)
        .having(func.count() > 1)
        .limit(_LIMIT)
    )
    found.extend(f"Order {row[0][:12]} has two attempts open at once." for row in tx.run(two_open))
    return found


def _stuck(tx: Tx) -> list[str]:
    """Checks that every open order and every claimed refund has a job that will continue it."""
    # Webhook jobs do not count: they only report on the order.
    has_job = exists().where(
        job.c.order_id == orders.c.id, job.c.dead == 0, job.c.lane.not_in(("webhook", "unpaid"))
    )
    rows = tx.run(
        select(orders.c.id, orders.c.state)
        .where(
            or_(
                orders.c.state.in_(_IN_WORK),
                and_(orders.c.state == OrderState.FAILED, orders.c.method == PaymentMethod.HOLD),
            ),
            not_(has_job),
        )
        .limit(_LIMIT)
    )
    found = [
        f"Order {order_id[:12]} is {state}, but no job continues it." for order_id, state in rows
    ]
    pays = exists().where(job.c.order_id == refund.c.order_id, job.c.dead == 0)
    unpaid = tx.run(
        select(refund.c.order_id)
        .where(refund.c.state == RefundState.CLAIMED, not_(pays))
        .limit(_LIMIT)
    )
    return found + [
        f"Order {row[0][:12]}: its refund is claimed, but no job pays it." for row in unpaid
    ]
