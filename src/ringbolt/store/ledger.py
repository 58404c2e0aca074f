"""Money: accounts, and transfers between two of them.

A transfer moves a positive amount **from its debit account to its credit account**, so an
unbalanced entry cannot be written and the sum of all balances is always zero. A transfer is
``posted`` at once, or ``pending`` (held) and then, once, ``captured`` (in full or in part) or
``voided``. The unique ``idem`` makes it idempotent. Triggers and constraints in the database
refuse everything else (``ringbolt.store.schema.guards``).

Accounts with a floor (customers) store their balance in their row. The platform's own accounts
(``node``, ``escrow``, ``revenue``, ``routing_fee``) do not, because every transfer of the shop
would wait for the lock on that one row: their balance is the sum of their transfers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import account, transfer

AccountKind = Literal["asset", "liability", "income", "expense"]


ADD_FUNDS = "Add at least the missing amount, and try again."


class InsufficientFunds(RingboltError):
    """The debit account would fall below its floor. The database has failed the transaction: do
    not catch this inside it."""

    status = 402
    title = "Not enough balance"
    default_code = "INSUFFICIENT_FUNDS"


class LedgerMismatch(RingboltError):
    """A transfer or account of this name exists with other terms. Always a bug."""

    title = "The ledger has a different entry"
    default_code = "LEDGER_MISMATCH"


@dataclass(frozen=True, slots=True)
class Balance:
    """``posted_msat``: credits minus debits; ``pending_out_msat``: how much of that is held."""

    posted_msat: int
    pending_out_msat: int

    @property
    def available_msat(self) -> int:
        return self.posted_msat - self.pending_out_msat


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A stored balance that is not the sum of its account's transfers."""

    account: str
    stored: Balance
    computed: Balance


def ensure_account(
    tx: Tx, id: str, kind: AccountKind, stored: bool, floor_msat: int | None = None
) -> None:
    """Create the account unless it exists. Raises ``LedgerMismatch`` if its terms differ."""
    values = {"id": id, "kind": kind, "stored": int(stored), "floor_msat": floor_msat}
    if insert_new(tx, account, **values):
        return
    found = tx.run(_ACCOUNT, {"account": id}).one()
    if (found.kind, found.stored, found.floor_msat) != (kind, int(stored), floor_msat):
        raise LedgerMismatch(f"Account {id} is a {found.kind} account with other terms.")


def post(
    tx: Tx,
    *,
    idem: str,
    debit: str,
    credit: str,
    amount_msat: int,
    kind: str,
    order_id: str | None = None,
) -> bool:
    """Move ``amount_msat`` at once; False if the transfer ``idem`` exists already.

    Raises ``InsufficientFunds``, or ``LedgerMismatch`` if ``idem`` has other accounts or another
    amount.
    """
    return _insert(tx, "posted", idem, debit, credit, amount_msat, kind, order_id)


def hold(
    tx: Tx,
    *,
    idem: str,
    debit: str,
    credit: str,
    amount_msat: int,
    kind: str,
    order_id: str | None = None,
) -> bool:
    """Reserve ``amount_msat`` of ``debit`` until ``capture`` or ``void``; otherwise as ``post``."""
    return _insert(tx, "pending", idem, debit, credit, amount_msat, kind, order_id)


def capture(tx: Tx, idem: str, amount_msat: int | None = None) -> bool:
    """Move a hold in full, or ``amount_msat`` of it and release the rest; False if that was done
    before.

    Raises ``LedgerMismatch`` if the hold was voided, was captured with another amount, is smaller
    than ``amount_msat``, or does not exist.
    """
    values = {"idem_": idem, "amount_": amount_msat, "now_": tx.now_ms}
    # Update first, and read only if no row changed. Reading first would be a race: of a capture
    # and a void at the same time, the first to lock the row wins and the other finds out below.
    try:
        if tx.run(_CAPTURE, values).rowcount == 1:
            return True
    except IntegrityError as error:
        if "ck_transfer_captured_range" in str(error.orig):
            raise LedgerMismatch(f"Hold {idem} is smaller than {amount_msat} msat.") from error
        raise
    found = _found(tx, idem)
    wanted_msat = found.amount_msat if amount_msat is None else amount_msat
    if (found.state, found.captured_msat) != ("captured", wanted_msat):
        raise LedgerMismatch(f"Transfer {idem} is {found.state} and cannot be captured.")
    return False


def void(tx: Tx, idem: str) -> bool:
    """Release a hold; False if that was done before.

    Raises ``LedgerMismatch`` if it was captured or does not exist.
    """
    if tx.run(_VOID, {"idem_": idem, "now_": tx.now_ms}).rowcount == 1:
        return True
    found = _found(tx, idem)
    if found.state != "voided":
        raise LedgerMismatch(f"Transfer {idem} is {found.state} and cannot be voided.")
    return False


def balance(tx: Tx, id: str) -> Balance:
    """The balance of one account. Raises ``NotFound`` if it does not exist."""
    found = tx.run(_ACCOUNT, {"account": id}).one_or_none()
    if found is None:
        raise NotFound(f"There is no account {id}.")
    if found.stored:
        return Balance(found.posted_msat, found.pending_out_msat)
    return _sums(tx, id).get(id, Balance(0, 0))


def captured_msat(tx: Tx, idem: str) -> int | None:
    """What was captured of a hold; None if it was not, or does not exist."""
    found = tx.run(_TRANSFER, {"idem_": idem}).one_or_none()
    return None if found is None else found.captured_msat


def totals(tx: Tx) -> dict[str, Balance]:
    """Every account's balance, computed from the transfers only; their sum is zero."""
    sums = _sums(tx, None)
    return {id: sums.get(id, Balance(0, 0)) for (id,) in tx.run(select(account.c.id))}


def recompute(tx: Tx) -> list[Discrepancy]:
    """Stored balances that differ from the sum of their transfers; should be empty."""
    computed = totals(tx)
    wrong = []
    for row in tx.run(select(account).where(account.c.stored == 1)):
        stored = Balance(row.posted_msat, row.pending_out_msat)
        if stored != computed[row.id]:
            wrong.append(Discrepancy(row.id, stored, computed[row.id]))
    return wrong


def _insert(
    tx: Tx,
    state: str,
    idem: str,
    debit: str,
    credit: str,
    amount_msat: int,
    kind: str,
    order_id: str | None,
) -> bool:
    try:
        inserted = insert_new(
            tx,
            transfer,
            idem=idem,
            debit=debit,
            credit=credit,
            amount_msat=amount_msat,
            state=state,
            kind=kind,
            order_id=order_id,
            at_ms=tx.now_ms,
        )
    except IntegrityError as error:
        # No check of the balance before the insert: two transfers at once would both see enough.
        # A trigger subtracts the amount from the account's row, which locks it, and the CHECK
        # ``ck_account_floor`` of that row refuses a balance below the floor.
        if "ck_account_floor" in str(error.orig):
            raise InsufficientFunds(
                f"The balance does not cover {sats_up(amount_msat)} sats.",
                suggestion=ADD_FUNDS,
            ) from error
        raise
    if not inserted:
        found = _found(tx, idem)
        same = (found.debit, found.credit, found.amount_msat) == (debit, credit, amount_msat)
        # A hold may have been captured or voided since; it is still the same hold.
        if not same or (found.state == "posted") != (state == "posted"):
            raise LedgerMismatch(f"Transfer {idem} exists with other accounts or another amount.")
    return inserted


def _found(tx: Tx, idem: str) -> Any:
    found = tx.run(_TRANSFER, {"idem_": idem}).one_or_none()
    if found is None:
        raise LedgerMismatch(f"There is no transfer {idem}.")
    return found


def _sums(tx: Tx, id: str | None) -> dict[str, Balance]:
    """Balances from transfers, of one account or of all that have any."""
    moved = func.sum(func.coalesce(transfer.c.captured_msat, transfer.c.amount_msat))
    posted: dict[str, int] = {}
    pending: dict[str, int] = {}
    for side, sign in ((transfer.c.debit, -1), (transfer.c.credit, 1)):
        statement = select(side, transfer.c.state, moved).group_by(side, transfer.c.state)
        if id is not None:
            statement = statement.where(side == id)
        for name, state, msat in tx.run(statement).all():
            if state in {"posted", "captured"}:
                posted[name] = posted.get(name, 0) + sign * int(msat)
            elif state == "pending" and sign < 0:  # the credit side gets nothing before capture
                pending[name] = pending.get(name, 0) + int(msat)
    return {name: Balance(posted.get(name, 0), pending.get(name, 0)) for name in posted | pending}


_ACCOUNT = select(account).where(account.c.id == bindparam("account"))
_TRANSFER = select(transfer).where(transfer.c.idem == bindparam("idem_"))
_PENDING = (transfer.c.idem == bindparam("idem_"), transfer.c.state == "pending")
_CAPTURE = (
    update(transfer)
    .where(*_PENDING)
    .values(
        state="captured",
        captured_msat=func.coalesce(
            bindparam("amount_", type_=transfer.c.amount_msat.type), transfer.c.amount_msat
        ),
        resolved_ms=bindparam("now_", type_=transfer.c.at_ms.type),
    )
)
_VOID = (
    update(transfer)
    .where(*_PENDING)
    .values(state="voided", resolved_ms=bindparam("now_", type_=transfer.c.at_ms.type))
)
