"""What every Lightning node must do for the shop, whatever stands behind the port.

A node joins as another subject of ``support/contracts/lightning.py``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import pytest

from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.lightning import bolt11
from ringbolt.lightning.node import (
    InvoiceState,
    InvoiceStatus,
    LightningNode,
    ListsPendingInvoices,
    PaymentFailed,
    PaymentSucceeded,
    PaymentUnknown,
    SupportsHoldInvoices,
    SupportsPayments,
)
from support.contracts.lightning import SUBJECTS, FullNode, Pair
from support.waiting import PATIENCE_S, eventually

FEE_MSAT = 10_000


@pytest.fixture(params=SUBJECTS)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    async with SUBJECTS[request.param](tmp_path) as subject:
        yield subject


def fresh() -> tuple[bytes, bytes]:
    preimage = secrets.token_bytes(32)
    return preimage, sha256(preimage).digest()


async def until(node: FullNode, payment_hash: bytes, state: InvoiceState) -> InvoiceStatus:
    async def probe() -> InvoiceStatus | None:
        status = await node.lookup_invoice(payment_hash)
        return status if status is not None and status.state is state else None

    return await eventually(probe)


async def until_paid(node: FullNode, payment_hash: bytes, preimage: bytes) -> None:
    async def is_paid() -> bool:
        return await node.lookup_payment(payment_hash) == PaymentSucceeded(preimage, 0)

    await eventually(is_paid)


async def hold(pair: Pair, amount_msat: int = 5000) -> tuple[bytes, asyncio.Task[object]]:
    """A hold invoice, paid and accepted; its preimage and the payment."""
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_hold_invoice(payment_hash, amount_msat, "held", 600, 80)
    paying: asyncio.Task[object] = asyncio.create_task(pair.payer.pay(invoice.bolt11, FEE_MSAT, 30))
    await until(pair.shop, payment_hash, InvoiceState.ACCEPTED)
    return preimage, paying


async def test_it_can_do_everything_the_port_offers(pair: Pair) -> None:
    node: LightningNode = pair.shop
    assert isinstance(node, SupportsHoldInvoices)
    assert isinstance(node, SupportsPayments)


async def test_info_names_the_network_and_the_height(pair: Pair) -> None:
    info = await pair.shop.info()
    assert info.network == "regtest"
    assert not info.holds_real_money
    assert info.block_height > 0
    assert info.synced
    assert len(bytes.fromhex(info.pubkey)) == 33


async def test_an_invoice_is_signed_by_the_node_and_says_what_was_asked(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_invoice(21_000, "ein Anruf für Zoë", 600, preimage)
    read = bolt11.decode(invoice.bolt11)
    assert invoice.payment_hash == read.payment_hash == payment_hash
    assert (invoice.amount_msat, read.amount_msat) == (21_000, 21_000)
    assert read.description == "ein Anruf für Zoë"
    assert read.expiry_s == 600
    assert invoice.expires_at_ms == read.expires_at_s * 1000
    assert read.payee.hex() == (await pair.shop.info()).pubkey


async def test_making_the_same_invoice_again_gives_the_same_one(pair: Pair) -> None:
    preimage, _ = fresh()
    first = await pair.shop.create_invoice(1000, "once", 600, preimage)
    again = await pair.shop.create_invoice(1000, "once", 600, preimage)
    assert again == first
    held = await pair.shop.create_hold_invoice(fresh()[1], 1000, "held", 600, 80)
    assert await pair.shop.create_hold_invoice(held.payment_hash, 1000, "held", 600, 80) == held
    with pytest.raises(NodeUnavailable, match="already exists"):
        await pair.shop.create_invoice(2000, "another amount", 600, preimage)


async def test_an_unknown_invoice_is_none(pair: Pair) -> None:
    assert await pair.shop.lookup_invoice(secrets.token_bytes(32)) is None


async def test_a_paid_invoice_settles_and_the_payer_learns_the_preimage(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_invoice(7000, "seven", 600, preimage)
    opened = await pair.shop.lookup_invoice(payment_hash)
    assert opened is not None
    assert (opened.state, opened.settle_index) == (InvoiceState.OPEN, 0)

    outcome = await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)

    assert isinstance(outcome, PaymentSucceeded)
    assert outcome.preimage == preimage
    status = await until(pair.shop, payment_hash, InvoiceState.SETTLED)
    assert (status.amount_msat, status.amount_paid_msat, status.memo) == (7000, 7000, "seven")
    assert status.preimage == preimage
    assert status.settle_index > 0
    assert status.settled_at_ms is not None
    assert status.settled_at_ms >= status.created_at_ms
    assert status.bolt11 == invoice.bolt11


async def test_an_invoice_is_paid_once_however_often_it_is_tried(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_invoice(3000, "race", 600, preimage)

    outcomes = await asyncio.gather(
        *(pair.payer.pay(invoice.bolt11, FEE_MSAT, 30) for _ in range(4))
    )

    assert any(isinstance(outcome, PaymentSucceeded) for outcome in outcomes)
    assert not any(isinstance(outcome, PaymentFailed) for outcome in outcomes)
    status = await until(pair.shop, payment_hash, InvoiceState.SETTLED)
    assert status.amount_paid_msat == 3000
    again = await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)
    assert again == PaymentSucceeded(preimage, 0)


async def test_a_hold_invoice_is_held_until_settled(pair: Pair) -> None:
    preimage, paying = await hold(pair)
    payment_hash = sha256(preimage).digest()
    held = await pair.shop.lookup_invoice(payment_hash)
    assert held is not None
    assert held.expiry_height is not None
    height = (await pair.shop.info()).block_height
    assert height + 80 <= held.expiry_height <= height + 90
    assert held.preimage is None
    assert not paying.done()
    assert isinstance(await pair.payer.lookup_payment(payment_hash), PaymentUnknown)

    await pair.shop.settle_invoice(preimage)

    settled = await until(pair.shop, payment_hash, InvoiceState.SETTLED)
    assert settled.preimage == preimage
    assert settled.expiry_height is None
    assert await paying == PaymentSucceeded(preimage, 0)
    assert await pair.payer.lookup_payment(payment_hash) == PaymentSucceeded(preimage, 0)


async def test_a_cancelled_hold_returns_the_money(pair: Pair) -> None:
    preimage, paying = await hold(pair)
    payment_hash = sha256(preimage).digest()

    await pair.shop.cancel_invoice(payment_hash)

    assert await paying == PaymentFailed("FAILURE_REASON_INCORRECT_PAYMENT_DETAILS")
    status = await until(pair.shop, payment_hash, InvoiceState.CANCELED)
    assert (status.settle_index, status.preimage) == (0, None)
    assert status.amount_paid_msat == 5000  # on record, though it went back


async def test_settle_and_cancel_may_be_repeated_but_not_mixed(pair: Pair) -> None:
    settled, paying = await hold(pair)
    await pair.shop.settle_invoice(settled)
    await pair.shop.settle_invoice(settled)
    await paying
    with pytest.raises(NodeUnavailable, match="invoice already settled") as refused:
        await pair.shop.cancel_invoice(sha256(settled).digest())
    assert refused.value.code == "NODE_REFUSED"

    cancelled, paying = await hold(pair)
    await pair.shop.cancel_invoice(sha256(cancelled).digest())
    await pair.shop.cancel_invoice(sha256(cancelled).digest())
    await paying
    with pytest.raises(NodeUnavailable, match="invoice already canceled"):
        await pair.shop.settle_invoice(cancelled)


async def test_settling_before_payment_is_refused(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    await pair.shop.create_hold_invoice(payment_hash, 1000, "", 600, 80)
    with pytest.raises(NodeUnavailable, match="invoice still open"):
        await pair.shop.settle_invoice(preimage)
    with pytest.raises(NodeUnavailable, match="unable to locate invoice"):
        await pair.shop.settle_invoice(secrets.token_bytes(32))


async def test_a_cancelled_invoice_cannot_be_paid(pair: Pair) -> None:
    _, payment_hash = fresh()
    invoice = await pair.shop.create_hold_invoice(payment_hash, 1000, "", 600, 80)
    await pair.shop.cancel_invoice(payment_hash)
    outcome = await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)
    assert outcome == PaymentFailed("FAILURE_REASON_INCORRECT_PAYMENT_DETAILS")


async def test_watching_tells_the_state_now_and_every_change(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_hold_invoice(payment_hash, 1000, "", 600, 80)
    seen: list[InvoiceState] = []
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(pair.shop.watch_invoice(payment_hash)) as watching,
    ):
        async for status in watching:
            seen.append(status.state)
            if status.state is InvoiceState.OPEN:
                paying = asyncio.create_task(pair.payer.pay(invoice.bolt11, FEE_MSAT, 30))
            elif status.state is InvoiceState.ACCEPTED:
                await pair.shop.settle_invoice(preimage)
    assert seen == [InvoiceState.OPEN, InvoiceState.ACCEPTED, InvoiceState.SETTLED]
    await paying


async def test_settled_invoices_are_caught_up_and_then_followed(pair: Pair) -> None:
    paid: list[bytes] = []

    async def pay_one() -> None:
        preimage, payment_hash = fresh()
        invoice = await pair.shop.create_invoice(1000, "", 600, preimage)
        await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)
        paid.append(payment_hash)

    await pay_one()
    before = await until(pair.shop, paid[0], InvoiceState.SETTLED)
    await pay_one()
    await until(pair.shop, paid[1], InvoiceState.SETTLED)
    seen: list[InvoiceStatus] = []
    following = pair.shop.settled_invoices(before.settle_index)
    async with asyncio.timeout(PATIENCE_S), aclosing(following):
        async for status in following:
            seen.append(status)
            if len(seen) == 3:
                break
            await pay_one()
    assert [status.payment_hash for status in seen] == paid[1:4]
    first = before.settle_index + 1
    assert [status.settle_index for status in seen] == [first, first + 1, first + 2]


async def test_from_index_zero_even_the_first_settled_invoice_comes(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_invoice(1000, "", 600, preimage)
    await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)
    await until(pair.shop, payment_hash, InvoiceState.SETTLED)
    indexes = []
    following = pair.shop.settled_invoices(0)
    async with asyncio.timeout(PATIENCE_S), aclosing(following):
        async for status in following:
            indexes.append(status.settle_index)
            if status.payment_hash == payment_hash:
                break
    assert indexes == list(range(1, len(indexes) + 1))


async def test_list_settled_has_what_settled_and_nothing_else(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_invoice(1000, "", 600, preimage)
    _, unpaid = fresh()
    await pair.shop.create_hold_invoice(unpaid, 1000, "", 600, 80)
    await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)
    await until(pair.shop, payment_hash, InvoiceState.SETTLED)
    listed = [status.payment_hash async for status in pair.shop.list_settled()]
    assert payment_hash in listed
    assert unpaid not in listed
    assert len(listed) == len(set(listed))


async def test_list_pending_has_the_open_and_the_held_invoices_only(pair: Pair) -> None:
    assert isinstance(pair.shop, ListsPendingInvoices)
    preimage, settled = fresh()
    invoice = await pair.shop.create_invoice(1000, "", 600, preimage)
    _, unpaid = fresh()
    await pair.shop.create_hold_invoice(unpaid, 1000, "", 600, 80)
    await pair.payer.pay(invoice.bolt11, FEE_MSAT, 30)
    await until(pair.shop, settled, InvoiceState.SETTLED)
    listed = {status.payment_hash: status.state async for status in pair.shop.list_pending()}
    assert listed[unpaid] is InvoiceState.OPEN
    assert settled not in listed


async def test_the_shop_pays_out_what_it_received(pair: Pair) -> None:
    preimage, _ = fresh()
    income = await pair.shop.create_invoice(50_000, "income", 600, preimage)
    await pair.payer.pay(income.bolt11, FEE_MSAT, 30)
    refund_preimage, refund_hash = fresh()
    refund = await pair.payer.create_invoice(20_000, "refund", 600, refund_preimage)

    assert await pair.shop.lookup_payment(refund_hash) is None
    assert await pair.shop.pay(refund.bolt11, FEE_MSAT, 30) == PaymentSucceeded(refund_preimage, 0)
    assert await pair.shop.lookup_payment(refund_hash) == PaymentSucceeded(refund_preimage, 0)


async def test_payments_are_listed_with_their_amounts(pair: Pair) -> None:
    before = [made.payment_hash async for made in pair.shop.list_payments(0)]
    preimage, _ = fresh()
    income = await pair.shop.create_invoice(50_000, "income", 600, preimage)
    await pair.payer.pay(income.bolt11, FEE_MSAT, 30)
    refund_preimage, refund_hash = fresh()
    refund = await pair.payer.create_invoice(20_000, "refund", 600, refund_preimage)
    await pair.shop.pay(refund.bolt11, FEE_MSAT, 30)

    made = [each async for each in pair.shop.list_payments(0) if each.payment_hash not in before]
    assert [(each.payment_hash, each.amount_msat, each.fee_msat) for each in made] == [
        (refund_hash, 20_000, 0)
    ]
    later_ms = made[0].created_at_ms + 10_000
    assert [each async for each in pair.shop.list_payments(later_ms)] == []


async def test_what_the_node_will_not_pay_has_failed(pair: Pair) -> None:
    preimage, _ = fresh()
    own = await pair.shop.create_invoice(1000, "to myself", 600, preimage)
    outcome = await pair.shop.pay(own.bolt11, FEE_MSAT, 30)
    assert isinstance(outcome, PaymentFailed)
    assert "self-payments" in outcome.reason
    assert isinstance(await pair.shop.pay("lnbcrt1nonsense", FEE_MSAT, 30), PaymentFailed)


async def test_a_payment_that_is_held_too_long_is_unknown_not_failed(pair: Pair) -> None:
    preimage, payment_hash = fresh()
    invoice = await pair.shop.create_hold_invoice(payment_hash, 1000, "", 600, 80)
    outcome = await pair.payer.pay(invoice.bolt11, FEE_MSAT, 1)
    assert isinstance(outcome, PaymentUnknown)
    assert isinstance(await pair.payer.pay(invoice.bolt11, FEE_MSAT, 1), PaymentUnknown)
    await until(pair.shop, payment_hash, InvoiceState.ACCEPTED)
    await pair.shop.settle_invoice(preimage)
    await until_paid(pair.payer, payment_hash, preimage)
