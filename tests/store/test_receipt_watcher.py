"""What the watcher of a carrier's receipts has in effect when it ends, wherever it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.core.sink import Sink
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptBatch, ReceiptState, SmsCarrier
from ringbolt.store import cursors, messages
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.schema.tables import inbox
from ringbolt.worker.message_watcher import AT_ONCE, sms_watcher
from support.waiting import eventually, until


def batch(n: int, *parts: str) -> ReceiptBatch:
    """Batch ``n``, whose receipts are of texts that nobody knows yet: they are put by."""
    return ReceiptBatch(
        tuple(
            DeliveryReceipt(f"{part}/{n}", part, "", 1, ReceiptState.SENT, "sent", 1)
            for part in parts
        ),
        str(n),
    )


class Line:
    """A carrier that tells ``batches`` after the cursor, and then breaks off."""

    name = "line"

    def __init__(self, *batches: ReceiptBatch) -> None:
        self.batches = batches

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        for each in self.batches:
            if int(each.cursor) > int(cursor or 0):
                await sink(each)
        raise Unavailable("the line broke")


class Window:
    """A carrier that cannot replay, and tells ``batches`` all at once."""

    name = "line"

    def __init__(self, *batches: ReceiptBatch) -> None:
        self.batches = [ReceiptBatch(each.receipts, "") for each in batches]

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        await asyncio.gather(*map(sink, self.batches))
        raise Unavailable("the line broke")


class Failing:
    """A database that cannot be reached for the receipts of one part."""

    def __init__(self, database: Database, part: str) -> None:
        self.part = part
        self.read = database.read
        self._database = database

    async def tx(self, fn: Callable[..., Any], *args: Any) -> Any:
        if isinstance(args[-2], list) and args[-2][0].part_id == self.part:
            raise Unavailable("not now")
        return await self._database.tx(fn, *args)


async def listen(database: Any, line: Line | Window) -> None:
    """Follow the line until it, or the database, is lost."""
    messages = SimpleNamespace(settles_on=lambda _: "sent")
    shop = SimpleNamespace(db=database, policies=SimpleNamespace(messages=messages))
    with pytest.raises(Unavailable):
        await sms_watcher(cast(Shop, shop), cast(SmsCarrier, line)).follow()


async def kept(database: Database) -> list[str]:
    rows = await database.read(lambda tx: tx.run(select(inbox.c.event_id)).scalars().all())
    return sorted(rows)


async def test_what_came_before_the_line_broke_is_in_effect(database: Database) -> None:
    await listen(database, Line(batch(1, "a", "b"), batch(2), batch(3, "a")))
    assert await kept(database) == ["a/1", "a/3", "b/1"]
    assert await database.read(cursors.get, "sms:line") == "3"


async def test_what_a_carrier_tells_at_once_is_all_in_effect(database: Database) -> None:
    batches = (batch(n, f"p{n}") for n in range(1, AT_ONCE * 3 + 1))
    await listen(database, Window(*batches))
    assert len(await kept(database)) == AT_ONCE * 3
    assert await database.read(cursors.get, "sms:line") is None


async def test_the_cursor_waits_for_what_is_not_in_effect(database: Database) -> None:
    # given one of three that cannot be written down
    line = Line(batch(1, "a"), batch(2, "bad"), batch(3, "c"))
    await listen(Failing(database, "bad"), line)
    assert "bad/2" not in await kept(database)
    assert int(await database.read(cursors.get, "sms:line") or 0) < 2
    # when the line is heard again
    await listen(database, line)
    # then nothing is missing, and nothing is there twice
    assert await kept(database) == ["a/1", "bad/2", "c/3"]
    assert await database.read(cursors.get, "sms:line") == "3"


@pytest.mark.parametrize(
    "line", [Line(batch(1, "slow", "a", "b")), Window(batch(1, "slow", "a"), batch(1, "b"))]
)
async def test_a_text_that_somebody_else_is_at_holds_up_no_other(
    postgres_url: str, clock: SystemClock, line: Line | Window
) -> None:
    shop = await open_database(postgres_url, clock)
    other = await open_database(postgres_url, clock)
    is_held, go_on = asyncio.Event(), asyncio.Event()

    def hold(tx: Tx) -> None:
        messages.claim_names(tx, "line", ["slow"])
        is_held.set()
        while not go_on.is_set():
            tx.run(select(inbox.c.event_id))

    async def all_but_the_slow_one() -> bool:
        return await kept(shop) == ["a/1", "b/1"]

    holding = asyncio.create_task(other.tx(hold))
    await until(is_held.is_set)
    listening = asyncio.create_task(listen(shop, line))
    try:
        await eventually(all_but_the_slow_one)
        assert await shop.read(cursors.get, "sms:line") is None
        go_on.set()
        await asyncio.gather(holding, listening)
        assert await kept(shop) == ["a/1", "b/1", "slow/1"]
    finally:
        go_on.set()
        await asyncio.gather(holding, listening, return_exceptions=True)
        await shop.close()
        await other.close()
