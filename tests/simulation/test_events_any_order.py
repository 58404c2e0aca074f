"""Whatever happens to an order, in whatever order and however often: money and delivery agree.

Hypothesis drives one shop and up to three orders through everything that a carrier, a node, a
buyer, a clock and a dying process can do, and shrinks what goes wrong to its shortest story.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from ringbolt.app.payments.refund import claim_refund
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.lightning.node import PaymentFailed, PaymentSucceeded, PaymentUnknown
from ringbolt.store import calls, jobs
from support.memory import memory_carrier
from support.rigs.calls import PRICE_MSAT, Buyer, CallWorld, assert_promise_kept
from support.rigs.shop import LEASE_MS
from support.simulation.call_machine import LIVES, WHO, CallMachine
from support.simulation.machine import assert_holds_whatever_happens

EXAMPLES = 100
TIMES = st.sampled_from([1, 400, 6_000, LEASE_MS + 1, 60_000, 301_000, 3_600_000, 90_000_000])


class L402Calls(CallMachine):
    """Calls that are paid one by one, each by a buyer of its own."""

    people: list[Buyer]

    @initialize(recovery=st.sampled_from(list(Recovery)), life=LIVES)
    def open(self, recovery: Recovery, life: tuple[CallStatus, ...]) -> None:
        db = self.open_database()
        self.world = CallWorld(db, self.clock, memory_carrier(recovery, self.clock))
        self.world.carrier.life = life
        self.process = self.world.process()

    # The buyer

    @precondition(lambda self: len(self.people) < 3)
    @rule()
    def pay_and_redeem(self) -> None:
        self.people.append(Buyer(self.world))
        self.run(self.people[-1].redeem(self.process))

    @rule(who=WHO)
    def show_the_credential_again(self, who: int) -> None:
        for buyer in self.somebody(who):
            self.run(buyer.redeem(self.process))

    @rule(who=WHO)
    def claim_the_refund(self, who: int) -> None:
        for buyer in self.somebody(who):
            self.run(self.attempt(buyer.claim(self.process)))

    @rule(who=WHO)
    def claim_with_the_same_invoice_again(self, who: int) -> None:
        for buyer in self.somebody(who):
            refund = self.run(buyer.refund())
            if refund is not None and refund.bolt11 is not None:
                self.run(self.attempt(claim_refund(self.process.shop, refund.k1, refund.bolt11)))

    # The carrier

    @rule(retry=st.booleans())
    def the_next_answer_comes_after_its_events(self, retry: bool) -> None:
        """And perhaps after the buyer, who saw them, showed the credential again."""

        async def first() -> None:
            await self.world.process().listen()
            for buyer in self.people if retry else []:
                await buyer.redeem(self.process)

        self.world.carrier.before_answer.append(first)

    # The node

    @rule(
        outcome=st.sampled_from(
            [PaymentSucceeded(b"\1" * 32, 0), PaymentFailed("no route"), PaymentUnknown("?")]
        )
    )
    def the_next_payment_will(self, outcome: Any) -> None:
        self.world.node.outcomes.append(outcome)

    @rule(success=st.booleans())
    def payments_in_flight_end(self, success: bool) -> None:
        node = self.world.node
        for payment_hash, outcome in node.known.items():
            if isinstance(outcome, PaymentUnknown):
                node.known[payment_hash] = (
                    PaymentSucceeded(b"\1" * 32, 0) if success else PaymentFailed("timeout")
                )
                if success:
                    node.paid_out[payment_hash] = PRICE_MSAT

    @rule(down=st.booleans())
    def the_node_goes_or_comes(self, down: bool) -> None:
        self.world.node.down = down

    # Time

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        self.pass_ms(ms)

    @rule(ms=st.sampled_from([1000, 3_600_000]))
    def the_clock_is_set_back(self, ms: int) -> None:
        self.pass_ms(-ms)

    # What always holds

    async def complaints(self) -> list[str]:
        if self.world.node.down:
            return []
        await self.process.listen()  # what the node has, the books may have only then
        return await super().complaints()

    async def drain(self) -> None:
        """Every order is decided, and what failed is paid back."""
        node = self.world.node
        node.down = False
        node.outcomes.clear()
        self.let_carrier_answer()
        for payment_hash, outcome in node.known.items():
            if isinstance(outcome, PaymentUnknown):
                node.known[payment_hash] = PaymentFailed("timeout")
        await self.world.db.tx(jobs.release_all)
        process = self.world.process()
        await process.work()
        for buyer in self.people:
            order = await buyer.order()
            assert order.state in (OrderState.SETTLED, OrderState.FAILED, OrderState.RETURNED)
            if order.state is OrderState.FAILED:
                await self.attempt(buyer.claim(process))
                await process.work()
            await self._judge(buyer)

    async def _judge(self, buyer: Buyer) -> None:
        tries = len(await buyer.attempts())
        order = await assert_promise_kept(self.world, buyer, rings=tries)
        call = await self.world.db.read(calls.call_of, order.id)
        assert call is not None
        assert call.status.is_final
        if order.state is not OrderState.SETTLED:
            assert order.state is OrderState.RETURNED


def test_money_and_delivery_agree_whatever_happens(sqlite_template: Path) -> None:
    assert_holds_whatever_happens(L402Calls, sqlite_template, EXAMPLES)
