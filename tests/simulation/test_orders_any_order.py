"""From the open invoice to the node's last word, whatever happens, in whatever order: the books,
the orders, the node and what was delivered agree.

Where the simulations of texts and of numbers begin with a paid order, this one begins with the
invoice: payments and cancels before they are heard of, the end of invoices, holds that are lost
before or after delivery, a node that is away, secrets that change, and a process that dies between
any two effects.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from ringbolt.app.accounts.keys import NewKey
from ringbolt.app.jobs import LOOK_AFTER_HOLDS
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.app.webhooks.order_document import LOST
from ringbolt.clock import SystemClock
from ringbolt.core.errors import RingboltError
from ringbolt.core.keys import Keyring
from ringbolt.core.order import FINAL, OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.lightning.node import InvoiceState, InvoiceStatus
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store import jobs, ledger
from ringbolt.store.engine.opening import open_database
from support.memory_provider import MINUTE_MS
from support.rigs.calls import Died, Fate
from support.rigs.orders import KINDS, SECRET, Kind, OrderProcess, OrderWorld, WorldOrder

T = TypeVar("T")
EXAMPLES = int(os.environ.get("RINGBOLT_TEST_EXAMPLES", "100"))
MOST = 4
S = OrderState
TIMES = st.sampled_from(
    [1, 1000, 6000, 15_001, 2 * MINUTE_MS + 1, 11 * MINUTE_MS, 21 * MINUTE_MS, 61 * MINUTE_MS]
)
RECEIPTS = st.sampled_from([ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED])
KINDS_BOUGHT = st.sampled_from(KINDS)


class Orders(RuleBasedStateMachine):
    """The rules are what may happen; ``template`` is a migrated database."""

    template: Path
    placed = Bundle("placed")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="rb-orders-"))
        self.orders: list[WorldOrder] = []
        self.told: list[tuple[WorldOrder, InvoiceStatus]] = []
        self.secrets = [SECRET]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(
        recovery=st.sampled_from(list(Recovery)), settle_on=st.sampled_from(["sent", "delivered"])
    )
    def open(self, recovery: Recovery, settle_on: str) -> None:
        path = self.directory / "shop.db"
        shutil.copy(self.template, path)
        self.clock = SystemClock()
        db = self.run(open_database(f"sqlite:///{path}", self.clock))
        self.world = OrderWorld(db, self.clock, recovery, sms={"settle_on": settle_on})
        self.key: NewKey = self.run(self.world.key(2500))

    @property
    def process(self) -> OrderProcess:
        return self.world.process()

    # Buyers

    @rule(target=placed, kind=KINDS_BOUGHT, on_balance=st.booleans(), pays=st.booleans())
    def buy(self, kind: Kind, on_balance: bool, pays: bool) -> Any:
        if len(self.orders) == MOST or self.world.node.down:
            return multiple()
        try:
            order = self.run(self.process.buy(kind, self.key, on_balance=on_balance))
        except ledger.InsufficientFunds:
            return multiple()
        self.orders.append(order)
        if pays:
            self.run(order.pay())
        return order

    @rule(order=placed)
    def pay(self, order: WorldOrder) -> None:
        self.run(order.pay())

    @rule(order=placed)
    def cancel(self, order: WorldOrder) -> None:
        self.run(self._cancel(self.process, order))

    # The node

    @rule()
    def the_node_tells(self) -> None:
        self.run(self.process.hear_node())

    @rule(order=placed)
    def what_the_node_said_waits_on_its_way(self, order: WorldOrder) -> None:
        async def keep() -> None:
            row = await order.row()
            if row.payment_hash is not None:
                said = self.world.node.holds[bytes.fromhex(row.payment_hash)]
                self.told.append((order, said))

        self.run(keep())

    @rule()
    def what_the_node_said_arrives(self) -> None:
        while self.told:
            order, said = self.told.pop()
            shop = self.world.process().shop
            self.run(self.world.db.tx(record_hold, order.id, said, shop.policies.holds))

    @rule(order=placed)
    def the_node_lets_a_payment_go(self, order: WorldOrder) -> None:
        async def lose() -> None:
            row = await order.row()
            if row.payment_hash is not None and await order.invoice() is InvoiceState.ACCEPTED:
                self.world.node.lose(await order.payment_hash())

        self.run(lose())

    @rule(blocks=st.sampled_from([10, 60]))
    def blocks_are_found(self, blocks: int) -> None:
        self.world.node.height += blocks

    @rule()
    def the_node_goes_or_comes(self) -> None:
        self.world.node.down = not self.world.node.down

    # Carriers

    @rule(order=placed, state=RECEIPTS)
    def a_receipt_comes(self, order: WorldOrder, state: ReceiptState) -> None:
        for sms in self.run(order.texts_sent()):
            self.world.sms.tell(sms, state)

    @rule(order=placed)
    def a_code_comes(self, order: WorldOrder) -> None:
        self.run(order.code_comes())

    @rule()
    def the_lender_goes_or_comes(self) -> None:
        self.world.backend.down = not self.world.backend.down

    # The shop, its operator, and time

    @rule()
    def listen(self) -> None:
        self.run(self.process.listen())

    @rule()
    def work(self) -> None:
        self.run(self.process.settle_down())

    @rule()
    def look_after_holds(self) -> None:
        self.run(self._look(self.process))

    @rule(
        what=st.sampled_from(["work", "look", "cancel"]),
        order=placed,
        at=st.integers(1, 12),
        kind=st.sampled_from(["before", "after"]),
    )
    def die(self, what: str, order: WorldOrder, at: int, kind: str) -> None:
        process = self.world.process(Fate(at, kind))

        async def until_dead() -> None:
            try:
                match what:
                    case "work":
                        await process.settle_down()
                    case "look":
                        await self._look(process)
                    case _:
                        await self._cancel(process, order)
            except Died:
                await self.world.db.tx(jobs.release_all)

        self.run(until_dead())

    @rule()
    def the_secret_changes(self) -> None:
        if len(self.secrets) < 3:
            fresh = bytes([len(self.secrets)]) * 32
            self.secrets.insert(0, fresh)
            self.world.keyring = Keyring(self.secrets)

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        self.world.pass_ms(ms)

    @rule(ms=TIMES)
    def time_passes_at_work(self, ms: int) -> None:
        self.world.pass_ms(ms)
        self.run(self.process.settle_down())

    # What always holds

    @invariant()
    def the_books_agree(self) -> None:
        if hasattr(self, "world"):
            down, self.world.node.down = self.world.node.down, False
            assert self.run(self.world.complaints()) == []
            self.world.node.down = down

    async def _cancel(self, process: OrderProcess, order: WorldOrder) -> None:
        try:
            await cancel_order(process.shop, order.id)
        except RingboltError:
            return

    async def _look(self, process: OrderProcess) -> None:
        await process.look_after_holds()

    def teardown(self) -> None:
        """In the end, when everybody answers again, every order is over, and rightly so."""
        try:
            if hasattr(self, "world"):
                self.run(self._drain())
        finally:
            if hasattr(self, "world"):
                self.run(self.world.db.close())
            self.runner.close()
            shutil.rmtree(self.directory)

    async def _drain(self) -> None:
        self.world.node.down = self.world.backend.down = False
        await self.world.db.tx(jobs.release_all)
        await self.world.db.tx(LOOK_AFTER_HOLDS.cancel)  # it would go on for ever
        await self.process.work()
        self.world.pass_ms(2 * 3_600_000)
        await self._look(self.process)
        await self.process.work()
        for order in self.orders:
            await self._check(order)

    async def _check(self, order: WorldOrder) -> None:
        row = await order.row()
        if row.state is S.RETURNED and row.reason == LOST:
            assert await order.invoice() is InvoiceState.CANCELED
            assert await order.jobs_left() == []
            return
        assert row.state in FINAL
        await order.check()


def test_money_and_delivery_agree_from_the_invoice_to_the_end(sqlite_template: Path) -> None:
    Orders.template = sqlite_template
    run_state_machine_as_test(
        Orders,
        settings=settings(
            max_examples=EXAMPLES // 2,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
