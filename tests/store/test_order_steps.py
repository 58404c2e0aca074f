"""What is reported of orders: every change of state, once it is committed."""

from __future__ import annotations

import pytest

from ringbolt.core.order import OrderState, Step
from ringbolt.store import attempts, orders
from ringbolt.store.engine.db import Database, Tx
from support.databases.order_rows import put_order

S = OrderState


@pytest.fixture
def steps(database: Database) -> list[Step]:
    """All steps that the database reports."""
    found: list[Step] = []
    database.report_steps_to(found.extend)
    return found


def place(tx: Tx) -> str:
    return put_order(tx, "sms", "paid").id


def send(tx: Tx, order_id: str, ref: str) -> None:
    """Two steps in one transaction."""
    tx.now_ms += 40
    orders.move(tx, order_id, S.DISPATCHING, "asking trunk", part="trunk")
    attempts.add(tx, order_id, attempt_id=ref, carrier="trunk", ref=ref)
    tx.now_ms += 3
    orders.move(tx, order_id, S.FULFILLED, "sent")


async def test_every_step_has_its_cause_its_part_and_its_time(
    database: Database, steps: list[Step]
) -> None:
    order_id = await database.tx(place)
    (begun,) = steps
    await database.tx(send, order_id, "ref-1")

    assert begun == Step(order_id, "sms", "", "paid", begun.why, "", None)
    asked, sent = steps[1:]
    assert asked.lasted_ms is not None
    assert asked.lasted_ms >= 40
    assert asked == Step(
        order_id, "sms", "paid", "dispatching", "asking trunk", "trunk", asked.lasted_ms
    )
    assert sent == Step(order_id, "sms", "dispatching", "fulfilled", "sent", "trunk", 3)


async def test_what_is_not_committed_or_does_not_happen_is_not_reported(
    database: Database, steps: list[Step]
) -> None:
    order_id = await database.tx(place)
    steps.clear()

    def fail_after(tx: Tx) -> None:
        assert orders.move(tx, order_id, S.FAILED, "never seen")
        raise LookupError

    with pytest.raises(LookupError):
        await database.tx(fail_after)
    moved = await database.tx(lambda tx: orders.move(tx, order_id, S.SETTLED, "not from here"))

    assert moved is None
    assert steps == []


async def test_nobody_need_be_notified(database: Database) -> None:
    database.report_steps_to(None)
    order_id = await database.tx(place)
    await database.tx(send, order_id, "ref-2")

    found = await database.read(orders.by_id, order_id)
    assert found is not None
    assert found.state is S.FULFILLED
