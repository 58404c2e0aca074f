"""What attempts cost: as parts tell it, by the operator's cards, and as it is booked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping, Select, and_, bindparam, exists, func, or_, select

from ringbolt.core.order import DELIVERED
from ringbolt.core.pricing.amount import MOST_MICROS, Amount
from ringbolt.store.attempts import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new, update_row
from ringbolt.store.schema.part_tables import attempt_cost
from ringbolt.store.schema.tables import attempt, call, orders
from ringbolt.store.schema.text_tables import message, received_text, receiving

WHOLE: Final = 0
"""The segment number of a cost of the whole."""


@dataclass(frozen=True, slots=True)
class AttemptCost:
    """``told``: amounts by segment, ``WHOLE`` for all of it. ``source``: '' while nothing is
    booked, ``told``, ``card``, or ``none``: nobody knows it. ``micros`` of ``currency``: in total.
    ``msat``: what is booked, None without a rate. ``expected_msat``: what it counts for the day's
    costs of its part until then. ``lookups``: how often the part was asked for it."""

    attempt_id: str
    order_id: str
    area: str
    part: str
    told: Mapping[int, Amount]
    source: str
    currency: str
    micros: int | None
    msat: int | None
    bookings: int
    expected_msat: int
    lookups: int
    created_ms: int
    due_ms: int

    @property
    def total(self) -> Amount | None:
        """The sum of what was told; None if nothing was, or in several currencies."""
        whole = self.told.get(WHOLE)
        if whole is not None or not self.told:
            return whole
        amounts = list(self.told.values())
        if len({each.currency for each in amounts}) > 1:
            return None
        return Amount(sum(each.micros for each in amounts), amounts[0].currency)


def begin(tx: Tx, made: Attempt, area: str, expected_msat: int) -> None:
    """Record that the attempt's part bills it."""
    insert_new(
        tx,
        attempt_cost,
        attempt_id=made.id,
        order_id=made.order_id,
        area=area,
        part=made.carrier,
        told="{}",
        source="",
        currency="",
        bookings=0,
        expected_msat=expected_msat,
        lookups=0,
        created_ms=tx.now_ms,
        due_ms=tx.now_ms,
        open=1,
    )


def tell(tx: Tx, made: Attempt, area: str, amounts: Mapping[int, Amount]) -> bool:
    """Record what the part told, by segment; a later amount of a segment replaces the former one.
    False if that was known. The caller holds a lock on the attempt or its message."""
    begin(tx, made, area, 0)
    found = of_attempt(tx, made.id, lock=True)
    assert found is not None, "it was just inserted"
    told = {**found.told, **{n: each for n, each in amounts.items() if each.micros <= MOST_MICROS}}
    if told == found.told:
        return False
    kept = {str(n): [each.micros, each.currency] for n, each in told.items()}
    change(tx, made.id, told=json.dumps(kept), due_ms=tx.now_ms, open=1)
    return True


def of_attempt(tx: Tx, attempt_id: str, *, lock: bool = False) -> AttemptCost | None:
    statement = _OF_ATTEMPT_LOCKED if lock else _OF_ATTEMPT
    row = tx.run(statement, {"id_": attempt_id}).mappings().first()
    return None if row is None else _cost(row)


def of_order(tx: Tx, order_id: str) -> dict[str, AttemptCost]:
    """By attempt."""
    rows = tx.run(select(attempt_cost).where(attempt_cost.c.order_id == order_id)).mappings()
    return {row["attempt_id"]: _cost(row) for row in rows}


def change(tx: Tx, attempt_id: str, **columns: Any) -> None:
    update_row(tx, attempt_cost.c.attempt_id, attempt_id, **columns)


@dataclass(frozen=True, slots=True)
class DueCost:
    """A cost to look at, with what is known of its attempt. ``to``: the called number, '' if the
    order has none; ``request``: its command as JSON. ``is_accepted``: the part has it, as far as we
    know. ``is_used``: what a number was leased for has come."""

    cost: AttemptCost
    ref: str
    carrier_id: str
    state: AttemptState
    finished_ms: int | None
    is_accepted: bool
    to: str
    talked_ms: int
    segments: int
    request: str
    number: str
    is_used: bool


def due(tx: Tx, at_most: int) -> list[DueCost]:
    """Costs of attempts that are over, or whose part has told something, and of numbers whose text
    has come, oldest first."""
    rows = tx.run(_DUE, {"now_": tx.now_ms, "most_": at_most}).mappings()
    return [_due(row) for row in rows]


def next_due_ms(tx: Tx) -> int | None:
    """When the next open cost is due (ms UTC); None if there is none."""
    found = tx.run(_NEXT).scalar_one()
    return None if found is None else int(found)


def _cost(row: RowMapping) -> AttemptCost:
    values = {name: row[name] for name in AttemptCost.__slots__}
    told = json.loads(values["told"])
    values["told"] = {int(n): Amount(micros, code) for n, (micros, code) in told.items()}
    return AttemptCost(**values)


def _due(row: RowMapping) -> DueCost:
    talked_ms = row["talked_ms"]
    if talked_ms is None and row["answered_ms"] is not None and row["ended_ms"] is not None:
        talked_ms = max(0, row["ended_ms"] - row["answered_ms"])
    is_delivered = row["order_state"] in {str(state) for state in DELIVERED}
    return DueCost(
        cost=_cost(row),
        ref=row["ref"],
        carrier_id=row["carrier_id"] or "",
        state=AttemptState(row["state"]),
        finished_ms=row["finished_ms"],
        is_accepted=bool(row["carrier_id"] or row["last_seq"] or is_delivered),
        to=row["to_number"] or "",
        talked_ms=talked_ms or 0,
        segments=row["parts"] or 1,
        request=row["request"],
        number=row["number"] or "",
        is_used=bool(row["has_text"] or (is_delivered and row["is_present"])),
    )


_OF_ATTEMPT = select(attempt_cost).where(attempt_cost.c.attempt_id == bindparam("id_"))
_OF_ATTEMPT_LOCKED = _OF_ATTEMPT.with_for_update()
_OPEN = attempt_cost.c.open == 1
_NEXT = select(func.min(attempt_cost.c.due_ms)).where(_OPEN)
_HAS_TEXT = exists().where(
    received_text.c.order_id == attempt.c.order_id,
    received_text.c.lease_id == attempt.c.carrier_id,
)


def _due_statement() -> Select[Any]:
    """The call, message or number is only the attempt's own."""
    return (
        select(
            attempt_cost,
            attempt.c.ref,
            attempt.c.carrier_id,
            attempt.c.state,
            attempt.c.finished_ms,
            attempt.c.last_seq,
            orders.c.state.label("order_state"),
            orders.c.request,
            call.c.to_number,
            call.c.talked_ms,
            call.c.answered_ms,
            call.c.ended_ms,
            message.c.parts,
            receiving.c.number,
            (receiving.c.lease_id == attempt.c.id).label("is_present"),
            _HAS_TEXT.label("has_text"),
        )
        .join(attempt, attempt.c.id == attempt_cost.c.attempt_id)
        .join(orders, orders.c.id == attempt_cost.c.order_id)
        .outerjoin(call, and_(call.c.order_id == orders.c.id, call.c.attempt_id == attempt.c.id))
        .outerjoin(message, message.c.order_id == orders.c.id)
        .outerjoin(receiving, receiving.c.order_id == orders.c.id)
        .where(
            _OPEN,
            attempt_cost.c.due_ms <= bindparam("now_"),
            # Until its text has come, a number may be given back, and costs nothing then.
            or_(
                attempt.c.finished_ms.is_not(None),
                and_(attempt_cost.c.told != "{}", attempt_cost.c.area != "numbers"),
                and_(attempt_cost.c.area == "numbers", _HAS_TEXT),
            ),
        )
        .order_by(attempt_cost.c.due_ms, attempt_cost.c.attempt_id)
        .limit(bindparam("most_"))
    )


_DUE = _due_statement()
