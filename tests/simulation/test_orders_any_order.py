"""From the open invoice to the node's last word, whatever happens, in whatever order: the books,
the orders, the node and what was delivered agree.

Where the simulations of texts and of numbers begin with a paid order, this one begins with the
invoice: payments and cancels before they are heard of, the end of invoices, holds that are lost
before or after delivery, a node that is away, secrets that change, and a process that dies between
any two effects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, rule

from ringbolt.app.accounts.keys import NewKey
from ringbolt.app.jobs import LOOK_AFTER_HOLDS
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.core.keys import Keyring
from ringbolt.core.order import FINAL, LOST, OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.lightning.node import InvoiceState, InvoiceStatus
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store import jobs, ledger
from support.rigs.orders import KINDS, Kind, OrderOfWorld, OrderProcess, OrderWorld
from support.rigs.shop import SECRET
from support.simulation.machine import KINDS_OF_DEATH, ShopMachine, assert_holds_whatever_happens

EXAMPLES = 50
MOST = 4
S = OrderState
TIMES = st.sampled_from(
    [1, 1000, 6000, 15_001, 2 * MINUTE_MS + 1, 11 * MINUTE_MS, 21 * MINUTE_MS, 61 * MINUTE_MS]
)
RECEIPTS = st.sampled_from([ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED])
KINDS_BOUGHT = st.sampled_from(KINDS)


class Orders(ShopMachine):
    """Orders of every kind, from their invoice on."""

    world: OrderWorld
    placed = Bundle("placed")

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[OrderOfWorld] = []
        self.reported: list[tuple[OrderOfWorld, InvoiceStatus]] = []
        self.secrets = [SECRET]

    @initialize(
        recovery=st.sampled_from(list(Recovery)), settle_on=st.sampled_from(["sent", "delivered"])
    )
    def open(self, recovery: Recovery, settle_on: str) -> None:
        db = self.open_database()
        self.world = OrderWorld(db, self.clock, recovery, sms={"settle_on": settle_on})
        self.key: NewKey = self.run(self.world.key(2500))

    @property
    def process(self) -> OrderProcess:
        """A fresh one each time: nothing is remembered from one rule to the next."""
        return self.world.process()

    async def work_once(self, process: OrderProcess) -> None:
        await process.settle_down()

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
    def pay(self, order: OrderOfWorld) -> None:
        self.run(order.pay())

    @rule(order=placed)
    def cancel(self, order: OrderOfWorld) -> None:
        self.run(self.attempt(cancel_order(self.process.shop, order.id)))

    # The node

    @rule()
    def the_node_tells(self) -> None:
        self.run(self.process.hear_node())

    @rule(order=placed)
    def what_the_node_said_waits_on_its_way(self, order: OrderOfWorld) -> None:
        async def keep() -> None:
            row = await order.row()
            if row.payment_hash is not None:
                said = self.world.node.invoices[bytes.fromhex(row.payment_hash)]
                self.reported.append((order, said))

        self.run(keep())

    @rule()
    def what_the_node_said_arrives(self) -> None:
        while self.reported:
            order, said = self.reported.pop()
            shop = self.world.process().shop
            self.run(self.world.db.tx(record_hold, order.id, said, shop.policies.holds))

    @rule(order=placed)
    def the_node_lets_a_payment_go(self, order: OrderOfWorld) -> None:
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
    def a_receipt_comes(self, order: OrderOfWorld, state: ReceiptState) -> None:
        for sms in self.run(order.texts_sent()):
            self.world.sms.tell(sms, state)

    @rule(order=placed)
    def a_code_comes(self, order: OrderOfWorld) -> None:
        self.run(order.code_comes())

    @rule()
    def the_provider_goes_or_comes(self) -> None:
        self.world.backend.down = not self.world.backend.down

    # The shop, its operator, and time

    @rule()
    def look_after_holds(self) -> None:
        self.run(self.process.look_after_holds())

    @rule(at=st.integers(1, 12), kind=KINDS_OF_DEATH)
    def die_looking_after_holds(self, at: int, kind: str) -> None:
        self.die(at, kind, OrderProcess.look_after_holds)

    @rule(order=placed, at=st.integers(1, 12), kind=KINDS_OF_DEATH)
    def die_cancelling(self, order: OrderOfWorld, at: int, kind: str) -> None:
        self.die(at, kind, lambda process: self.attempt(cancel_order(process.shop, order.id)))

    @rule()
    def the_secret_changes(self) -> None:
        if len(self.secrets) < 3:
            fresh = bytes([len(self.secrets)]) * 32
            self.secrets.insert(0, fresh)
            self.world.keyring = Keyring(self.secrets)

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        self.pass_ms(ms)

    @rule(ms=TIMES)
    def time_passes_at_work(self, ms: int) -> None:
        self.pass_ms(ms)
        self.run(self.process.settle_down())

    # What always holds

    async def complaints(self) -> list[str]:
        """The node's part too, also while the shop cannot reach it."""
        down, self.world.node.down = self.world.node.down, False
        found = await super().complaints()
        self.world.node.down = down
        return found

    async def drain(self) -> None:
        """Every order is over, and rightly so."""
        self.world.node.down = self.world.backend.down = False
        await self.world.db.tx(jobs.release_all)
        await self.world.db.tx(LOOK_AFTER_HOLDS.cancel)  # it would go on for ever
        await self.process.work()
        self.pass_ms(2 * 3_600_000)
        await self.process.look_after_holds()
        await self.process.work()
        for order in self.orders:
            await self._check(order)

    async def _check(self, order: OrderOfWorld) -> None:
        row = await order.row()
        if row.state is S.RETURNED and row.reason == LOST:
            assert await order.invoice() is InvoiceState.CANCELED
            assert await order.jobs_left() == []
            return
        assert row.state in FINAL
        await order.check()


def test_money_and_delivery_agree_from_the_invoice_to_the_end(sqlite_template: Path) -> None:
    assert_holds_whatever_happens(Orders, sqlite_template, EXAMPLES)
