"""Every foreign invoice that was accepted for a refund, a payout or a withdrawal, so that none is
used twice.

They are kept forever, in the table of outside events, even if their payment failed: a node that
reported a payment as failed may report otherwise later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, or_, select, union_all

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.payouts import PayoutState
from ringbolt.store.schema.tables import inbox, refund
from ringbolt.store.schema.text_tables import payout, withdrawal
from ringbolt.store.withdrawals import WithdrawalState

SOURCE: Final = "invoice"
"""The ``source`` of these rows among the outside events."""


def name(tx: Tx, payment_hash: str, what: str) -> bool:
    """Record that an invoice (payment hash in hex) is used for ``what``, made by ``of_refund``,
    ``of_payout`` or ``of_withdrawal``. False if it was ever used before."""
    if tx.run(_IN_ROWS, {"hash_": payment_hash}).first() is not None:
        return False
    return insert_new(
        tx,
        inbox,
        source=SOURCE,
        event_id=payment_hash,
        at_ms=tx.now_ms,
        payload=what,
        applied=1,
    )


def of_refund(order_id: str, left_msat: int = 0) -> str:
    """``left_msat``: what the invoice leaves of the refund for its routing fee."""
    return f"refund {order_id} {left_msat}" if left_msat else f"refund {order_id}"


def of_payout(payout_id: str) -> str:
    return f"payout {payout_id}"


def of_withdrawal(withdrawal_id: str) -> str:
    return f"withdrawal {withdrawal_id}"


def for_refund(tx: Tx, order_id: str) -> dict[str, int]:
    """All invoices used for an order's refund, the oldest first: the payment hash, and what it left
    for its routing fee (msat). Scans the table."""
    what = of_refund(order_id)
    rows = tx.run(_FOR_REFUND, {"what_": what, "like_": f"{what} %"})
    return {row.event_id: int(row.payload.removeprefix(what) or 0) for row in rows}


def not_paid(tx: Tx) -> Sequence[tuple[str, str]]:
    """(what for, payment hash) of all invoices that are recorded neither as paid nor in flight."""
    return [(row[0], row[1]) for row in tx.run(_NOT_PAID)]


def every(tx: Tx) -> set[str]:
    """The payment hashes of all invoices that were ever used."""
    return set(tx.run(_EVERY).scalars())


_ROWS = (
    select(refund.c.payment_hash).where(refund.c.payment_hash == bindparam("hash_")),
    select(payout.c.payment_hash).where(payout.c.payment_hash == bindparam("hash_")),
)
# Refunds and payouts are checked too, because earlier versions recorded no invoices in the inbox.
_IN_ROWS = union_all(*_ROWS)
_FOR_REFUND = (
    select(inbox.c.event_id, inbox.c.payload)
    .where(
        inbox.c.source == SOURCE,
        or_(inbox.c.payload == bindparam("what_"), inbox.c.payload.like(bindparam("like_"))),
    )
    .order_by(inbox.c.at_ms)
)
_ALIVE = union_all(
    select(refund.c.payment_hash).where(refund.c.payment_hash.is_not(None)),
    select(payout.c.payment_hash).where(
        payout.c.payment_hash.is_not(None), payout.c.state != PayoutState.FAILED
    ),
    select(withdrawal.c.payment_hash).where(
        withdrawal.c.payment_hash.is_not(None), withdrawal.c.state != WithdrawalState.FAILED
    ),
)
_NOT_PAID = union_all(
    select(inbox.c.payload, inbox.c.event_id).where(
        inbox.c.source == SOURCE, inbox.c.event_id.not_in(_ALIVE)
    ),
    # Failed payouts of earlier versions, which recorded no invoices in the inbox
    select("payout " + payout.c.id, payout.c.payment_hash).where(
        payout.c.state == PayoutState.FAILED,
        payout.c.payment_hash.is_not(None),
        payout.c.payment_hash.not_in(select(inbox.c.event_id).where(inbox.c.source == SOURCE)),
    ),
)
_EVERY = union_all(
    select(inbox.c.event_id).where(inbox.c.source == SOURCE),
    select(refund.c.payment_hash).where(refund.c.payment_hash.is_not(None)),
    select(payout.c.payment_hash).where(payout.c.payment_hash.is_not(None)),
)
