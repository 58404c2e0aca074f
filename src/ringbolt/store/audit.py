"""Reads the ledger, the orders and the attempts, to check that they agree with each other.

The statements are built once: to build them takes longer than a small shop's database to run them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, not_, or_, select

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.chart_of_accounts import Naming
from ringbolt.core.order import DELIVERED, UNDER_WAY, UNPAID, OrderKind, OrderState, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.payouts import JOB_PREFIX, PayoutState
from ringbolt.store.refunds import RefundState
from ringbolt.store.schema.part_tables import attempt_cost
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
        accrued=total(chart.REFERRAL),
        referrals=_sum(tx, _OWED_TO_REFERRERS),
        referrals_paid=total(chart.PAYOUT, state="captured"),
        payout_fees=total(chart.PAYOUT_FEE),
    )


def _sum(tx: Tx, statement: Select[Any]) -> int:
    return int(tx.run(statement).scalar_one())


def _sum_of(column: ColumnElement[Any]) -> Select[Any]:
    return select(func.coalesce(func.sum(column), 0))


def _among(column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """``column IN (values)`` with one placeholder for each: such a statement is compiled once."""
    return column.in_([literal(str(value)) for value in sorted(values)])


def _is_named(naming: Naming, subject: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the transfer is the one that ``naming`` gives to ``subject``."""
    name = literal(naming.prefix) + subject
    return transfer.c.idem == (name + literal(naming.suffix) if naming.suffix else name)


def _owed_to(accounts: Naming) -> Select[Any]:
    """What the accounts named so hold together, msat."""
    return _sum_of(account.c.posted_msat).where(
        account.c.stored == 1, account.c.id.startswith(accounts.prefix)
    )


_MOVED_BY_KIND = select(transfer.c.kind, transfer.c.state, func.sum(_MOVED)).group_by(
    transfer.c.kind, transfer.c.state
)
_OWED_TO_KEYS = _owed_to(chart.account_of_key)
_OWED_TO_REFERRERS = _owed_to(chart.account_of_referrer)
_IN_ORDERS = _sum_of(orders.c.price_msat).where(
    orders.c.method == PaymentMethod.L402.value,
    _among(orders.c.state, UNDER_WAY | {OrderState.FAILED}),
)
"""The prices of L402 orders that are open or failed."""
_UNREDEEMED = _sum_of(transfer.c.amount_msat).where(
    or_(
        and_(
            transfer.c.kind == chart.PAYMENT,
            not_(exists().where(_is_named(chart.payment_idem, orders.c.payment_hash))),
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
    """Every refund and payout that is recorded as paid."""
    return [
        *(PaidOut("Refund", *row) for row in tx.run(_PAID_REFUNDS)),
        *(PaidOut("Payout", *row) for row in tx.run(_PAID_PAYOUTS)),
    ]


_PAID_REFUNDS = select(refund.c.payment_hash, refund.c.node).where(
    refund.c.state == RefundState.PAID.value
)
_PAID_PAYOUTS = select(payout.c.payment_hash, payout.c.node).where(
    payout.c.state == PayoutState.PAID.value
)


def disagreements(tx: Tx) -> list[str]:
    """Every violated rule, one sentence per order or payout (at most ``_LIMIT`` per rule)."""
    found: list[str] = []
    for sentence, violated in _RULES:
        found.extend(sentence.format(*row) for row in tx.run(violated))
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
            and_(_among(orders.c.state, UNPAID), secured),
        ),
        (
            "has another amount booked than its price",
            exists().where(its_own, transfer.c.amount_msat != orders.c.price_msat),
        ),
    ]
    for state, methods in _SECURED.items():
        booked = exists().where(its_own, transfer.c.state == state)
        for method, order_states in methods.items():
            is_so = and_(orders.c.method == method.value, _among(orders.c.state, order_states))
            rules.append((f"should have its money {state} ({method}), but does not",
                          and_(is_so, not_(booked))))  # fmt: skip
    return tuple(rules)


_Rule = tuple[str, Select[Any]]
"""The sentence about a row that should not be there, with places for its columns, and the rows."""


def _order_rules() -> list[_Rule]:
    captured = exists().where(_is_named(chart.capture_idem, orders.c.id))
    paid_in = exists().where(_is_named(chart.payment_idem, orders.c.payment_hash))
    returned = exists().where(_is_named(chart.refund_idem, orders.c.id))
    is_l402 = orders.c.method == PaymentMethod.L402.value
    is_delivered = _among(orders.c.state, DELIVERED)
    is_returned = orders.c.state == OrderState.RETURNED.value
    rules = (
        *_secured_rules(),
        ("was paid with L402, but no payment is booked", and_(is_l402, not_(paid_in))),
        (
            "is settled, but the money was not taken",
            and_(is_l402, is_delivered, not_(captured)),
        ),
        ("is not settled, but the money was taken", and_(not_(is_delivered), captured)),
        ("is returned, but no refund is booked", and_(is_l402, is_returned, not_(returned))),
        ("has a refund booked, but is not returned", and_(not_(is_returned), returned)),
        ("was both charged and paid back", and_(captured, returned)),
        (
            "failed, but its refund is not open",
            and_(
                orders.c.state == OrderState.FAILED.value,
                is_l402,
                not_(exists().where(refund.c.order_id == orders.c.id)),
            ),
        ),
    )
    return [
        (f"Order {{:.12}} {sentence}.", select(orders.c.id).where(violated))
        for sentence, violated in rules
    ]


_PAID_OUT = {
    PayoutState.OPEN: "pending",
    PayoutState.PAYING: "pending",
    PayoutState.PAID: "captured",
    PayoutState.FAILED: "voided",
}


def _payout_rules() -> list[_Rule]:
    """A payout's hold matches its state, and an unfinished payout has a job."""
    rules: list[_Rule] = []
    for state, booked in _PAID_OUT.items():
        its_own = exists().where(
            _is_named(chart.payout_idem, payout.c.id), transfer.c.state == booked
        )
        rules.append((
            f"Payout {{:.12}} is {state}, but not {booked} in the books.",
            select(payout.c.id).where(payout.c.state == state.value, not_(its_own)),
        ))  # fmt: skip
    has_job = exists().where(job.c.uniq == literal(JOB_PREFIX) + payout.c.address, job.c.dead == 0)
    unpaid = select(payout.c.id).where(payout.c.finished_ms.is_(None), not_(has_job))
    return [*rules, ("Payout {:.12} is under way, but no job pays it.", unpaid)]


def _cost_rules() -> list[_Rule]:
    """What is booked as owed to parts is the sum of what their attempts cost."""
    owed = literal(chart.account_of_part.prefix)
    its_part = owed + attempt_cost.c.area + literal(":") + attempt_cost.c.part
    costs = (
        select(its_part.label("account"), func.sum(attempt_cost.c.msat).label("msat"))
        .where(attempt_cost.c.msat.is_not(None))
        .group_by(its_part)
        .subquery()
    )
    is_more = transfer.c.kind == chart.PART_COST
    its_account = case((is_more, transfer.c.credit), else_=transfer.c.debit)
    booked = (
        select(
            its_account.label("account"),
            func.sum(case((is_more, _MOVED), else_=-_MOVED)).label("msat"),
        )
        .where(_among(transfer.c.kind, (chart.PART_COST, chart.PART_COST_BACK)))
        .group_by(its_account)
        .subquery()
    )
    differs = (
        select(costs.c.account)
        .outerjoin(booked, booked.c.account == costs.c.account)
        .where(costs.c.msat != func.coalesce(booked.c.msat, 0))
    )
    unknown = (
        select(booked.c.account)
        .outerjoin(costs, booked.c.account == costs.c.account)
        .where(costs.c.account.is_(None), booked.c.msat != 0)
    )
    sentence = "What {} is owed in the books is not what its attempts cost."
    return [(sentence, differs), (sentence, unknown)]


def _attempt_rules() -> list[_Rule]:
    """A settled call has an attempt that a carrier accepted, and no order has two open attempts."""
    taken = exists().where(
        attempt.c.order_id == orders.c.id, _among(attempt.c.state, ("accepted", "done"))
    )
    not_taken = select(orders.c.id).where(
        orders.c.kind == OrderKind.CALL.value, _among(orders.c.state, DELIVERED), not_(taken)
    )
    two_open = (
        select(attempt.c.order_id)
        .join(call, call.c.order_id == attempt.c.order_id)
        .where(attempt.c.finished_ms.is_(None))
        .group_by(attempt.c.order_id)
        .having(func.count() > 1)
    )
    return [
        ("Order {:.12} is settled, but no carrier took it.", not_taken),
        ("Order {:.12} has two attempts open at once.", two_open),
    ]


def _stuck_rules() -> list[_Rule]:
    """Every open order and every claimed refund has a job that will continue it."""
    # Webhook jobs do not count: they only report on the order.
    has_job = exists().where(
        job.c.order_id == orders.c.id,
        job.c.dead == 0,
        not_(_among(job.c.lane, ("webhook", "unpaid"))),
    )
    is_held = orders.c.method == PaymentMethod.HOLD.value
    stuck = select(orders.c.id, orders.c.state).where(
        or_(
            _among(orders.c.state, _IN_WORK),
            and_(orders.c.state == OrderState.FAILED.value, is_held),
        ),
        not_(has_job),
    )
    pays = exists().where(job.c.order_id == refund.c.order_id, job.c.dead == 0)
    unpaid = select(refund.c.order_id).where(
        refund.c.state == RefundState.CLAIMED.value, not_(pays)
    )
    return [
        ("Order {:.12} is {}, but no job continues it.", stuck),
        ("Order {:.12}: its refund is claimed, but no job pays it.", unpaid),
    ]


_RULES = [
    (sentence, violated.limit(_LIMIT))
    for rules in (_order_rules(), _payout_rules(), _attempt_rules(), _stuck_rules(), _cost_rules())
    for sentence, violated in rules
]


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
