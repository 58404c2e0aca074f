"""The simulated Lightning network keeps LND's rules, its money and its word."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import pytest

from ringbolt.core.lightning import bolt11
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.lightning.invoice import (
    BLOCK_MS,
    InvoiceRequest,
    RpcError,
)
from ringbolt.simulator.lightning.network import WALLET_BALANCE_MSAT
from ringbolt.simulator.lightning.node import FailureReason, PaymentStatus
from support.rigs.simulated_lightning import SimulatedNetwork
from support.waiting import PATIENCE_S

OPEN, ACCEPTED = InvoiceState.OPEN, InvoiceState.ACCEPTED
SETTLED, CANCELED = InvoiceState.SETTLED, InvoiceState.CANCELED


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[SimulatedNetwork]:
    sim = SimulatedNetwork(tmp_path / "world.db")
    yield sim
    sim.close()


async def test_an_invoice_has_what_a_payer_needs(sim: SimulatedNetwork) -> None:
    invoice = await sim.invoice(123_456)
    read = bolt11.decode(invoice.bolt11)
    assert read.network == "regtest"
    assert read.amount_msat == 123_456
    assert read.features == {8, 14}
    assert read.payment_secret == invoice.payment_secret
    assert read.min_final_cltv == 80
    assert read.payee == sim.shop.pubkey != sim.wallet.pubkey


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (InvoiceRequest(amount_msat=1, preimage=b"short"), "invalid preimage length of 5"),
        (InvoiceRequest(amount_msat=1), "invalid hash length of 0, want 32"),
        (InvoiceRequest(amount_msat=-1, preimage=bytes(32)), "cannot be negative"),
        (InvoiceRequest(amount_msat=1, preimage=bytes(32), memo="x" * 1025), "memo too large"),
        (InvoiceRequest(amount_msat=1, preimage=bytes(32), cltv_blocks=23), "minimum of 24"),
        (InvoiceRequest(amount_msat=1, preimage=bytes(32), cltv_blocks=70_000), "too large"),
        (InvoiceRequest(amount_msat=1, preimage=bytes(32), expiry_s=31_536_001), "max expiry"),
    ],
)
async def test_an_unsound_invoice_is_refused(
    sim: SimulatedNetwork, request_: InvoiceRequest, words: str
) -> None:
    with pytest.raises(RpcError, match=words):
        await sim.network.add_invoice(sim.shop, request_)


async def test_money_moves_from_payer_to_payee(sim: SimulatedNetwork) -> None:
    invoice = await sim.invoice(1500)
    payment = await sim.network.send_payment(sim.wallet, invoice.bolt11)
    assert payment.status is PaymentStatus.SUCCEEDED
    assert sha256(payment.preimage).digest() == invoice.payment_hash
    assert await sim.balances() == (1500, 1500)


async def test_a_held_payment_is_nobodys_until_it_is_decided(sim: SimulatedNetwork) -> None:
    kept, _ = await sim.held(3000)
    _, returned = await sim.held(4000)
    assert await sim.balances() == (0, 7000)
    assert (await sim.network.book(sim.shop)).held_in_msat == 7000
    assert (await sim.network.book(sim.wallet)).held_out_msat == 7000

    await sim.network.settle_invoice(sim.shop, kept)
    await sim.network.cancel_invoice(sim.shop, returned)

    assert await sim.balances() == (3000, 3000)
    assert (await sim.network.book(sim.shop)).held_in_msat == 0
    assert (await sim.network.book(sim.wallet)).held_out_msat == 0


async def test_two_payments_of_one_invoice_at_once_one_wins(sim: SimulatedNetwork) -> None:
    invoice = await sim.invoice(1000)
    results = await asyncio.gather(
        *(sim.network.send_payment(sim.wallet, invoice.bolt11) for _ in range(5)),
        return_exceptions=True,
    )
    refusals = [result for result in results if isinstance(result, RpcError)]
    assert [refusal.message for refusal in refusals] == ["invoice is already paid"] * 4
    assert await sim.balances() == (1000, 1000)


async def test_a_payment_of_what_is_being_paid_is_refused(sim: SimulatedNetwork) -> None:
    _, payment_hash = await sim.held()
    invoice = await sim.network.find_invoice(sim.shop, payment_hash)
    assert invoice is not None
    with pytest.raises(RpcError, match="payment is in transition") as refused:
        await sim.network.send_payment(sim.wallet, invoice.bolt11)
    assert refused.value.code == 6


async def test_settle_and_cancel_race_and_one_wins(sim: SimulatedNetwork) -> None:
    preimage, payment_hash = await sim.held(2000)
    outcomes = await asyncio.gather(
        sim.network.settle_invoice(sim.shop, preimage),
        sim.network.cancel_invoice(sim.shop, payment_hash),
        return_exceptions=True,
    )
    assert outcomes[0] is None
    assert isinstance(outcomes[1], RpcError)
    assert await sim.state(payment_hash) is SETTLED
    assert await sim.balances() == (2000, 2000)


async def test_a_failed_payment_costs_nothing_and_may_be_tried_again(sim: SimulatedNetwork) -> None:
    too_much = await sim.invoice(WALLET_BALANCE_MSAT + 1)
    poor = await sim.network.send_payment(sim.wallet, too_much.bolt11)
    assert poor.failure_reason is FailureReason.INSUFFICIENT_BALANCE
    again = await sim.network.send_payment(sim.wallet, too_much.bolt11)
    assert again.status is PaymentStatus.FAILED
    assert again.payment_index == poor.payment_index + 1
    assert await sim.balances() == (0, 0)


def _signed(key: bytes, payment_hash: bytes, secret: bytes, amount_msat: int, now_s: int) -> str:
    return bolt11.encode(
        network="regtest",
        amount_msat=amount_msat,
        timestamp_s=now_s,
        payment_hash=payment_hash,
        payment_secret=secret,
        private_key=key,
        description="",
        min_final_cltv=80,
    )


async def test_a_stranger_cannot_be_reached(sim: SimulatedNetwork) -> None:
    text = _signed(b"\1" * 32, bytes(32), bytes(32), 1000, sim.network.now_s)
    payment = await sim.network.send_payment(sim.wallet, text)
    assert payment.failure_reason is FailureReason.NO_ROUTE


@pytest.mark.parametrize("what", ["unknown hash", "wrong secret", "too little"])
async def test_the_payee_says_no_to_what_is_not_its_invoice(
    sim: SimulatedNetwork, what: str
) -> None:
    invoice = await sim.invoice(1000)
    forged = _signed(
        sim.shop.private_key,
        bytes(32) if what == "unknown hash" else invoice.payment_hash,
        bytes(32) if what == "wrong secret" else invoice.payment_secret,
        999 if what == "too little" else 1000,
        sim.network.now_s,
    )
    payment = await sim.network.send_payment(sim.wallet, forged)
    assert payment.failure_reason is FailureReason.INCORRECT_PAYMENT_DETAILS
    assert await sim.state(invoice.payment_hash) is OPEN


async def test_more_than_asked_is_taken(sim: SimulatedNetwork) -> None:
    invoice = await sim.invoice(1000)
    generous = _signed(
        sim.shop.private_key,
        invoice.payment_hash,
        invoice.payment_secret,
        1700,
        sim.network.now_s,
    )
    await sim.network.send_payment(sim.wallet, generous)
    paid = await sim.network.find_invoice(sim.shop, invoice.payment_hash)
    assert paid is not None
    assert (paid.amount_msat, paid.amount_paid_msat) == (1000, 1700)


async def test_an_amountless_invoice_needs_an_amount_and_only_that(sim: SimulatedNetwork) -> None:
    amountless = await sim.invoice(0)
    with pytest.raises(RpcError, match="amount must be specified"):
        await sim.network.send_payment(sim.wallet, amountless.bolt11)
    await sim.network.send_payment(sim.wallet, amountless.bolt11, 4200)
    assert await sim.balances() == (4200, 4200)
    fixed = await sim.invoice(1000)
    with pytest.raises(RpcError, match="amount must not be specified"):
        await sim.network.send_payment(sim.wallet, fixed.bolt11, 1000)


async def test_an_unpaid_invoice_is_cancelled_when_it_expires(sim: SimulatedNetwork) -> None:
    invoice = await sim.invoice(expiry_s=60)
    await sim.clock.advance(59)
    assert await sim.state(invoice.payment_hash) is OPEN
    await sim.clock.advance(2)
    assert await sim.state(invoice.payment_hash) is CANCELED
    with pytest.raises(RpcError, match="invoice expired"):
        await sim.network.send_payment(sim.wallet, invoice.bolt11)


async def test_expiry_does_not_touch_a_held_payment(sim: SimulatedNetwork) -> None:
    preimage, payment_hash = await sim.held()
    await sim.clock.advance(86_400 / 4)
    assert await sim.state(payment_hash) is ACCEPTED
    await sim.network.settle_invoice(sim.shop, preimage)
    assert await sim.state(payment_hash) is SETTLED


async def test_a_held_payment_goes_back_18_blocks_before_it_expires(sim: SimulatedNetwork) -> None:
    _, payment_hash = await sim.held(5000, cltv_blocks=40)
    invoice = await sim.network.find_invoice(sim.shop, payment_hash)
    assert invoice is not None
    assert invoice.htlc is not None
    assert invoice.htlc.expiry_height == invoice.htlc.accept_height + 43
    accepted_at = sim.network.block_height

    await sim.clock.advance(24 * BLOCK_MS / 1000)
    assert await sim.state(payment_hash) is ACCEPTED
    await sim.clock.advance(BLOCK_MS / 1000)

    assert sim.network.block_height == accepted_at + 25
    assert await sim.state(payment_hash) is CANCELED
    payment = await sim.network.find_payment(sim.wallet, payment_hash)
    assert payment is not None
    assert payment.failure_reason is FailureReason.INCORRECT_PAYMENT_DETAILS
    assert await sim.balances() == (0, 0)


async def test_timers_fire_by_themselves_while_an_invoice_is_watched(sim: SimulatedNetwork) -> None:
    invoice = await sim.invoice(expiry_s=3600)
    states = []
    async with asyncio.timeout(PATIENCE_S):
        watching = sim.network.watch_invoice(sim.shop, invoice.payment_hash)
        async with aclosing(watching):
            async for seen in watching:
                states.append(seen.state)
                if seen.state is CANCELED:
                    break
                await sim.clock.advance(3601)
    assert states == [OPEN, CANCELED]


async def test_watching_waits_for_an_invoice_that_does_not_exist_yet(sim: SimulatedNetwork) -> None:
    preimage = secrets.token_bytes(32)
    watching = sim.network.watch_invoice(sim.shop, sha256(preimage).digest())
    async with asyncio.timeout(PATIENCE_S), aclosing(watching):
        first = asyncio.ensure_future(anext(watching))
        await asyncio.sleep(0)
        request = InvoiceRequest(amount_msat=1, preimage=preimage)
        added = await sim.network.add_invoice(sim.shop, request)
        assert await first == added


async def test_the_stream_of_all_invoices_is_silent_on_holds(sim: SimulatedNetwork) -> None:
    # As LND: SubscribeInvoices reports what is added and what is settled, nothing between.
    stream = sim.network.subscribe_invoices(sim.shop, 0, 0)
    async with asyncio.timeout(PATIENCE_S), aclosing(stream):
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        preimage, payment_hash = await sim.held()
        _, cancelled = await sim.held()
        await sim.network.cancel_invoice(sim.shop, cancelled)
        await sim.network.settle_invoice(sim.shop, preimage)
        seen = [await first, await anext(stream), await anext(stream)]
    assert [(news.payment_hash, news.state) for news in seen] == [
        (payment_hash, OPEN),
        (cancelled, OPEN),
        (payment_hash, SETTLED),
    ]


async def test_a_stream_since_an_index_begins_behind_it(sim: SimulatedNetwork) -> None:
    for _ in range(3):
        await sim.network.send_payment(sim.wallet, (await sim.invoice()).bolt11)
    stream = sim.network.subscribe_invoices(sim.shop, 0, 1)
    async with asyncio.timeout(PATIENCE_S), aclosing(stream):
        assert [(await anext(stream)).settle_index for _ in range(2)] == [2, 3]


async def test_listing_goes_on_from_an_index(sim: SimulatedNetwork) -> None:
    invoices = [await sim.invoice() for _ in range(5)]
    await sim.network.send_payment(sim.wallet, invoices[1].bolt11)
    listed = await sim.network.list_invoices(sim.shop, after=1, limit=2, pending_only=False)
    assert [invoice.add_index for invoice in listed] == [2, 3]
    pending = await sim.network.list_invoices(sim.shop, after=0, limit=10, pending_only=True)
    assert [invoice.add_index for invoice in pending] == [1, 3, 4, 5]


async def test_everything_answered_outlives_a_restart(sim: SimulatedNetwork) -> None:
    paid, unpaid = await sim.invoice(1000), await sim.invoice(2000)
    await sim.network.send_payment(sim.wallet, paid.bolt11)
    preimage, held = await sim.held(3000)
    _, cancelled = await sim.held(4000)
    await sim.network.cancel_invoice(sim.shop, cancelled)
    keys = (sim.shop.pubkey, sim.wallet.pubkey)
    height = sim.network.block_height

    sim.reopen()

    assert (sim.shop.pubkey, sim.wallet.pubkey) == keys
    assert sim.network.block_height == height
    assert await sim.balances() == (1000, 4000)
    states = [await sim.state(i) for i in (paid.payment_hash, unpaid.payment_hash, held, cancelled)]
    assert states == [SETTLED, OPEN, ACCEPTED, CANCELED]
    await sim.network.settle_invoice(sim.shop, preimage)
    settled = await sim.network.find_invoice(sim.shop, held)
    assert settled is not None
    assert settled.settle_index == 2
    payment = await sim.network.find_payment(sim.wallet, held)
    assert payment is not None
    assert payment.status is PaymentStatus.SUCCEEDED
    assert (await sim.invoice()).add_index == 5


async def test_time_that_passed_while_the_world_was_closed_counts(
    sim: SimulatedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = await sim.invoice(expiry_s=600)
    sim.close()
    _shift_machine_clock(monkeypatch, 601)
    sim._open()
    assert await sim.state(invoice.payment_hash) is CANCELED


def _shift_machine_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    import time

    real: Callable[[], int] = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: real() + seconds * 1_000_000_000)


async def test_final_invoices_cost_no_memory(sim: SimulatedNetwork) -> None:
    for _ in range(10):
        await sim.network.send_payment(sim.wallet, (await sim.invoice()).bolt11)
    await asyncio.sleep(0)
    assert not sim.shop.invoices
    assert not sim.wallet.payments


async def test_closing_ends_streams_and_refuses_calls(sim: SimulatedNetwork) -> None:
    stream = sim.network.subscribe_invoices(sim.shop, 0, 0)
    waiting = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)
    sim.network.close()
    assert await waiting is None
    with pytest.raises(RpcError) as refused:
        await sim.invoice()
    assert refused.value.code == 14
