"""Pay a referrer what is owed to a Lightning Address, each share exactly once.

One payout to an address is under way at a time. Its money is reserved in the transaction that
stores it, and its invoice is stored before it is paid, because an address answers each request with
another invoice. A payment whose outcome is not known is looked up until it
is; only a definite failure lets another payout, with another invoice, begin.

The shop bears a part of the routing fee, out of its budgets (``routing_fees``); what is beyond
comes out of what is owed.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import Any

from ringbolt.app.jobs import PAY_REFERRAL
from ringbolt.app.payments.node_of import node_of
from ringbolt.app.payments.routing_fees import FeeShares, without_shares
from ringbolt.app.payments.send_payment import send_payment
from ringbolt.app.policies import PayoutPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.chart_of_accounts import (
    NODE,
    PAYOUT,
    PAYOUT_FEE,
    ROUTING_FEE,
    account_of_referrer,
    payout_idem,
)
from ringbolt.core.lightning import bolt11
from ringbolt.core.pricing.money import msat, sats_down
from ringbolt.lightning.node import (
    PaymentFailed,
    PaymentOutcome,
    PaymentSucceeded,
    PaymentUnknown,
    SupportsPayments,
)
from ringbolt.lightning.payout import AddressRefused, AddressResolver
from ringbolt.store import fee_budgets, jobs, ledger, named_invoices, payouts
from ringbolt.store.engine.db import Tx
from ringbolt.store.fee_budgets import DAY_MS
from ringbolt.store.jobs import Job
from ringbolt.store.payouts import Payout, PayoutState

COMMENT = "Ringbolt referrals"
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


async def pay_referral(shop: Shop, job: Job) -> None:
    """The job behind an address that is owed something; safe to run again at any point.

    It runs until less than the least payout is owed. Raises ``Unavailable`` while the address or
    the node cannot be asked.
    """
    if shop.payer is None or shop.addresses is None:
        why = "this shop's node cannot pay to a Lightning Address; what is owed stays in the books"
        await shop.db.tx(jobs.retry, job, _HOUR_MS, why)
        return
    policy = shop.policies.payouts
    job, payout = await shop.db.tx(_current, job, policy, secrets.token_hex(16))
    if payout is not None and payout.state is PayoutState.OPEN:
        payout = await _with_invoice(shop, job, shop.addresses, payout, policy.min_referral_msat)
    if payout is None:
        return
    payer = node_of(shop, payout.node, payout.id)
    assert isinstance(payer, SupportsPayments), "it was asked to pay"
    shares = FeeShares.read(job.payload, policy.referral_fee_msat)
    match await _outcome(job, payer, payout, shares.max_fee_msat):
        case PaymentSucceeded(_, fee_msat):
            await shop.db.tx(_paid, job, payout, shares, fee_msat)
        case PaymentFailed(reason):
            await shop.db.tx(_failed, job, payout, reason)
        case PaymentUnknown(reason):
            delay_ms = PAY_REFERRAL.backoff.delay_ms(job.attempts)
            await shop.db.tx(jobs.retry, job, delay_ms, reason)


def _current(tx: Tx, job: Job, policy: PayoutPolicy, new_id: str) -> tuple[Job, Payout | None]:
    """The payout under way, or a new one with its money reserved; None if too little is owed,
    and the job is done or waits for tomorrow's budget."""
    jobs.check(tx, job)
    address: str = job.payload["address"]
    found = payouts.unfinished(tx, address)
    if found is not None:
        return job, found
    # Locked: a share that accrues now either finds the job gone, or we count it.
    account = account_of_referrer(address)
    owed_msat = payouts.locked_balance(tx, account).available_msat
    shares = _shares(tx, address, policy, owed_msat)
    payable_msat = owed_msat - shares.left_msat
    amount_msat = msat(sats_down(min(payable_msat, job.payload.get("max_msat", payable_msat))))
    if amount_msat < policy.min_referral_msat:
        shares.close(tx, address, 0)
        if owed_msat < policy.min_referral_msat:
            jobs.finish(tx, job)
        else:
            why = "too little is owed for its routing fee, of which the shop bears no more today"
            jobs.retry(tx, job, DAY_MS - tx.now_ms % DAY_MS, why)
        return job, None
    payouts.open_payout(tx, new_id, address, amount_msat)
    ledger.hold(
        tx, idem=payout_idem(new_id), debit=account, credit=NODE,
        amount_msat=amount_msat + shares.left_msat, kind=PAYOUT,
    )  # fmt: skip
    job = jobs.note(tx, job, job.payload | shares.written())
    return job, payouts.by_id(tx, new_id)


def _shares(tx: Tx, address: str, policy: PayoutPolicy, owed_msat: int) -> FeeShares:
    """The shop's part of a payout's routing fee, and what the payout must leave for it."""
    if owed_msat < policy.min_referral_msat:
        return FeeShares(0)
    grant = fee_budgets.grant(tx, address, policy.referral_fee_msat, policy.fee_budgets)
    return FeeShares.of(grant, policy.referral_fee_msat - grant.msat)


async def _with_invoice(
    shop: Shop, job: Job, addresses: AddressResolver, payout: Payout, min_msat: int
) -> Payout | None:
    """The payout with the one invoice that will be paid for it; None if the address gives none."""
    try:
        text = await addresses.invoice_for(payout.address, payout.amount_msat, COMMENT)
    except AddressRefused as error:
        note: dict[str, Any] = {}
        if error.max_msat is not None and min_msat <= error.max_msat < payout.amount_msat:
            note["max_msat"] = error.max_msat
        await shop.db.tx(_failed, job, payout, error.message, note)
        return None
    invoice = await asyncio.to_thread(bolt11.decode, text)
    assert invoice.amount_msat == payout.amount_msat, "the resolver checks it"
    return await shop.db.tx(_begin, job, payout, text, invoice.payment_hash.hex(), shop.node_name)


def _begin(
    tx: Tx, job: Job, payout: Payout, text: str, payment_hash: str, node: str
) -> Payout | None:
    jobs.check(tx, job)
    if not named_invoices.name(tx, payment_hash, named_invoices.of_payout(payout.id)):
        # The node would see one payment: an earlier payment would count as this one.
        _failed(tx, job, payout, "the address answered with an invoice that was used before")
        return None
    begun = payouts.begin(tx, payout.id, text, payment_hash, node)
    assert begun, "only the holder of the job moves the payout"
    return replace(
        payout, state=PayoutState.PAYING, bolt11=text, payment_hash=payment_hash, node=node
    )


async def _outcome(
    job: Job, payer: SupportsPayments, payout: Payout, max_fee_msat: int
) -> PaymentOutcome:
    """What became of the payout's payment, which is sent if the node never saw it. Raises
    ``LeaseLost``."""
    assert payout.payment_hash is not None
    payment_hash = bytes.fromhex(payout.payment_hash)
    known = await payer.lookup_payment(payment_hash)
    if known is not None:
        return known
    return await send_payment(job, payer, payout.bolt11, payment_hash, max_fee_msat)


def _paid(tx: Tx, job: Job, payout: Payout, shares: FeeShares, fee_msat: int) -> None:
    if payouts.pay(tx, payout.id, fee_msat):
        borne_msat = min(fee_msat, shares.granted_msat)
        ledger.capture(tx, payout_idem(payout.id), payout.amount_msat + fee_msat - borne_msat)
        if borne_msat:
            ledger.post(
                tx, idem=f"{payout_idem(payout.id)}:fee", debit=ROUTING_FEE, credit=NODE,
                amount_msat=borne_msat, kind=PAYOUT_FEE,
            )  # fmt: skip
        shares.close(tx, payout.address, borne_msat)
    # More may have accrued meanwhile: the next run sees, and ends the job.
    jobs.retry(tx, job, 0, "", without_shares(job.payload) | {"tries": 0})


def _failed(
    tx: Tx, job: Job, payout: Payout, reason: str, note: dict[str, Any] | None = None
) -> None:
    """Certainly not paid: the money is the referrer's again, and another payout follows later.

    ``note`` is added to the payload of the next run.
    """
    if payouts.fail(tx, payout.id, reason):
        ledger.void(tx, payout_idem(payout.id))
        FeeShares.read(job.payload, 0).close(tx, payout.address, 0)
    tries: int = job.payload.get("tries", 0)
    delay_ms = min(DAY_MS, _MINUTE_MS * 2 ** min(tries, 11))
    payload = without_shares(job.payload) | (note or {}) | {"tries": tries + 1}
    jobs.retry(tx, job, delay_ms, reason, payload)
