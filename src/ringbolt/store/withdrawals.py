"""Withdrawals of unused balances: at most one unfinished per account."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import RowMapping, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.text_tables import withdrawal

JOB_PREFIX: Final = "withdrawal:"
"""Begins the name of a withdrawal's job, its id follows; stored."""


class WithdrawalState(StrEnum):
    """OPEN: the amount is held, and no invoice was named. PAYING: an invoice was, and may be in
    flight. PAID and FAILED are final: taken, or on the balance again."""

    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """``amount_msat`` is paid, and up to ``max_fee_msat`` of the balance is spent on its route.
    ``k1``: the secret of LNURL-withdraw (LUD-03), None if it goes to the Lightning Address
    ``address``. ``payment_hash`` (hex), ``bolt11`` and ``node`` (which pays) are set from PAYING
    on. ``until_ms``: when it ends by itself if no invoice is named."""

    id: str
    account_id: str
    amount_msat: int
    max_fee_msat: int
    state: WithdrawalState
    k1: str | None
    address: str
    bolt11: str
    payment_hash: str | None
    fee_msat: int
    reason: str
    created_ms: int
    until_ms: int
    finished_ms: int | None
    node: str

    @property
    def held_msat(self) -> int:
        """What is held on the balance for it."""
        return self.amount_msat + self.max_fee_msat


def channel(id: str) -> str:
    """The wake channel that is notified at every change of the withdrawal."""
    return f"withdrawal:{id}"


def add(
    tx: Tx,
    id: str,
    account_id: str,
    amount_msat: int,
    max_fee_msat: int,
    until_ms: int,
    address: str = "",
) -> bool:
    """Add a withdrawal to ``address``, or by LNURL under a new ``k1``; False if another one of the
    account is unfinished."""
    return insert_new(
        tx,
        withdrawal,
        id=id,
        account_id=account_id,
        amount_msat=amount_msat,
        max_fee_msat=max_fee_msat,
        state=WithdrawalState.OPEN,
        k1=None if address else tx.new_secret(),
        address=address,
        created_ms=tx.now_ms,
        until_ms=until_ms,
    )


def by_id(tx: Tx, id: str) -> Withdrawal | None:
    return _one(tx, withdrawal.c.id == id)


def by_k1(tx: Tx, k1: str) -> Withdrawal | None:
    return _one(tx, withdrawal.c.k1 == k1)


def unfinished(tx: Tx, account_id: str) -> Withdrawal | None:
    """The unfinished withdrawal of an account, if any."""
    return _one(tx, (withdrawal.c.account_id == account_id) & withdrawal.c.finished_ms.is_(None))


def listing(tx: Tx, limit: int, *, unfinished_only: bool = False) -> list[Withdrawal]:
    """The latest withdrawals of all accounts."""
    query = select(withdrawal).order_by(withdrawal.c.created_ms.desc(), withdrawal.c.id)
    if unfinished_only:
        query = query.where(withdrawal.c.finished_ms.is_(None))
    return [_withdrawal(row) for row in tx.run(query.limit(limit)).mappings()]


def begin(tx: Tx, id: str, bolt11: str, payment_hash: str, node: str) -> bool:
    """OPEN -> PAYING with the one invoice that ``node`` will pay; False if it was not OPEN."""
    return _move(
        tx,
        id,
        WithdrawalState.OPEN,
        state=WithdrawalState.PAYING,
        bolt11=bolt11,
        payment_hash=payment_hash,
        node=node,
    )


def pay(tx: Tx, id: str, fee_msat: int) -> bool:
    """PAYING -> PAID."""
    return _move(
        tx,
        id,
        WithdrawalState.PAYING,
        state=WithdrawalState.PAID,
        fee_msat=fee_msat,
        finished_ms=tx.now_ms,
    )


def fail(tx: Tx, seen: Withdrawal, reason: str) -> bool:
    """From the unfinished state in which it was seen -> FAILED, if it is certain that nothing was
    or will be paid; False if it is in another state by now."""
    return _move(
        tx,
        seen.id,
        seen.state,
        state=WithdrawalState.FAILED,
        reason=reason,
        finished_ms=tx.now_ms,
    )


def _move(tx: Tx, id: str, source: WithdrawalState, **columns: Any) -> bool:
    at_source = (withdrawal.c.id == id, withdrawal.c.state == source)
    changed = tx.run(
        update(withdrawal).where(*at_source, withdrawal.c.finished_ms.is_(None)).values(**columns)
    )
    tx.wake.add(channel(id))
    return changed.rowcount == 1


def _one(tx: Tx, where: Any) -> Withdrawal | None:
    row = tx.run(select(withdrawal).where(where)).mappings().first()
    return None if row is None else _withdrawal(row)


def _withdrawal(row: RowMapping) -> Withdrawal:
    values = {name: row[name] for name in Withdrawal.__slots__}
    values["state"] = WithdrawalState(values["state"])
    return Withdrawal(**values)
