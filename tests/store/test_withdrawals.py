"""Withdrawals of unused balance: what is held, what comes back, and what two at once cannot do."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.app.accounts import keys
from ringbolt.app.payments.withdraw import (
    cancel_withdrawal,
    claim_withdrawal,
    offered_withdrawal,
    start_withdrawal,
)
from ringbolt.app.policies import WithdrawalPolicy
from ringbolt.clock import SystemClock
from ringbolt.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    RingboltError,
    Unauthorized,
    Unavailable,
)
from ringbolt.lightning.node import PaymentFailed, PaymentSucceeded, PaymentUnknown
from ringbolt.lightning.payout import AddressRefused
from ringbolt.settings import Settings
from ringbolt.store import audit
from ringbolt.store.engine.db import Database
from ringbolt.store.ledger import InsufficientFunds
from ringbolt.store.withdrawals import WithdrawalState
from support.rigs.withdrawals import ALICE, BALANCE_SATS, Bank, Saver, assert_nothing_lost

MINUTE_MS = 60_000


@pytest.fixture
def bank(database: Database, clock: SystemClock) -> Bank:
    return Bank(database, clock)


@pytest.fixture
async def saver(bank: Bank) -> Saver:
    return await Saver.with_balance(bank)


# -- the money -------------------------------------------------------------------------------------


async def test_the_amount_and_its_fee_are_held_before_anything_is_payable(
    bank: Bank, saver: Saver
) -> None:
    begun = await saver.start(bank.process(), 1000)
    assert (begun.state, begun.amount_msat, begun.max_fee_msat) == ("open", 1_000_000, 10_000)
    assert await saver.available_sats() == BALANCE_SATS - 1010
    books = await bank.db.read(audit.books)
    assert (books.withdrawing, books.withdrawn) == (1_010_000, 0)
    assert await bank.complaints() == []


async def test_a_wallet_takes_it_and_the_rest_of_the_fee_is_free_again(
    bank: Bank, saver: Saver
) -> None:
    bank.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 1_234))
    process = bank.process()
    await saver.start(process, 1000)
    await saver.claim(process)
    await process.work()
    paid = await saver.latest()
    assert (paid.state, paid.fee_msat) == (WithdrawalState.PAID, 1_234)
    assert (await saver.balance()).available_msat == BALANCE_SATS * 1000 - 1_001_234
    assert (await bank.db.read(audit.books)).withdrawn == 1_001_234
    await assert_nothing_lost(bank, saver)


async def test_it_goes_to_a_lightning_address(bank: Bank, saver: Saver) -> None:
    process = bank.process()
    begun = await saver.start(process, 2000, " Alice@Wallet.example ")
    assert (begun.address, begun.k1) == (ALICE, None)
    await process.work()
    assert (await saver.latest()).state is WithdrawalState.PAID
    assert bank.owners.asked == [2_000_000]
    await assert_nothing_lost(bank, saver)


async def test_all_of_a_balance_can_be_withdrawn_but_its_fee(bank: Bank, saver: Saver) -> None:
    policy = WithdrawalPolicy.of(Settings())
    most = policy.most_msat(BALANCE_SATS * 1000) // 1000
    assert most == 9900
    await saver.start(bank.process(), most)
    assert await saver.available_sats() == 1
    assert policy.most_msat(250_999) == 247_000
    assert policy.most_msat(2_000) == 0


@pytest.mark.parametrize("end", [PaymentSucceeded(b"\1" * 32, 0), PaymentFailed("gave up")])
async def test_money_in_flight_stays_held_until_the_node_knows(
    bank: Bank, saver: Saver, end: PaymentSucceeded | PaymentFailed
) -> None:
    bank.node.outcomes.append(PaymentUnknown("in flight"))
    process = bank.process()
    begun = await saver.start(process, 1000)
    await saver.claim(process)
    await process.pass_ms(60 * MINUTE_MS)
    paying = await saver.latest()
    assert (paying.id, paying.state) == (begun.id, WithdrawalState.PAYING)
    assert await saver.available_sats() == BALANCE_SATS - 1010
    with pytest.raises(Conflict, match="A wallet has taken"):
        await cancel_withdrawal(process.shop, begun.id)
    assert paying.payment_hash is not None
    bank.node.known[bytes.fromhex(paying.payment_hash)] = end
    await process.work()
    is_paid = isinstance(end, PaymentSucceeded)
    assert (await saver.latest()).state == ("paid" if is_paid else "failed")
    assert await saver.available_sats() == BALANCE_SATS - 1000 * is_paid
    assert await bank.complaints() == []


async def test_a_definite_failure_puts_the_money_back(bank: Bank, saver: Saver) -> None:
    bank.node.outcomes.append(PaymentFailed("no route"))
    process = bank.process()
    await saver.start(process)
    await saver.claim(process)
    await process.work()
    failed = await saver.latest()
    assert (failed.state, failed.reason) == (WithdrawalState.FAILED, "no route")
    assert await saver.available_sats() == BALANCE_SATS
    await assert_nothing_lost(bank, saver)


async def test_what_no_wallet_takes_is_on_the_balance_again(bank: Bank, saver: Saver) -> None:
    process = bank.process()
    begun = await saver.start(process)
    await process.pass_ms(14 * MINUTE_MS)
    assert await saver.available_sats() == BALANCE_SATS - 1010
    await process.pass_ms(2 * MINUTE_MS)
    assert (await saver.latest()).reason == "no wallet took it in time"
    assert begun.k1 is not None
    with pytest.raises(Conflict):
        await offered_withdrawal(process.shop, begun.k1)
    await assert_nothing_lost(bank, saver)


async def test_an_address_that_refuses_gets_nothing(bank: Bank, saver: Saver) -> None:
    bank.owners.refusals.append(AddressRefused("There is no such address."))
    process = bank.process()
    await saver.start(process, address=ALICE)
    await process.work()
    assert (await saver.latest()).reason == "There is no such address."
    await assert_nothing_lost(bank, saver)


async def test_an_address_that_is_silent_is_asked_again_but_not_for_ever(
    bank: Bank, saver: Saver
) -> None:
    process = bank.process()
    bank.owners.refusals.extend(Unavailable("not now") for _ in range(3))
    await saver.start(process, address=ALICE)
    await process.work()
    assert (await saver.latest()).state is WithdrawalState.PAID
    bank.owners.refusals.extend(Unavailable("not now") for _ in range(10_000))
    await saver.start(process, address=ALICE)
    await process.work()
    assert (await saver.latest()).reason == "the address did not answer in time"
    await assert_nothing_lost(bank, saver)


async def test_an_invoice_that_was_used_before_pays_nothing_again(bank: Bank, saver: Saver) -> None:
    process = bank.process()
    bank.owners.preimage = lambda: b"\7" * 32
    for _ in range(2):
        await saver.start(process, address=ALICE)
        await process.work()
    assert "used before" in (await saver.latest()).reason
    await assert_nothing_lost(bank, saver)


# -- two at once -----------------------------------------------------------------------------------


async def test_two_tabs_begin_one_withdrawal(bank: Bank, saver: Saver) -> None:
    wanted = (saver.wants(1000 + n) for n in range(5))
    begun = await asyncio.gather(
        *(start_withdrawal(bank.process().shop, each) for each in wanted), return_exceptions=True
    )
    named = {each.id for each in begun if not isinstance(each, BaseException)}
    assert len(named) == 1
    assert all(isinstance(each, Conflict) for each in begun if isinstance(each, BaseException))
    held = (await saver.balance()).pending_out_msat
    assert held == (await saver.latest()).held_msat


async def test_of_two_wallets_one_is_paid(bank: Bank, saver: Saver) -> None:
    begun = await saver.start(bank.process(), 1000)
    k1 = begun.k1 or ""
    texts = [saver.new_invoice(1000) for _ in range(4)]
    claims = (claim_withdrawal(bank.process().shop, k1, text) for text in texts)
    answers = await asyncio.gather(*claims, return_exceptions=True)
    assert answers.count(None) == 1
    await bank.process().work()
    assert bank.paid_out_sats == 1000
    await assert_nothing_lost(bank, saver)


async def test_the_same_invoice_may_be_named_again_at_any_time(bank: Bank, saver: Saver) -> None:
    process = bank.process()
    await saver.start(process)
    saver.invoice = saver.new_invoice(1000)
    await asyncio.gather(*(saver.claim(bank.process()) for _ in range(4)))
    await process.work()
    saver.invoice = f"lightning:{saver.invoice.upper()}"
    await saver.claim(process)
    assert bank.paid_out_sats == 1000
    await assert_nothing_lost(bank, saver)


async def test_who_cancels_while_a_wallet_takes_it_gets_one_of_the_two(
    bank: Bank, saver: Saver
) -> None:
    for _ in range(5):
        begun = await saver.start(bank.process())
        saver.invoice = ""
        taken, _ = await asyncio.gather(
            saver.claim(bank.process()), saver.cancel(bank.process()), return_exceptions=True
        )
        assert taken is None or isinstance(taken, Conflict)
        await bank.process().work()
        ended = await saver.latest()
        assert ended.id == begun.id
        assert ended.state == ("paid" if taken is None else "failed")
    await assert_nothing_lost(bank, saver)


async def test_a_cancelled_withdrawal_pays_no_address(bank: Bank, saver: Saver) -> None:
    begun = await saver.start(bank.process(), address=ALICE)
    await cancel_withdrawal(bank.process().shop, begun.id)
    await cancel_withdrawal(bank.process().shop, begun.id)
    await bank.process().work()
    assert bank.paid_out_sats == 0
    assert (await saver.latest()).reason == "cancelled"
    await assert_nothing_lost(bank, saver)


async def test_what_is_being_withdrawn_cannot_be_spent(bank: Bank, saver: Saver) -> None:
    await saver.start(bank.process(), 9_900)
    assert await saver.available_sats() == 1
    other = await Saver.with_balance(bank, 500)
    with pytest.raises(InsufficientFunds, match="At most 495 sats"):
        await other.start(bank.process(), 498)


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sats", "address", "error"),
    [
        (99, "", InvalidInput),
        (-5, "", InvalidInput),
        (1000, "alice", InvalidInput),
        (1000, "alice@127.0.0.1", InvalidInput),
        (9_902, "", InsufficientFunds),
        (2_100_000_000_000_000, "", InsufficientFunds),
    ],
)
async def test_what_cannot_be_withdrawn_holds_nothing(
    bank: Bank, saver: Saver, sats: int, address: str, error: type[RingboltError]
) -> None:
    with pytest.raises(error):
        await saver.start(bank.process(), sats, address)
    assert await saver.available_sats() == BALANCE_SATS


async def test_only_the_holder_of_the_present_key_withdraws(bank: Bank, saver: Saver) -> None:
    stranger = Saver(bank, saver.key_id, b"\0" * 32)
    with pytest.raises(Unauthorized):
        await stranger.start(bank.process())
    await keys.revoke_key(bank.db, saver.key_id)
    with pytest.raises(Unauthorized):
        await saver.start(bank.process())
    assert await saver.available_sats() == BALANCE_SATS


async def test_the_operator_can_turn_it_off(bank: Bank, saver: Saver) -> None:
    bank.settings = Settings(accounts={"withdrawals": False})
    with pytest.raises(Conflict):
        await saver.start(bank.process())


async def test_wrong_invoices_and_links_are_refused(bank: Bank, saver: Saver) -> None:
    process = bank.process()
    begun = await saver.start(process, 1000)
    for text in ("", "lnbc1", saver.new_invoice(999), saver.new_invoice(1001)):
        with pytest.raises(InvalidInput):
            await claim_withdrawal(process.shop, begun.k1 or "", text)
    late = saver.new_invoice(1000)
    bank.pass_ms(2 * 3_600_000)
    with pytest.raises(Conflict):
        await claim_withdrawal(process.shop, begun.k1 or "", late)
    with pytest.raises(NotFound):
        await claim_withdrawal(process.shop, "0" * 64, late)
    await process.work()
    await assert_nothing_lost(bank, saver)
