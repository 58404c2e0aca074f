"""Reads the ledger, the orders and the attempts, to check that they agree with each other.

The statements are built once: to build them takes longer than a small shop's database to run them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.chart_of_accounts import Naming
from ringbolt.core.order import UNDER_WAY, OrderKind, OrderState, PaymentMethod
from ringbolt.store.audit_rules import MOVED, RULES, among, is_named
from ringbolt.store.engine.db import Tx
from ringbolt.store.payouts import PayoutState
from ringbolt.store.refunds import RefundState
from ringbolt.store.schema.tables import (
    account,
    order_event,
    orders,
    refund,
    transfer,
)
from ringbolt.store.schema.text_tables import payout, withdrawal
from ringbolt.store.withdrawals import WithdrawalState


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
    reserved amounts included; ``withdrawing``: held for withdrawals, ``withdrawn``: paid out, with
    what the accounts bore of the routing fees.

    Referrers: ``accrued``: shares of settled orders; ``referrals``: not paid out yet;
    ``referrals_paid``: paid out, with what referrers bore of the routing fees; ``payout_fees``:
    what the shop bore of them.
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
    withdrawing: int
    withdrawn: int
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
    """A refund, payout or withdrawal (``what``) that is recorded as paid by ``node`` ('' if not
    recorded)."""

    what: str
    payment_hash: str
    node: str


def books(tx: Tx) -> Books:
    """The sums over all that is booked."""
    sums = {(kind, state): int(moved) for kind, state, moved in tx.run(_MOVED_BY_KIND)}

    def total(*kinds: str, state: str = "posted") -> int:
        return sum(sums.get((kind, state), 0) for kind in kinds)

    return Books(
        received=total(chart.PAYMENT, chart.OVERPAYMENT),
        settled=total(chart.CAPTURE),
        returned=total(chart.REFUND),
        routes=total(chart.REFUND_ROUTE),
        fees=total(chart.REFUND_FEE),
        in_orders=_sum(tx, _IN_ORDERS),
        unredeemed=_sum(tx, _UNREDEEMED),
        held=total(chart.HOLD, chart.TOP_UP, state="pending"),
        taken=total(chart.HOLD, state="captured"),
        lost=_sum(tx, _LOST),
        topped_up=total(chart.TOP_UP, state="captured"),
        reserved=total(chart.RESERVE, state="pending"),
        spent=total(chart.RESERVE, state="captured"),
        balances=_sum(tx, _OWED_TO_KEYS),
        withdrawing=total(chart.WITHDRAWAL, state="pending"),
        withdrawn=total(chart.WITHDRAWAL, state="captured"),
        accrued=total(chart.REFERRAL),
        referrals=_sum(tx, _OWED_TO_REFERRERS),
        referrals_paid=total(chart.PAYOUT, state="captured"),
        payout_fees=total(chart.PAYOUT_FEE),
    )


def _sum(tx: Tx, statement: Select[Any]) -> int:
    return int(tx.run(statement).scalar_one())


def _sum_of(column: ColumnElement[Any]) -> Select[Any]:
    return select(func.coalesce(func.sum(column), 0))


def _owed_to(accounts: Naming) -> Select[Any]:
    """What the accounts named so hold together, msat."""
    return _sum_of(account.c.posted_msat).where(
        account.c.stored == 1, account.c.id.startswith(accounts.prefix)
    )


_MOVED_BY_KIND = select(transfer.c.kind, transfer.c.state, func.sum(MOVED)).group_by(
    transfer.c.kind, transfer.c.state
)
_OWED_TO_KEYS = _owed_to(chart.account_of_key)
_OWED_TO_REFERRERS = _owed_to(chart.account_of_referrer)
_IN_ORDERS = _sum_of(orders.c.price_msat).where(
    orders.c.method == PaymentMethod.L402.value,
    among(orders.c.state, UNDER_WAY | {OrderState.FAILED}),
)
"""The prices of L402 orders that are open or failed."""
_UNREDEEMED = _sum_of(transfer.c.amount_msat).where(
    or_(
        and_(
            transfer.c.kind == chart.PAYMENT,
            not_(exists().where(is_named(chart.payment_idem, orders.c.payment_hash))),
        ),
        transfer.c.kind == chart.OVERPAYMENT,
    )
)
"""L402 payments without an order, and overpayments."""
_LOST = _sum_of(orders.c.price_msat).where(
    orders.c.method == PaymentMethod.HOLD.value,
    orders.c.kind != OrderKind.FUND.value,  # nothing was given for it
    orders.c.state == OrderState.RETURNED.value,
    exists().where(
        order_event.c.order_id == orders.c.id,
        order_event.c.from_state == OrderState.FULFILLED.value,
        order_event.c.to_state == OrderState.RETURNED.value,
    ),
)


def payments(tx: Tx) -> list[Booked]:
    """Every L402 payment in the ledger, for comparison with the node."""
    return [
        Booked(idem.removeprefix(_PAYMENT), amount, node)
        for idem, amount, node in tx.run(_PAYMENTS)
    ]


_PAYMENT = chart.payment_idem.prefix
_PAYMENTS = (
    select(transfer.c.idem, transfer.c.amount_msat, func.coalesce(orders.c.node, ""))
    # Strip the prefix from ``idem`` rather than add it to the order's hash: only so can the join
    # use the index on ``payment_hash``, instead of comparing every transfer with every order.
    .outerjoin(orders, orders.c.payment_hash == func.substr(transfer.c.idem, len(_PAYMENT) + 1))
    .where(transfer.c.kind == chart.PAYMENT)
)


def paid_out(tx: Tx) -> list[PaidOut]:
    """Every refund, payout and withdrawal that is recorded as paid."""
    return [
        *(PaidOut("Refund", *row) for row in tx.run(_PAID_REFUNDS)),
        *(PaidOut("Payout", *row) for row in tx.run(_PAID_PAYOUTS)),
        *(PaidOut("Withdrawal", *row) for row in tx.run(_PAID_WITHDRAWALS)),
    ]


_PAID_REFUNDS = select(refund.c.payment_hash, refund.c.node).where(
    refund.c.state == RefundState.PAID.value
)
_PAID_PAYOUTS = select(payout.c.payment_hash, payout.c.node).where(
    payout.c.state == PayoutState.PAID.value
)
_PAID_WITHDRAWALS = select(withdrawal.c.payment_hash, withdrawal.c.node).where(
    withdrawal.c.state == WithdrawalState.PAID.value
)


def disagreements(tx: Tx) -> list[str]:
    """Every violated rule, one sentence per order or payout (at most ``LIMIT`` per rule)."""
    found: list[str] = []
    for sentence, violated in RULES:
        found.extend(sentence.format(*row) for row in tx.run(violated))
    return found


def held_orders(tx: Tx) -> list[Booked]:
    """Settled orders that were paid by hold invoice, for comparison with the node."""
    return [Booked(*row) for row in tx.run(_HELD_ORDERS)]


_HELD_ORDERS = select(orders.c.payment_hash, orders.c.price_msat, orders.c.node).where(
    orders.c.method == PaymentMethod.HOLD.value, orders.c.state == OrderState.SETTLED.value
)


def hold_states(tx: Tx, payment_hashes: list[str]) -> dict[str, str]:
    """The states of those orders of ``payment_hashes`` that are paid by a hold invoice."""
    rows = tx.run(
        select(orders.c.payment_hash, orders.c.state).where(
            orders.c.method == PaymentMethod.HOLD.value, orders.c.payment_hash.in_(payment_hashes)
        )
    )
    return {row[0]: row[1] for row in rows}
