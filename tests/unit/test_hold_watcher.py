"""The streams of hold invoices: one that never says anything takes nobody else's place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

from ringbolt.app.policies import Policies
from ringbolt.app.shop import Shop
from ringbolt.core.keys import Keyring
from ringbolt.lightning.node import InvoiceState, InvoiceStatus
from ringbolt.settings import Settings
from ringbolt.store.engine.wake import Wakes
from ringbolt.store.holds import WatchedHold
from ringbolt.worker.hold_watcher import OPENING_AT_ONCE, _HoldStreams
from support.waiting import PATIENCE_S, until


class SilentNode:
    """As LND: nothing is ever said of an invoice that it does not know."""

    def __init__(self, known: set[bytes]) -> None:
        self._known = known
        self.open = 0

    async def info(self) -> None:
        return None

    async def watch_invoice(self, payment_hash: bytes) -> AsyncGenerator[InvoiceStatus, None]:
        self.open += 1
        try:
            if payment_hash not in self._known:
                await asyncio.Event().wait()
            yield InvoiceStatus(payment_hash, InvoiceState.ACCEPTED, 1, 1, "", "", 0)
            await asyncio.Event().wait()
        finally:
            self.open -= 1


class ListingNode(SilentNode):
    """Knows every payment that is held, but its streams report only those in ``streams``."""

    def __init__(self, held: set[bytes], streams: set[bytes]) -> None:
        super().__init__(streams)
        self._held = held

    async def list_pending(self) -> AsyncGenerator[InvoiceStatus, None]:
        for payment_hash in self._held:
            yield InvoiceStatus(payment_hash, InvoiceState.ACCEPTED, 1, 1, "", "", 0)
        yield InvoiceStatus(_hash("not paid"), InvoiceState.OPEN, 1, 0, "", "", 0)


class Rows:
    """A database that knows these holds, and whose holds were told to be accepted."""

    def __init__(self, orders: list[str]) -> None:
        self.orders = orders
        self.reported: set[str] = set()
        self.times_reported = 0
        self.paid: set[str] = set()
        self.listen = Wakes().listen

    async def read(self, fn: object, since_ms: int) -> list[WatchedHold]:
        return [
            WatchedHold(name, _hash(name).hex(), 1, "node", is_paid=name in self.paid)
            for name in self.orders
        ]

    async def tx(self, fn: object, order_id: str, *args: object) -> None:
        self.reported.add(order_id)
        self.times_reported += 1


class Following:
    policies = Policies.of(Settings(), Keyring([bytes(32)]))
    node_name = "node"

    def __init__(self, node: SilentNode, db: Rows) -> None:
        self.node = node
        self.db = db


class Connected:
    def alive(self) -> None:
        return None


def _hash(name: str) -> bytes:
    return name.encode().ljust(32, b".")


def _follow(node: SilentNode, db: Rows, opening_s: float = 0.05) -> asyncio.Task[None]:
    shop = cast(Shop, Following(node, db))
    streams = _HoldStreams(shop, cast(Any, node), opening_s=opening_s, look_up_every_s=0.1)
    return asyncio.create_task(streams.follow(cast(Any, Connected())))


async def test_invoices_that_the_node_does_not_know_keep_no_payment_from_being_heard() -> None:
    db = Rows([*(f"lost{n}" for n in range(OPENING_AT_ONCE)), "paid"])
    task = _follow(SilentNode({_hash("paid")}), db)
    try:
        await until(lambda: db.reported)
        assert db.reported == {"paid"}
    finally:
        task.cancel()


async def test_the_stream_of_a_decided_order_ends_though_nothing_is_said_on_it() -> None:
    node, db = SilentNode(set()), Rows(["lost"])
    task = _follow(node, db)
    try:
        await until(lambda: node.open == 1)
        assert db.reported == set()
        db.orders = []
        await until(lambda: node.open == 0)
    finally:
        task.cancel()


async def test_after_an_outage_held_payments_are_recorded_from_the_list_before_streams_open() -> (
    None
):
    names = [f"paid{n}" for n in range(OPENING_AT_ONCE + 1)]
    db = Rows([*names, "not paid"])
    node = ListingNode(set(map(_hash, names)), streams=set())
    task = _follow(node, db)
    try:
        await until(lambda: node.open == len(db.orders))
        assert db.reported == set(names)
    finally:
        task.cancel()


async def test_a_payment_that_is_recorded_is_not_recorded_again_when_its_stream_opens() -> None:
    names = [f"paid{n}" for n in range(OPENING_AT_ONCE + 1)]
    db = Rows([*names, "new"])
    db.paid = set(names[1:])
    hashes = set(map(_hash, names))
    node = ListingNode(hashes, streams=hashes | {_hash("new")})
    task = _follow(node, db)
    try:
        await until(lambda: "new" in db.reported)
        assert db.reported == {names[0], "new"}
        assert db.times_reported == 2
    finally:
        task.cancel()


async def test_recorded_payments_take_no_place_from_those_that_are_awaited() -> None:
    recorded = [f"paid{n}" for n in range(OPENING_AT_ONCE)]
    db = Rows([*recorded, "new"])
    db.paid = set(recorded)
    task = _follow(SilentNode({_hash("new")}), db, opening_s=PATIENCE_S * 2)
    try:
        await until(lambda: db.reported)
        assert db.reported == {"new"}
    finally:
        task.cancel()
