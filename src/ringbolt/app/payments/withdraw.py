"""Withdraw unused balance of a prepaid account: by LNURL, or to a Lightning Address, once.

The amount and the most that its route may cost are held on the balance in the transaction that
stores the withdrawal, so that it can be spent on nothing else. The one invoice that is paid is
stored before it is paid. A payment whose outcome is not known is looked up until it is; only a
definite failure, or the end of the time without an invoice, puts the money back on the balance.

One withdrawal of an account is under way at a time: a second request finds the first.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from ringbolt.app.accounts import keys
from ringbolt.app.jobs import WITHDRAW
from ringbolt.app.payments.foreign_invoice import check_invoice, decode_invoice
from ringbolt.app.payments.node_of import node_of
from ringbolt.app.payments.send_payment import send_payment
from ringbolt.app.policies import WithdrawalPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.chart_of_accounts import NODE, WITHDRAWAL, account_of_key, withdrawal_idem
from ringbolt.core.errors import Conflict, InvalidInput, NodeUnavailable, NotFound, Role
from ringbolt.core.lightning import bolt11
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address
from ringbolt.core.pricing.money import msat, sats_down
from ringbolt.lightning.node import (
    PaymentFailed,
    PaymentOutcome,
    PaymentSucceeded,
    PaymentUnknown,
    SupportsPayments,
)
from ringbolt.lightning.payout import AddressRefused, AddressResolver
from ringbolt.store import jobs, ledger, named_invoices, withdrawals
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.ledger import InsufficientFunds
from ringbolt.store.withdrawals import Withdrawal, WithdrawalState

SCOPE = "spend"
COMMENT = "Ringbolt withdrawal"
CANCELLED = "cancelled"
"""Why a withdrawal ended unpaid, as it is stored."""
NOT_TAKEN = "no wallet took it in time"
NO_ANSWER = "the address did not answer in time"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the holder of a key wants to withdraw. ``address``: a Lightning Address, '' for
    LNURL."""

    key_id: str
    key_hash: bytes
    sats: int
    address: str = ""


def may_withdraw(shop: Shop) -> bool:
    """Whether balances can be withdrawn here at all."""
    return shop.policies.withdrawals.is_open and shop.payer is not None


async def start_withdrawal(shop: Shop, wanted: Wanted) -> Withdrawal:
    """Hold the money, and begin. If a withdrawal of the account is under way, that one.

    Raises ``Conflict`` where nothing can be withdrawn, ``InvalidInput`` for the amount or the
    address, ``InsufficientFunds``, ``Unauthorized``, ``Forbidden``.
    """
    if not may_withdraw(shop):
        raise Conflict("Balances of this shop cannot be withdrawn.", code="NO_WITHDRAWALS")
    policy = shop.policies.withdrawals
    wanted = replace(wanted, address=_address(shop, wanted.address))
    if msat(wanted.sats) < policy.min_msat:
        raise InvalidInput.about(
            Role.AMOUNT,
            f"must be at least {sats_down(policy.min_msat)} satoshis, not {wanted.sats}.",
            code="OUT_OF_RANGE",
        )
    return await shop.db.tx(_start, policy, wanted, secrets.token_hex(16))


def _address(shop: Shop, written: str) -> str:
    """Raises ``InvalidInput``, and ``Conflict`` where addresses cannot be paid."""
    if not written:
        return ""
    if shop.addresses is None:
        raise Conflict("This shop cannot pay to Lightning Addresses.", code="NO_ADDRESSES")
    try:
        return str(parse_lightning_address(written))
    except LnurlError as error:
        raise InvalidInput(str(error), role=Role.PAYEE, code="INVALID_ADDRESS") from None


def _start(tx: Tx, policy: WithdrawalPolicy, wanted: Wanted, new_id: str) -> Withdrawal:
    keys.recognise_hash(tx, wanted.key_hash, SCOPE)
    account = account_of_key(wanted.key_id)
    amount_msat = msat(wanted.sats)
    fee_msat = policy.max_fee_msat(amount_msat)
    until_ms = tx.now_ms + policy.within_ms
    if not withdrawals.add(tx, new_id, account, amount_msat, fee_msat, until_ms, wanted.address):
        under_way = withdrawals.unfinished(tx, account)
        if under_way is None:  # it ended in this moment
            raise Conflict("Another withdrawal has just ended.", suggestion="Try again.")
        return under_way
    available_msat = ledger.balance(tx, account).available_msat
    if available_msat < amount_msat + fee_msat:
        raise _too_much(policy, available_msat)
    ledger.hold(
        tx, idem=withdrawal_idem(new_id), debit=account, credit=NODE,
        amount_msat=amount_msat + fee_msat, kind=WITHDRAWAL,
    )  # fmt: skip
    WITHDRAW.enqueue(tx, new_id, run_at_ms=tx.now_ms if wanted.address else until_ms)
    return _present(tx, new_id)


def _too_much(policy: WithdrawalPolicy, available_msat: int) -> InsufficientFunds:
    most = sats_down(policy.most_msat(available_msat))
    return InsufficientFunds(
        f"At most {most} sats can be withdrawn now: the route may cost some of the balance.",
        role=Role.AMOUNT,
        code="WITHDRAWAL_TOO_LARGE",
    )


def _present(tx: Tx, id: str) -> Withdrawal:
    found = withdrawals.by_id(tx, id)
    assert found is not None, "withdrawals are never deleted"
    return found


async def cancel_withdrawal(shop: Shop, withdrawal_id: str) -> None:
    """Put the money back on the balance. Raises ``Conflict`` once an invoice was named."""
    await shop.db.tx(_cancel, withdrawal_id)


def _cancel(tx: Tx, id: str) -> None:
    WITHDRAW.cancel(tx, id)  # first the job, as everybody does who ends a withdrawal
    found = _present(tx, id)
    if found.state is WithdrawalState.FAILED:
        return
    if not _is_open(found) or not _give_back(tx, found, CANCELLED):
        raise Conflict("A wallet has taken this withdrawal.", code="WITHDRAWAL_TAKEN")


def _is_open(withdrawal: Withdrawal) -> bool:
    return withdrawal.state is WithdrawalState.OPEN


def _give_back(tx: Tx, seen: Withdrawal, reason: str) -> bool:
    """False, and nothing is done, if the withdrawal is not as it was seen any more."""
    return withdrawals.fail(tx, seen, reason) and ledger.void(tx, withdrawal_idem(seen.id))


async def offered_withdrawal(shop: Shop, k1: str) -> Withdrawal:
    """The withdrawal behind an LNURL. Raises ``NotFound`` or ``Conflict``."""
    return _offered(await shop.db.read(withdrawals.by_k1, k1), shop.clock.now_ms())


def _offered(found: Withdrawal | None, now_ms: int) -> Withdrawal:
    if found is None:
        raise NotFound("This withdraw link is not known.")
    if not _is_open(found) or now_ms >= found.until_ms:
        raise _taken()
    return found


def _taken() -> Conflict:
    return Conflict("This withdrawal was taken, or is over.", code="WITHDRAWAL_TAKEN")


async def claim_withdrawal(shop: Shop, k1: str, invoice_text: str) -> None:
    """Take the wallet's invoice, to be paid. The same invoice may be named again, however it is
    spelled: wallets do so when an answer was lost.

    Raises ``InvalidInput``, ``Conflict``, ``NotFound``; ``NodeUnavailable`` if the node cannot say
    which network it is on."""
    written = bolt11.plain(invoice_text)
    found = await shop.db.read(withdrawals.by_k1, k1)
    if found is not None and _is_named(found, written):
        return
    offered = _offered(found, shop.clock.now_ms())
    invoice = await decode_invoice(invoice_text)
    if invoice.amount_msat != offered.amount_msat:
        sats = sats_down(offered.amount_msat)
        raise InvalidInput(f"Make an invoice for exactly {sats} sats.")
    check_invoice(invoice, (await shop.node.info()).network, shop.clock.now_ms())
    await shop.db.tx(_claim, offered.id, written, invoice.payment_hash.hex(), shop.node_name)


def _is_named(withdrawal: Withdrawal, plain_invoice: str) -> bool:
    return bool(withdrawal.bolt11) and bolt11.plain(withdrawal.bolt11) == plain_invoice


def _claim(tx: Tx, id: str, written: str, payment_hash: str, node: str) -> None:
    present = _present(tx, id)
    if _is_named(present, written):
        return
    if not _is_open(present) or tx.now_ms >= present.until_ms:
        raise _taken()
    # The job waits for the end of the time. If it does not, the withdrawal is ending, or the same
    # request was committed in this moment.
    if not WITHDRAW.bring_forward(tx, id, tx.now_ms):
        if _is_named(_present(tx, id), written):
            return
        raise _taken()
    if not named_invoices.name(tx, payment_hash, named_invoices.of_withdrawal(id)):
        # PostgreSQL: the same request may have been committed since the withdrawal was read.
        if _is_named(_present(tx, id), written):
            return
        raise InvalidInput("This invoice was used before; make a fresh one.")
    if not withdrawals.begin(tx, id, written, payment_hash, node):
        raise _taken()


async def pay_withdrawal(shop: Shop, job: Job) -> None:
    """The job behind an unfinished withdrawal; safe to run again at any point. Raises
    ``Unavailable`` while the address or the node cannot be asked."""
    withdrawal = await shop.db.read(withdrawals.by_id, WITHDRAW.subject_of(job))
    if withdrawal is not None and _is_open(withdrawal):
        withdrawal = await _with_invoice(shop, job, withdrawal)
        if withdrawal is None:
            return
    if withdrawal is None or withdrawal.finished_ms is not None:
        await shop.db.tx(jobs.finish, job)
        return
    payer = node_of(shop, withdrawal.node, withdrawal.id)
    if not isinstance(payer, SupportsPayments):
        # Another node may have this name until the operator corrects it: the money stays held.
        raise NodeUnavailable("The node that was asked to pay a withdrawal cannot pay out.")
    match await _outcome(job, payer, withdrawal):
        case PaymentSucceeded(_, fee_msat):
            await shop.db.tx(_paid, job, withdrawal, fee_msat)
        case PaymentFailed(reason):
            await shop.db.tx(_end, job, withdrawal, reason)
        case PaymentUnknown(reason):
            delay_ms = WITHDRAW.backoff.delay_ms(job.attempts)
            await shop.db.tx(jobs.retry, job, delay_ms, reason)


async def _with_invoice(shop: Shop, job: Job, withdrawal: Withdrawal) -> Withdrawal | None:
    """The withdrawal with the one invoice that will be paid for it; None if it waits for one, or
    is over without one."""
    if shop.clock.now_ms() >= withdrawal.until_ms:
        why = NO_ANSWER if withdrawal.address else NOT_TAKEN
        await shop.db.tx(_end, job, withdrawal, why)
        return None
    if not withdrawal.address:
        delay_ms = withdrawal.until_ms - shop.clock.now_ms()
        await shop.db.tx(jobs.retry, job, delay_ms, "")
        return None
    if shop.addresses is None:
        await shop.db.tx(_end, job, withdrawal, "this shop cannot pay to Lightning Addresses")
        return None
    return await _invoice_of(shop, job, shop.addresses, withdrawal)


async def _invoice_of(
    shop: Shop, job: Job, addresses: AddressResolver, withdrawal: Withdrawal
) -> Withdrawal | None:
    try:
        text = await addresses.invoice_for(withdrawal.address, withdrawal.amount_msat, COMMENT)
    except AddressRefused as error:
        await shop.db.tx(_end, job, withdrawal, error.message)
        return None
    payment_hash = (await decode_invoice(text)).payment_hash.hex()
    return await shop.db.tx(_begin, job, withdrawal, text, payment_hash, shop.node_name)


def _begin(
    tx: Tx, job: Job, withdrawal: Withdrawal, text: str, payment_hash: str, node: str
) -> Withdrawal | None:
    jobs.check(tx, job)
    named_for = named_invoices.of_withdrawal(withdrawal.id)
    if not named_invoices.name(tx, payment_hash, named_for):
        # The node would see one payment: an earlier payment would count as this one.
        _end(tx, job, withdrawal, "the address answered with an invoice that was used before")
        return None
    begun = withdrawals.begin(tx, withdrawal.id, text, payment_hash, node)
    assert begun, "who ends it takes the job away"
    return _present(tx, withdrawal.id)


async def _outcome(job: Job, payer: SupportsPayments, withdrawal: Withdrawal) -> PaymentOutcome:
    """What became of the payment, which is sent if the node never saw it. Raises ``LeaseLost``."""
    assert withdrawal.payment_hash is not None
    payment_hash = bytes.fromhex(withdrawal.payment_hash)
    known = await payer.lookup_payment(payment_hash)
    if known is not None:
        return known
    return await send_payment(job, payer, withdrawal.bolt11, payment_hash, withdrawal.max_fee_msat)


def _paid(tx: Tx, job: Job, withdrawal: Withdrawal, fee_msat: int) -> None:
    """The balance bears what was paid and what the route cost; the rest is free again."""
    if withdrawals.pay(tx, withdrawal.id, fee_msat):
        ledger.capture(tx, withdrawal_idem(withdrawal.id), withdrawal.amount_msat + fee_msat)
    jobs.finish(tx, job)


def _end(tx: Tx, job: Job, withdrawal: Withdrawal, reason: str) -> None:
    """Certainly not paid: the money is on the balance again."""
    jobs.finish(tx, job)
    assert _give_back(tx, withdrawal, reason), "only the holder of the job ends it"
