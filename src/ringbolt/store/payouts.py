"""Payouts of referral shares to Lightning Addresses: at most one unfinished per address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import RowMapping, or_, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.ledger import Balance
from ringbolt.store.schema.tables import account
from ringbolt.store.schema.text_tables import payout

JOB_PREFIX: Final = "payout:"
"""Begins the name of an address's job, the address follows; stored."""


class PayoutState(StrEnum):
    """OPEN: the amount is reserved. PAYING: its invoice is recorded and may be in flight. PAID and
    FAILED are final."""

    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Payout:
    """``payment_hash`` (hex), ``bolt11`` and ``node`` (which pays) are set from PAYING on; ``node``
    is '' in rows of earlier versions."""

    id: str
    address: str
    amount_msat: int
    state: PayoutState
    bolt11: str
    payment_hash: str | None
    fee_msat: int
    reason: str
    created_ms: int
    finished_ms: int | None
    node: str


def open_payout(tx: Tx, id: str, address: str, amount_msat: int) -> bool:
    """Add a payout; False if another one to that address is unfinished."""
    return insert_new(
        tx,
        payout,
        id=id,
        address=address,
        amount_msat=amount_msat,
        state=PayoutState.OPEN,
        created_ms=tx.now_ms,
    )


def unfinished(tx: Tx, address: str) -> Payout | None:
    """The unfinished payout to ``address``, if any."""
    found = tx.run(
        select(payout).where(payout.c.address == address, payout.c.finished_ms.is_(None))
    )
    return _payout(found.mappings().first())


def by_id(tx: Tx, id: str) -> Payout | None:
    return _payout(tx.run(select(payout).where(payout.c.id == id)).mappings().first())


def begin(tx: Tx, id: str, bolt11: str, payment_hash: str, node: str) -> bool:
    """OPEN -> PAYING with the one invoice that ``node`` will pay; False if it was not OPEN."""
    return _move(
        tx,
        id,
        (PayoutState.OPEN,),
        state=PayoutState.PAYING,
        bolt11=bolt11,
        payment_hash=payment_hash,
        node=node,
    )


def pay(tx: Tx, id: str, fee_msat: int) -> bool:
    """PAYING -> PAID."""
    return _move(
        tx,
        id,
        (PayoutState.PAYING,),
        state=PayoutState.PAID,
        fee_msat=fee_msat,
        finished_ms=tx.now_ms,
    )


def fail(tx: Tx, id: str, reason: str) -> bool:
    """OPEN or PAYING -> FAILED, if it is certain that nothing was or will be paid."""
    return _move(
        tx,
        id,
        (PayoutState.OPEN, PayoutState.PAYING),
        state=PayoutState.FAILED,
        reason=reason,
        finished_ms=tx.now_ms,
    )


def locked_balance(tx: Tx, account_id: str) -> Balance:
    """A referrer's balance, locked until the commit; zero if there is no account."""
    # NO KEY, as the ledger's triggers lock it: FOR UPDATE would block every transfer that refers to
    # the account, even one that does not change its balance.
    found = tx.run(
        select(account.c.posted_msat, account.c.pending_out_msat)
        .where(account.c.id == account_id)
        .with_for_update(key_share=True)
    ).first()
    return Balance(0, 0) if found is None else Balance(*found)


def _move(tx: Tx, id: str, sources: tuple[PayoutState, ...], **columns: Any) -> bool:
    from_state = or_(*(payout.c.state == source for source in sources))
    changed = tx.run(update(payout).where(payout.c.id == id, from_state).values(**columns))
    return changed.rowcount == 1


def _payout(row: RowMapping | None) -> Payout | None:
    if row is None:
        return None
    values = {name: row[name] for name in Payout.__slots__}
    values["state"] = PayoutState(values["state"])
    return Payout(**values)
