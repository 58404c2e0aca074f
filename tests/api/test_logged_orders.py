"""What the log tells of orders, however they end: enough to find them, not enough to own them."""

from __future__ import annotations

import json
import sys

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.logs import configure_logs
from ringbolt.settings import LogSettings
from ringbolt.store.engine.db import Database
from support.rigs.orders import Kind, OrderWorld, paid

pytestmark = pytest.mark.usefixtures("restored_logs")


@pytest.fixture
async def world(db: Database, clock: SystemClock) -> OrderWorld:
    return OrderWorld(db, clock)


def _written(capsys: pytest.CaptureFixture[str], order_id: str) -> list[str]:
    """The lines of the log that name the order; none of them may give it away."""
    sys.stderr.flush()
    lines = capsys.readouterr().err.splitlines()
    assert not [line for line in lines if order_id[:13] in line]
    return [json.loads(line)["event"] for line in lines if order_id[:12] in line]


@pytest.mark.parametrize("kind", ["sms", "activation", "rental"])
async def test_an_order_whose_payment_is_lost(
    world: OrderWorld, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(LogSettings(format="json", level="debug"), b"k" * 32)
    world.sms.life = ()
    order = await paid(world, kind)
    world.node.lose(await order.payment_hash())
    await world.process().settle_down()
    await order.code_comes()
    await world.process().work()

    reported = _written(capsys, (await order.row()).id)
    lost = {"a held payment was lost", "delivered, but the payment is gone"}
    assert (await order.row()).state is OrderState.RETURNED
    assert lost & set(reported)


async def test_an_order_whose_payment_comes_near_its_end(
    world: OrderWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(LogSettings(format="json", level="debug"), b"k" * 32)
    order = await paid(world, "activation")
    last = world.node.invoices[await order.payment_hash()].expiry_height
    assert last is not None
    world.node.height = last - 10
    await world.process().look_after_holds()

    reported = _written(capsys, (await order.row()).id)
    assert "a held payment comes near its last block" in reported


async def test_an_order_that_is_delivered(
    world: OrderWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(LogSettings(format="json", level="debug"), b"k" * 32)
    order = await paid(world, "activation")
    await order.code_comes()
    await world.process().work()

    assert (await order.row()).state is OrderState.SETTLED
    _written(capsys, (await order.row()).id)
