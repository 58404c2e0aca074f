"""The rules that the orders, attempts and jobs of a shop follow, each with the rows that break it.

The statements are built once: to build them takes longer than a small shop's database to run them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, not_, or_, select

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.chart_of_accounts import Naming
from ringbolt.core.order import DELIVERED, UNDER_WAY, UNPAID, OrderKind, OrderState, PaymentMethod
from ringbolt.store import withdrawals
from ringbolt.store.payouts import JOB_PREFIX, PayoutState
from ringbolt.store.refunds import RefundState
from ringbolt.store.schema.part_tables import attempt_cost
from ringbolt.store.schema.tables import attempt, call, job, orders, refund, transfer
from ringbolt.store.schema.text_tables import payout, withdrawal
from ringbolt.store.withdrawals import WithdrawalState

LIMIT: Final = 50
"""How many rows are told for each rule."""
MOVED = func.coalesce(transfer.c.captured_msat, transfer.c.amount_msat)
"""What a transfer moved: the captured part, if it was captured in part."""


def among(column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """``column IN (values)`` with one placeholder for each: such a statement is compiled once."""
    return column.in_([literal(str(value)) for value in sorted(values)])


def is_named(naming: Naming, subject: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the transfer is the one that ``naming`` gives to ``subject``."""
    name = literal(naming.prefix) + subject
    return transfer.c.idem == (name + literal(naming.suffix) if naming.suffix else name)


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
    its_own = is_named(chart.hold_idem, orders.c.id)
    secured = exists().where(its_own)
    rules: list[tuple[str, ColumnElement[bool]]] = [
        (
            "was never paid, but money is booked for it",
            and_(among(orders.c.state, UNPAID), secured),
        ),
        (
            "has another amount booked than its price",
            exists().where(its_own, transfer.c.amount_msat != orders.c.price_msat),
        ),
    ]
    for state, methods in _SECURED.items():
        booked = exists().where(its_own, transfer.c.state == state)
        for method, order_states in methods.items():
            is_so = and_(orders.c.method == method.value, among(orders.c.state, order_states))
            rules.append((f"should have its money {state} ({method}), but does not",
                          and_(is_so, not_(booked))))  # fmt: skip
    return tuple(rules)


Rule = tuple[str, Select[Any]]
"""The sentence about a row that should not be there, with places for its columns, and the rows."""


def _order_rules() -> list[Rule]:
    captured = exists().where(is_named(chart.capture_idem, orders.c.id))
    paid_in = exists().where(is_named(chart.payment_idem, orders.c.payment_hash))
    returned = exists().where(is_named(chart.refund_idem, orders.c.id))
    is_l402 = orders.c.method == PaymentMethod.L402.value
    is_delivered = among(orders.c.state, DELIVERED)
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


def _payout_rules() -> list[Rule]:
    """A payout's hold matches its state, and an unfinished payout has a job."""
    rules: list[Rule] = []
    for state, booked in _PAID_OUT.items():
        its_own = exists().where(
            is_named(chart.payout_idem, payout.c.id), transfer.c.state == booked
        )
        rules.append((
            f"Payout {{:.12}} is {state}, but not {booked} in the books.",
            select(payout.c.id).where(payout.c.state == state.value, not_(its_own)),
        ))  # fmt: skip
    has_job = exists().where(job.c.uniq == literal(JOB_PREFIX) + payout.c.address, job.c.dead == 0)
    unpaid = select(payout.c.id).where(payout.c.finished_ms.is_(None), not_(has_job))
    return [*rules, ("Payout {:.12} is under way, but no job pays it.", unpaid)]


_WITHDRAWN = {
    WithdrawalState.OPEN: "pending",
    WithdrawalState.PAYING: "pending",
    WithdrawalState.PAID: "captured",
    WithdrawalState.FAILED: "voided",
}


def _withdrawal_rules() -> list[Rule]:
    """A withdrawal's hold matches its state and its amounts, and an unfinished one has a job."""
    its_own = is_named(chart.withdrawal_idem, withdrawal.c.id)
    rules: list[Rule] = []
    for state, booked in _WITHDRAWN.items():
        is_booked = exists().where(its_own, transfer.c.state == booked)
        rules.append((
            f"Withdrawal {{:.12}} is {state}, but not {booked} in the books.",
            select(withdrawal.c.id).where(withdrawal.c.state == state.value, not_(is_booked)),
        ))  # fmt: skip
    held = withdrawal.c.amount_msat + withdrawal.c.max_fee_msat
    paid = withdrawal.c.amount_msat + withdrawal.c.fee_msat
    is_other = or_(
        transfer.c.amount_msat != held,
        transfer.c.debit != withdrawal.c.account_id,
        and_(transfer.c.state == "captured", transfer.c.captured_msat != paid),
    )
    other = select(withdrawal.c.id).where(exists().where(its_own, is_other))
    name = literal(withdrawals.JOB_PREFIX) + withdrawal.c.id
    has_job = exists().where(job.c.uniq == name, job.c.dead == 0)
    unpaid = select(withdrawal.c.id).where(withdrawal.c.finished_ms.is_(None), not_(has_job))
    return [
        *rules,
        ("Withdrawal {:.12} has another amount or account booked than its own.", other),
        ("Withdrawal {:.12} is under way, but no job ends it.", unpaid),
    ]


def _cost_rules() -> list[Rule]:
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
            func.sum(case((is_more, MOVED), else_=-MOVED)).label("msat"),
        )
        .where(among(transfer.c.kind, (chart.PART_COST, chart.PART_COST_BACK)))
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


def _attempt_rules() -> list[Rule]:
    """A settled call has an attempt that a carrier accepted, and no order has two open attempts."""
    taken = exists().where(
        attempt.c.order_id == orders.c.id, among(attempt.c.state, ("accepted", "done"))
    )
    not_taken = select(orders.c.id).where(
        orders.c.kind == OrderKind.CALL.value, among(orders.c.state, DELIVERED), not_(taken)
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


def _stuck_rules() -> list[Rule]:
    """Every open order and every claimed refund has a job that will continue it."""
    # Webhook jobs do not count: they only report on the order.
    has_job = exists().where(
        job.c.order_id == orders.c.id,
        job.c.dead == 0,
        not_(among(job.c.lane, ("webhook", "unpaid"))),
    )
    is_held = orders.c.method == PaymentMethod.HOLD.value
    stuck = select(orders.c.id, orders.c.state).where(
        or_(
            among(orders.c.state, _IN_WORK),
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


RULES = [
    (sentence, violated.limit(LIMIT))
    for rules in (
        _order_rules(),
        _payout_rules(),
        _withdrawal_rules(),
        _attempt_rules(),
        _stuck_rules(),
        _cost_rules(),
    )
    for sentence, violated in rules
]
