"""The command that an order keeps: read with the row, decoded when it is asked for."""

from __future__ import annotations

import msgspec
import pytest

from ringbolt.core.commands import CallOrder, Command, ReceiveTexts, SendText, TopUp, to_json
from ringbolt.store import orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from support.databases.order_rows import put_order

TEXT = SendText("+12025550123", "Hello", "Ringbolt")
WITHOUT_A_COMMAND = '{"since":"an early version"}'


async def _kept(database: Database, kind: str, request: str) -> Order:
    def put(tx: Tx) -> Order:
        put = put_order(tx, kind, "paid", request=request)
        found = orders.by_id(tx, put.id)
        assert found is not None
        return found

    return await database.tx(put)


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("call", CallOrder("+12025550123", 2, message="Hello")),
        ("sms", TEXT),
        ("rental", ReceiveTexts("full", 187, hours=4)),
        ("fund", TopUp("a1b2", 5000)),
    ],
)
async def test_an_order_has_the_command_of_its_kind(
    database: Database, kind: str, command: Command
) -> None:
    order = await _kept(database, kind, to_json(command))

    assert order.command == command
    assert order.command_as(type(command)) == command


async def test_a_command_is_decoded_once(database: Database) -> None:
    order = await _kept(database, "sms", to_json(TEXT))

    assert order.command is order.command


async def test_a_row_is_read_without_its_command(database: Database) -> None:
    order = await _kept(database, "sms", WITHOUT_A_COMMAND)

    assert order.state == "paid"
    with pytest.raises(msgspec.ValidationError):
        _ = order.command


async def test_the_command_of_another_kind_is_a_fault(database: Database) -> None:
    order = await _kept(database, "sms", to_json(TEXT))

    with pytest.raises(AssertionError, match="sms is not ordered by CallOrder"):
        order.command_as(CallOrder)
