"""An account's statement for its holder: its entries, and the top-ups among them.

A page's cursor is the name of its last row, which must be one of the account's. It is not the row
number, which would reveal how much the whole shop sells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, or_, select, tuple_

from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import orders, transfer


@dataclass(frozen=True, slots=True)
class Entry:
    """One debit or credit; ``name`` is the transfer's ``idem``.

    ``amount_msat``: how it changed the available balance, negative for a debit. It is the captured
    part of a captured transfer, and 0 for a voided one and for a pending credit. So the sum of all
    entries is the available balance. ``reserved_msat``: what was held at first, None for a posted
    transfer. ``resolved_ms``: when it was captured or voided (ms UTC).
    """

    name: str
    at_ms: int
    kind: str
    amount_msat: int
    reserved_msat: int | None
    state: str
    order_id: str | None
    resolved_ms: int | None


@dataclass(frozen=True, slots=True)
class TopUpOrder:
    """A settled order that topped up a balance. ``payment_hash`` in hex."""

    order_id: str
    amount_msat: int
    price_msat: int
    created_ms: int
    payment_hash: str
    is_hold: bool


def entries(tx: Tx, account: str, limit: int, after: str = "") -> list[Entry]:
    """The latest ``limit`` entries of an account, or of those before the one named ``after``.

    Raises ``InvalidInput`` if the account has no entry of that name.
    """
    values = {"account_": account, "below_": _MAX, "limit_": limit}
    if after:
        values["below_"] = _known(tx, _PLACE, {"account_": account, "idem_": after}).id
    # Two short index scans, merged. One query with OR over both columns would have to read and sort
    # the account's whole history.
    rows = [*tx.run(_DEBITS, values), *tx.run(_CREDITS, values)]
    rows.sort(key=lambda row: int(row.id), reverse=True)
    return [_entry(row, account) for row in rows[:limit]]


def since_msat(tx: Tx, account: str, name: str) -> int:
    """The sum of the account's entries that came after the one of that name, which is one of the
    account's."""
    below = _known(tx, _PLACE, {"account_": account, "idem_": name}).id
    values = {"account_": account, "after_": below - 1}
    return int(tx.run(_SINCE_IN, values).scalar_one()) - int(
        tx.run(_SINCE_OUT, values).scalar_one()
    )


def pending_debits(tx: Tx, account: str) -> int:
    """How many debits of the account are reserved and not decided yet."""
    return int(tx.run(_PENDING_DEBITS, {"account_": account}).scalar_one())


def top_ups(tx: Tx, account: str, kind: str, limit: int, after: str = "") -> list[TopUpOrder]:
    """The latest ``limit`` captured transfers of ``kind`` to an account, with their orders, or of
    those before the order ``after``. Raises ``InvalidInput`` if ``after`` is none of them."""
    values = {"account_": account, "kind_": kind, "limit_": limit}
    if not after:
        return [_top_up(row) for row in tx.run(_TOP_UPS, values)]
    last = _known(tx, _TOP_UP, {"account_": account, "kind_": kind, "order_": after})
    older = {**values, "created_": last.created_ms, "order_": after}
    return [_top_up(row) for row in tx.run(_OLDER_TOP_UPS, older)]


def captured_total_msat(tx: Tx, account: str, kind: str) -> int:
    """The sum of all captured transfers of ``kind`` to an account."""
    return int(tx.run(_TOTAL, {"account_": account, "kind_": kind}).scalar_one())


def settling(tx: Tx, account: str, within_ms: int) -> list[str]:
    """Ids of orders paid at most ``within_ms`` ago whose amount is credited to the account once
    the node has settled their invoice; looks at the latest ``_LATEST`` credits only."""
    values = {"account_": account, "since_": tx.now_ms - within_ms}
    return [row[0] for row in tx.run(_SETTLING, values)]


def _known(tx: Tx, statement: Select[Any], values: dict[str, Any]) -> Any:
    found = tx.run(statement, values).one_or_none()
    if found is None:
        raise InvalidInput(
            "This cursor is not one of your account.",
            code="INVALID_CURSOR",
            role=Role.CURSOR,
            suggestion="Leave it out for the first page, then use `next` as it was answered.",
        )
    return found


def _entry(row: Any, account: str) -> Entry:
    is_debit = row.debit == account
    moved_msat = row.amount_msat if row.captured_msat is None else row.captured_msat
    if row.state == "voided" or (row.state == "pending" and not is_debit):
        moved_msat = 0
    return Entry(
        name=row.idem,
        at_ms=row.at_ms,
        kind=row.kind,
        amount_msat=-moved_msat if is_debit else moved_msat,
        reserved_msat=None if row.state == "posted" else row.amount_msat,
        state=row.state,
        order_id=row.order_id,
        resolved_ms=row.resolved_ms,
    )


def _top_up(row: Any) -> TopUpOrder:
    return TopUpOrder(
        order_id=row.id,
        amount_msat=row.captured_msat,
        price_msat=row.price_msat,
        created_ms=row.created_ms,
        payment_hash=row.payment_hash,
        is_hold=row.method == PaymentMethod.HOLD,
    )


_MAX = 2**62
_ACCOUNT: BindParameter[str] = bindparam("account_")


def _side(column: Any) -> Select[Any]:
    """One side of the account: a descending scan of that side's index, limited to one page."""
    return (
        select(transfer)
        .where(column == _ACCOUNT, transfer.c.id < bindparam("below_"))
        .order_by(transfer.c.id.desc())
        .limit(bindparam("limit_"))
    )


_DEBITS = _side(transfer.c.debit)
_CREDITS = _side(transfer.c.credit)
_PLACE = select(transfer.c.id).where(
    transfer.c.idem == bindparam("idem_"),
    or_(transfer.c.debit == _ACCOUNT, transfer.c.credit == _ACCOUNT),
)


def _sum_since(side: Any, *states: str) -> Select[Any]:
    moved = func.coalesce(transfer.c.captured_msat, transfer.c.amount_msat)
    return select(func.coalesce(func.sum(moved), 0)).where(
        side == _ACCOUNT,
        transfer.c.id > bindparam("after_"),
        or_(*(transfer.c.state == state for state in states)),
    )


_SINCE_OUT = _sum_since(transfer.c.debit, "posted", "captured", "pending")
_SINCE_IN = _sum_since(transfer.c.credit, "posted", "captured")
_PENDING_DEBITS = select(func.count()).where(
    transfer.c.debit == _ACCOUNT, transfer.c.state == "pending"
)

_CAPTURED = (
    transfer.c.credit == _ACCOUNT,
    transfer.c.kind == bindparam("kind_"),
    transfer.c.state == "captured",
)
_TOTAL = select(func.coalesce(func.sum(transfer.c.captured_msat), 0)).where(*_CAPTURED)
_ALL_TOP_UPS = (
    select(
        orders.c.id,
        orders.c.price_msat,
        orders.c.created_ms,
        orders.c.payment_hash,
        orders.c.method,
        transfer.c.captured_msat,
    )
    .join_from(transfer, orders, orders.c.id == transfer.c.order_id)
    .where(*_CAPTURED)
)
_TOP_UP = _ALL_TOP_UPS.where(orders.c.id == bindparam("order_"))
_NEWEST = (orders.c.created_ms.desc(), orders.c.id.desc())
_TOP_UPS = _ALL_TOP_UPS.order_by(*_NEWEST).limit(bindparam("limit_"))
_OLDER_TOP_UPS = _TOP_UPS.where(
    tuple_(orders.c.created_ms, orders.c.id) < tuple_(bindparam("created_"), bindparam("order_"))
)

_LATEST = 50
"""Unsettled credits are among the latest, so a failed payment need not read a whole history."""
_LATEST_CREDITS = (
    select(transfer.c.order_id, transfer.c.state)
    .where(transfer.c.credit == _ACCOUNT)
    .order_by(transfer.c.id.desc())
    .limit(_LATEST)
    .subquery()
)
_SETTLING = (
    select(orders.c.id)
    .join_from(_LATEST_CREDITS, orders, orders.c.id == _LATEST_CREDITS.c.order_id)
    .where(
        _LATEST_CREDITS.c.state == "pending",
        orders.c.state == OrderState.FULFILLED,
        orders.c.paid_ms >= bindparam("since_"),
    )
)
