"""Give the money of a failed L402 order back: an LNURL-withdraw, paid exactly once.

The claim is written down with its invoice before anything is paid. A payment whose outcome is not
known is looked up until it is; only a definite failure opens the refund for another invoice.

The shop bears a part of the routing fee, out of its budgets (``routing_fees``). Where they do not
allow it, the buyer may claim less than the whole, and what is left pays the route.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ringbolt.app.jobs import PAY_REFUND
from ringbolt.app.payments.foreign_invoice import check_invoice, decode_invoice
from ringbolt.app.payments.node_of import node_of
from ringbolt.app.payments.routing_fees import FeeShares, Withdrawable, withdrawable
from ringbolt.app.payments.send_payment import send_payment
from ringbolt.app.policies import PayoutPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.chart_of_accounts import (
    ESCROW,
    NODE,
    REFUND,
    REFUND_FEE,
    REFUND_ROUTE,
    ROUTING_FEE,
    refund_idem,
)
from ringbolt.core.errors import Conflict, InvalidInput, NodeUnavailable, NotFound
from ringbolt.core.lightning import bolt11
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import sats_down
from ringbolt.lightning.node import (
    PaymentFailed,
    PaymentOutcome,
    PaymentSucceeded,
    PaymentUnknown,
    SupportsPayments,
)
from ringbolt.store import fee_budgets, jobs, ledger, named_invoices, orders, refunds
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.refunds import Refund, RefundState

log = structlog.get_logger("ringbolt.refunds")


@dataclass(frozen=True, slots=True)
class Claim:
    """An invoice that ``node`` is to pay for a refund; ``payment_hash`` in hex."""

    bolt11: str
    payment_hash: str
    amount_msat: int
    node: str


async def offered_refund(shop: Shop, k1: str) -> tuple[Refund, Withdrawable]:
    """The refund behind a withdraw link, and what may be withdrawn now. Raises ``NotFound`` or
    ``Conflict``."""
    refund, left_msat = await shop.db.read(_refund_and_budget, k1, shop.policies.payouts)
    return _offered(refund, left_msat, shop.policies.payouts)


def _offered(
    refund: Refund | None, left_msat: int, policy: PayoutPolicy
) -> tuple[Refund, Withdrawable]:
    if refund is None:
        raise NotFound("This refund link is not known, or was replaced by a newer one.")
    if refund.state is not RefundState.OPEN:
        raise _claimed()
    has_failed = bool(refund.reason)
    return refund, withdrawable(refund.amount_msat, left_msat, policy, has_failed=has_failed)


def _claimed() -> Conflict:
    return Conflict("This refund was claimed already.", code="REFUND_CLAIMED")


def _refund_and_budget(tx: Tx, k1: str, policy: PayoutPolicy) -> tuple[Refund | None, int]:
    refund = refunds.by_k1(tx, k1)
    if refund is None:
        return None, 0
    return refund, fee_budgets.left(tx, _client(tx, refund.order_id), policy.fee_budgets)


def _client(tx: Tx, order_id: str) -> str:
    """Whose budget a refund's routing fee counts for: the buyer's address, hashed."""
    order = orders.by_id(tx, order_id)
    return order.client if order else ""


async def claim_refund(shop: Shop, k1: str, invoice_text: str) -> None:
    """Take the invoice to be paid; the payment follows. The same invoice may be named again,
    however it is spelled: wallets do so when an answer was lost.

    Raises ``InvalidInput``, ``Conflict``, ``NotFound``; ``NodeUnavailable`` if the node cannot say
    which network it is on."""
    if shop.payer is None:
        raise Conflict("This shop's node cannot pay out; write to its operator.")
    policy = shop.policies.payouts
    named, left_msat = await shop.db.read(_refund_and_budget, k1, policy)
    written = bolt11.plain(invoice_text)
    if named is not None and _is_claimed_with(named, written):
        return
    refund, allowed = _offered(named, left_msat, policy)
    invoice = await decode_invoice(invoice_text)
    network = (await shop.node.info()).network
    amount_msat = _check(invoice, refund, allowed, network, shop.clock.now_ms())
    claim = Claim(written, invoice.payment_hash.hex(), amount_msat, shop.node_name)
    await shop.db.tx(_claim, refund, claim, policy)


def _is_claimed_with(refund: Refund, plain_invoice: str) -> bool:
    return refund.bolt11 is not None and bolt11.plain(refund.bolt11) == plain_invoice


def _check(
    invoice: bolt11.Bolt11, refund: Refund, allowed: Withdrawable, network: str, now_ms: int
) -> int:
    """The invoice's amount, msat. Raises ``InvalidInput``."""
    sats, most = sats_down(refund.amount_msat), sats_down(allowed.max_msat)
    if invoice.amount_msat is None:
        raise InvalidInput(f"The invoice names no amount; make one for {most} sats.")
    # More than is offered may be claimed, up to the whole: the route may cost less.
    if not allowed.min_msat <= invoice.amount_msat <= refund.amount_msat:
        least = sats_down(allowed.min_msat)
        amount = f"{most} sats" if least == most else f"{least} to {most} sats"
        amount = "exactly that" if least == sats else amount
        raise InvalidInput(f"The refund is {sats} sats; make an invoice for {amount}.")
    check_invoice(invoice, network, now_ms)
    return invoice.amount_msat


def _claim(tx: Tx, refund: Refund, claim: Claim, policy: PayoutPolicy) -> None:
    present = refunds.by_k1(tx, refund.k1)
    if present is not None and _is_claimed_with(present, claim.bolt11):
        return
    order = orders.by_id(tx, refund.order_id)
    is_open = present is not None and present.state is RefundState.OPEN
    if order is None or order.state is not OrderState.FAILED or not is_open:
        raise _claimed()
    left_msat = refund.amount_msat - claim.amount_msat
    named_for = named_invoices.of_refund(order.id, left_msat)
    if not named_invoices.name(tx, claim.payment_hash, named_for):
        # PostgreSQL: the same request may have been committed since the refund was read.
        present = refunds.by_k1(tx, refund.k1)
        if present is not None and _is_claimed_with(present, claim.bolt11):
            return
        raise InvalidInput("This invoice was used before; make a fresh one.")
    if not refunds.claim(tx, order.id, claim.bolt11, claim.payment_hash, claim.node):
        raise _claimed()
    orders.close_retry(tx, order.id)
    wanted_msat = policy.max_refund_fee_msat(refund.amount_msat)
    grant = fee_budgets.grant(tx, order.client, wanted_msat, policy.fee_budgets)
    shares = FeeShares.of(grant, left_msat)
    PAY_REFUND.enqueue(tx, order_id=order.id, payload=shares.written())


async def pay_refund(shop: Shop, job: Job) -> None:
    """The job behind a claimed refund; safe to run again at any point. Raises ``NodeUnavailable``
    while the node that was asked to pay cannot be."""
    assert job.order_id is not None
    refund = await shop.db.read(refunds.of_order, job.order_id)
    if refund is None or refund.state is not RefundState.CLAIMED:
        await shop.db.tx(jobs.finish, job)
        return
    payer = node_of(shop, refund.node, refund.order_id)
    if not isinstance(payer, SupportsPayments):
        # Another node may have this name until the operator corrects it: the refund stays due.
        raise NodeUnavailable("The node that was asked to pay a refund cannot pay out.")
    assert refund.bolt11 is not None
    assert refund.payment_hash is not None
    policy = shop.policies.payouts
    shares = FeeShares.read(job.payload, policy.max_refund_fee_msat(refund.amount_msat))
    payment_hash, outcome = await _paid_before(shop, payer, refund)
    if outcome is None or (isinstance(outcome, PaymentFailed) and job.attempts <= 1):
        bolt11_hash = bytes.fromhex(refund.payment_hash)
        outcome = await send_payment(job, payer, refund.bolt11, bolt11_hash, shares.max_fee_msat)
    match outcome:
        case PaymentSucceeded(_, fee_msat):
            await shop.db.tx(_paid, job, refund, shares, fee_msat, payment_hash)
        case PaymentFailed(reason):
            await shop.db.tx(_reopen, job, refund, shares, reason)
        case PaymentUnknown(reason):
            delay_ms = PAY_REFUND.backoff.delay_ms(job.attempts)
            await shop.db.tx(jobs.retry, job, delay_ms, reason)


async def _paid_before(
    shop: Shop, payer: SupportsPayments, refund: Refund
) -> tuple[str, PaymentOutcome | None]:
    """What the node knows of the refund's payment, or of an earlier one that it said had failed
    and now says had not; with the hash of the one that it is about."""
    assert refund.payment_hash is not None
    payment_hash = refund.payment_hash
    for earlier in await shop.db.read(named_invoices.for_refund, refund.order_id):
        if earlier == payment_hash:
            continue
        outcome = await payer.lookup_payment(bytes.fromhex(earlier))
        if outcome is not None and not isinstance(outcome, PaymentFailed):
            log.error("a payment that was said to have failed had not", payment=earlier[:12])
            return earlier, outcome
    return payment_hash, await payer.lookup_payment(bytes.fromhex(payment_hash))


def _paid(
    tx: Tx, job: Job, refund: Refund, shares: FeeShares, fee_msat: int, payment_hash: str
) -> None:
    left_msat = shares.left_msat
    if payment_hash != refund.payment_hash:  # an earlier one, which was said to have failed
        left_msat = named_invoices.for_refund(tx, refund.order_id)[payment_hash]
    if refunds.pay(tx, refund.order_id, fee_msat, payment_hash, left_msat):
        orders.move(tx, refund.order_id, OrderState.RETURNED, "the refund was paid")
        _book(tx, refund, left_msat, fee_msat)
        shares.close(tx, _client(tx, refund.order_id), max(0, fee_msat - left_msat))
    jobs.finish(tx, job)


def _book(tx: Tx, refund: Refund, left_msat: int, fee_msat: int) -> None:
    """What the buyer got, what the buyer left for the route, and what the route cost."""
    order_id, idem = refund.order_id, refund_idem(refund.order_id)
    ledger.post(
        tx, idem=idem, debit=ESCROW, credit=NODE,
        amount_msat=refund.amount_msat - left_msat, kind=REFUND, order_id=order_id,
    )  # fmt: skip
    if left_msat:
        ledger.post(
            tx, idem=f"{idem}:route", debit=ESCROW, credit=ROUTING_FEE,
            amount_msat=left_msat, kind=REFUND_ROUTE, order_id=order_id,
        )  # fmt: skip
    if fee_msat:
        ledger.post(
            tx, idem=f"{idem}:fee", debit=ROUTING_FEE, credit=NODE,
            amount_msat=fee_msat, kind=REFUND_FEE, order_id=order_id,
        )  # fmt: skip


def _reopen(tx: Tx, job: Job, refund: Refund, shares: FeeShares, reason: str) -> None:
    if refunds.reopen(tx, refund.order_id, reason):
        shares.close(tx, _client(tx, refund.order_id), 0)
    jobs.finish(tx, job)
