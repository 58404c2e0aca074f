"""Refunds of failed L402 orders: at most one per order, with at most one claim at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import RowMapping, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.orders import channel
from ringbolt.store.schema.tables import refund


class RefundState(StrEnum):
    """OPEN: can be claimed. CLAIMED: the buyer gave an invoice, its payment is in flight. PAID:
    final."""

    OPEN = "open"
    CLAIMED = "claimed"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Refund:
    """``amount_msat``: what is owed; once PAID, what was paid. ``node``: the node that pays the
    invoice; '' before a claim and in rows of earlier versions.
    ``k1``: the secret of LNURL-withdraw (LUD-03) that allows a claim."""

    order_id: str
    amount_msat: int
    state: RefundState
    k1: str
    bolt11: str | None
    payment_hash: str | None
    fee_msat: int
    reason: str
    created_ms: int
    claimed_ms: int | None
    paid_ms: int | None
    node: str


def open_refund(tx: Tx, order_id: str, amount_msat: int) -> None:
    """Open the refund of a failed order under a new ``k1``; does nothing if it exists already."""
    insert_new(
        tx,
        refund,
        order_id=order_id,
        amount_msat=amount_msat,
        state=RefundState.OPEN,
        k1=tx.new_secret(),
        fee_msat=0,
        reason="",
        created_ms=tx.now_ms,
    )


def drop_open(tx: Tx, order_id: str) -> bool:
    """Delete an unclaimed refund, because the order is retried; False if it was claimed."""
    gone = tx.run(
        refund.delete().where(refund.c.order_id == order_id, refund.c.state == RefundState.OPEN)
    )
    return gone.rowcount == 1


def of_order(tx: Tx, order_id: str) -> Refund | None:
    return _refund(tx.run(select(refund).where(refund.c.order_id == order_id)).mappings().first())


def by_k1(tx: Tx, k1: str) -> Refund | None:
    return _refund(tx.run(select(refund).where(refund.c.k1 == k1)).mappings().first())


def claim(tx: Tx, order_id: str, bolt11: str, payment_hash: str, node: str) -> bool:
    """OPEN -> CLAIMED with the invoice that ``node`` will pay; False if it was claimed already."""
    changed = tx.run(
        update(refund)
        .where(refund.c.order_id == order_id, refund.c.state == RefundState.OPEN)
        .values(
            state=RefundState.CLAIMED,
            bolt11=bolt11,
            payment_hash=payment_hash,
            claimed_ms=tx.now_ms,
            node=node,
            reason="",
        )
    )
    tx.wake.add(channel(order_id))
    return changed.rowcount == 1


def reopen(tx: Tx, order_id: str, reason: str) -> bool:
    """CLAIMED -> OPEN under a new ``k1``, because the payment definitely failed."""
    changed = tx.run(
        update(refund)
        .where(refund.c.order_id == order_id, refund.c.state == RefundState.CLAIMED)
        .values(
            state=RefundState.OPEN,
            k1=tx.new_secret(),
            bolt11=None,
            payment_hash=None,
            reason=reason,
        )
    )
    tx.wake.add(channel(order_id))
    return changed.rowcount == 1


def pay(tx: Tx, order_id: str, fee_msat: int, payment_hash: str, left_msat: int = 0) -> bool:
    """CLAIMED -> PAID, by the payment with that hash; ``fee_msat`` is its routing fee, for which
    the buyer left ``left_msat`` of the amount."""
    changed = tx.run(
        update(refund)
        .where(refund.c.order_id == order_id, refund.c.state == RefundState.CLAIMED)
        .values(
            state=RefundState.PAID,
            amount_msat=refund.c.amount_msat - left_msat,
            fee_msat=fee_msat,
            payment_hash=payment_hash,
            paid_ms=tx.now_ms,
        )
    )
    tx.wake.add(channel(order_id))
    return changed.rowcount == 1


def _refund(row: RowMapping | None) -> Refund | None:
    if row is None:
        return None
    values = {name: row[name] for name in Refund.__slots__}
    values["state"] = RefundState(values["state"])
    return Refund(**values)
