"""Invoices that were named to be paid, and a node that says something else later."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.payments.refund import claim_refund, pay_refund
from ringbolt.app.policies import Policies
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.chart_of_accounts import (
    ESCROW,
    NODE,
    PAYMENT,
    REVENUE,
    ROUTING_FEE,
    payment_idem,
)
from ringbolt.core.errors import Conflict, InvalidInput, NodeUnavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import bolt11, l402
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.lightning.memory.node import wallet_invoice
from ringbolt.lightning.node import (
    InvoiceState,
    InvoiceStatus,
    PaymentFailed,
    PaymentOutcome,
    PaymentSucceeded,
)
from ringbolt.settings import Settings
from ringbolt.store import (
    audit,
    housekeeping,
    jobs,
    ledger,
    named_invoices,
    orders,
    payouts,
    refunds,
)
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.refunds import Refund, RefundState
from support.rigs.payouts import an_order, settle

HASH = "ab" * 32
PRICE_MSAT = 50_000
KEYRING = Keyring([b"a secret of thirty-two bytes, yes"])


class LyingNode:
    """Pays what it is told to; while it ``lies``, it says that it did not."""

    def __init__(self, token: l402.Token) -> None:
        self.paid: list[bytes] = []
        self.lies = True
        self.truly_fails = False
        self._token = token

    async def info(self) -> Any:
        return SimpleNamespace(network="regtest", pubkey="02aa")

    async def pay(self, text: str, _: int, __: int) -> PaymentOutcome:
        if not self.truly_fails:
            self.paid.append(bolt11.decode(text).payment_hash)
        return PaymentFailed("no route") if self.lies else PaymentSucceeded(b"", 0)

    async def lookup_payment(self, payment_hash: bytes) -> PaymentOutcome | None:
        if payment_hash not in self.paid:
            return None
        return PaymentFailed("no route") if self.lies else PaymentSucceeded(b"", 0)

    async def list_settled(self) -> AsyncGenerator[InvoiceStatus, None]:
        yield InvoiceStatus(
            self._token.payment_hash, InvoiceState.SETTLED, PRICE_MSAT, PRICE_MSAT,
            l402.memo("Phone call", self._token.nonce), "", 0, 0, 1,
        )  # fmt: skip


class Desk:
    """A shop with one failed call, whose money is to be had back."""

    def __init__(self, db: Database, clock: SystemClock) -> None:
        self.db = db
        self.clock = clock
        token = l402.new_token(KEYRING, secrets.token_bytes(15))
        self.node = LyingNode(token)
        self.order = an_order(
            price_msat=PRICE_MSAT, referrer="", kind=OrderKind.CALL, family="l402",
            state=OrderState.FAILED, method=PaymentMethod.L402, account_id=None,
            payment_hash=token.payment_hash.hex(),
        )  # fmt: skip
        self.shop = cast(
            Shop,
            SimpleNamespace(
                db=db, node=self.node, payer=self.node, clock=self.clock,
                node_name="node", node_named=lambda name: self.node,
                policies=Policies.of(Settings(limits="off"), KEYRING),
            ),
        )  # fmt: skip

    async def open(self) -> Desk:
        await self.db.tx(self._open)
        return self

    def _open(self, tx: Tx) -> None:
        kinds: dict[str, ledger.AccountKind] = {
            NODE: "asset", ESCROW: "liability", REVENUE: "income", ROUTING_FEE: "expense",
        }  # fmt: skip
        for name, kind in kinds.items():
            ledger.ensure_account(tx, name, kind, stored=False)
        ledger.post(
            tx, idem=payment_idem(self.order.payment_hash or ""), debit=NODE, credit=ESCROW,
            amount_msat=PRICE_MSAT, kind=PAYMENT,
        )  # fmt: skip
        assert orders.insert(tx, self.order, "failed")
        refunds.open_refund(tx, self.order.id, PRICE_MSAT)

    async def refund(self) -> Refund:
        found = await self.db.read(refunds.of_order, self.order.id)
        assert found is not None
        return found

    def invoice(self, name: bytes, amount_msat: int = PRICE_MSAT) -> str:
        return wallet_invoice(amount_msat, name * 32, self.clock.now_ms() // 1000)

    async def claim(self, invoice: str) -> RefundState:
        """Claim with an invoice, and pay it; how the refund stands then."""
        await claim_refund(self.shop, (await self.refund()).k1, invoice)
        [job] = await self.db.tx(jobs.claim, "payout", 5, 60_000)
        await pay_refund(self.shop, job)
        return (await self.refund()).state

    async def differences(self) -> list[str]:
        node: Any = self.node
        return (await audit_shop(self.db, KEYRING, node, node)).differences


@pytest.fixture
async def desk(database: Database, clock: SystemClock) -> Desk:
    return await Desk(database, clock).open()


async def test_a_payment_that_had_not_failed_is_not_made_again(desk: Desk) -> None:
    # given a node that pays and says that it did not
    assert await desk.claim(desk.invoice(b"a")) is RefundState.OPEN
    # when it says how it was, and the refund is claimed once more
    desk.node.lies = False
    assert await desk.claim(desk.invoice(b"b")) is RefundState.PAID
    # then nothing is paid twice, and the books name the payment that was made
    assert len(desk.node.paid) == 1
    assert (await desk.refund()).payment_hash == desk.node.paid[0].hex()
    assert await desk.differences() == []


async def test_a_smaller_payment_that_had_not_failed_is_booked_as_it_was(desk: Desk) -> None:
    # given a payment that is said to have failed, and a claim of less, which is said so too
    assert await desk.claim(desk.invoice(b"a", PRICE_MSAT)) is RefundState.OPEN
    desk.node.paid.clear()
    assert await desk.claim(desk.invoice(b"b", PRICE_MSAT - 2_000)) is RefundState.OPEN
    # when the node says that the second was paid, during a claim of the whole
    desk.node.lies = False
    assert await desk.claim(desk.invoice(b"c")) is RefundState.PAID
    # then the books say what the buyer got, and what the buyer left
    assert (await desk.refund()).amount_msat == PRICE_MSAT - 2_000
    books = await desk.db.read(audit.books)
    assert (books.returned, books.routes) == (PRICE_MSAT - 2_000, 2_000)
    assert await desk.differences() == []


async def test_a_claimed_refund_stays_due_while_its_node_cannot_pay(desk: Desk) -> None:
    desk.node.lies = False
    shop: Any = desk.shop
    shop.node_named = lambda name: object()
    with pytest.raises(NodeUnavailable):
        await desk.claim(desk.invoice(b"a"))
    assert (await desk.refund()).state is RefundState.CLAIMED

    shop.node_named = lambda name: desk.node
    desk.clock.set_offset(120_000)  # the lease of the job that failed is over
    [job] = await desk.db.tx(jobs.claim, "payout", 5, 60_000)
    await pay_refund(desk.shop, job)
    assert (await desk.refund()).state is RefundState.PAID


async def test_the_audit_asks_about_payments_that_are_said_to_have_failed(desk: Desk) -> None:
    await desk.claim(desk.invoice(b"a"))
    assert await desk.differences() == []
    desk.node.lies = False
    [difference] = await desk.differences()
    assert "booked as failed, but the node paid it" in difference
    assert desk.node.paid[0].hex()[:12] in difference


async def test_a_node_that_lied_for_long_is_found_out(desk: Desk) -> None:
    # given two payments, both made, and both said to have failed
    await desk.claim(desk.invoice(b"a"))
    await desk.claim(desk.invoice(b"b"))
    desk.node.lies = False
    assert await desk.claim(desk.invoice(b"c")) is RefundState.PAID
    # then the first is what was paid, and the audit tells of the other
    assert len(desk.node.paid) == 2
    [difference] = await desk.differences()
    assert desk.node.paid[1].hex()[:12] in difference


async def test_an_invoice_whose_payment_failed_is_not_taken_again(desk: Desk) -> None:
    desk.node.truly_fails = True
    await desk.claim(desk.invoice(b"a"))
    with pytest.raises(InvalidInput, match="fresh one"):
        await desk.claim(desk.invoice(b"a"))
    assert (await desk.refund()).state is RefundState.OPEN


async def test_the_invoice_of_a_payout_is_none_for_a_refund(desk: Desk) -> None:
    text = desk.invoice(b"a")
    payment_hash = bolt11.decode(text).payment_hash.hex()
    await desk.db.tx(payouts.open_payout, "p1", "bob@wallet.example", 5000)
    await desk.db.tx(payouts.begin, "p1", text, payment_hash, "node")
    with pytest.raises(InvalidInput):
        await desk.claim(text)
    assert (await desk.refund()).state is RefundState.OPEN


async def test_a_claimed_refund_is_claimed_before_its_invoice_is_old(desk: Desk) -> None:
    desk.node.lies = False
    k1 = (await desk.refund()).k1
    await desk.claim(desk.invoice(b"a"))
    with pytest.raises(Conflict):
        await claim_refund(desk.shop, k1, desk.invoice(b"b"))


async def test_a_named_invoice_is_known_for_good(database: Database) -> None:
    what = named_invoices.of_refund("o")
    assert await database.tx(named_invoices.name, HASH, what)
    await database.tx(housekeeping.forget_inbox, -60_000)
    assert not await database.tx(named_invoices.name, HASH, named_invoices.of_payout("p"))
    assert await database.read(named_invoices.for_refund, "o") == {HASH: 0}
    assert await database.read(named_invoices.not_paid) == [(what, HASH)]


async def test_the_invoice_of_a_refund_is_not_one_for_a_payout(database: Database) -> None:
    order = an_order()
    await database.tx(settle, order)
    await database.tx(refunds.open_refund, order.id, 1000)
    await database.tx(refunds.claim, order.id, "lnbcrt1", HASH, "node")
    assert not await database.tx(named_invoices.name, HASH, named_invoices.of_payout("p"))
    assert await database.read(named_invoices.not_paid) == []


async def test_the_payment_of_a_failed_payout_is_asked_about(database: Database) -> None:
    await database.tx(payouts.open_payout, "p1", "bob@wallet.example", 5000)
    await database.tx(payouts.begin, "p1", "lnbcrt1", HASH, "node")
    assert await database.read(named_invoices.not_paid) == []
    await database.tx(payouts.fail, "p1", "no route")
    assert await database.read(named_invoices.not_paid) == [("payout p1", HASH)]
