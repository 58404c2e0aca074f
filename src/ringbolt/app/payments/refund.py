"""Give the money of a failed L402 order back: an LNURL-withdraw, paid exactly once.

The claim is written down with its invoice before anything is paid. A payment whose outcome is not
known is looked up until it is; only a definite failure opens the refund for another invoice.
"""

from __future__ import annotations

import asyncio

import structlog

from ringbolt.app.jobs import PAY_REFUND
from ringbolt.app.payments.node_of import node_of
from ringbolt.app.payments.send_payment import send_payment
from ringbolt.app.shop import Shop
from ringbolt.core.chart_of_accounts import (
    ESCROW,
    NODE,
    REFUND,
    REFUND_FEE,
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
from ringbolt.store import jobs, ledger, named_invoices, orders, refunds
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.refunds import Refund, RefundState

log = structlog.get_logger("ringbolt.refunds")


async def offered_refund(shop: Shop, k1: str) -> Refund:
    """The refund behind a withdraw link. Raises ``NotFound`` or ``Conflict``."""
    refund = await shop.db.read(refunds.by_k1, k1)
    if refund is None:
        raise NotFound("This refund link is not known, or was replaced by a newer one.")
    if refund.state is not RefundState.OPEN:
        raise Conflict("This refund was claimed already.", code="REFUND_CLAIMED")
    return refund


async def claim_refund(shop: Shop, k1: str, invoice_text: str) -> None:
    """Take the invoice to be paid; the payment follows. Raises ``InvalidInput``, ``Conflict``,
    ``NotFound``; ``NodeUnavailable`` if the node cannot say which network it is on."""
    if shop.payer is None:
        raise Conflict("This shop's node cannot pay out; write to its operator.")
    named = await shop.db.read(refunds.by_k1, k1)
    if named is not None and named.bolt11 == invoice_text.strip():
        return  # asked again, because our answer was lost
    refund = await offered_refund(shop, k1)
    invoice = await asyncio.to_thread(_decode, invoice_text)
    network = (await shop.node.info()).network
    _check(invoice, refund, network, shop.clock.now_ms())
    await shop.db.tx(
        _claim, refund, invoice_text.strip(), invoice.payment_hash.hex(), shop.node_name
    )


def _decode(text: str) -> bolt11.Bolt11:
    try:
        return bolt11.decode(text)
    except bolt11.Bolt11Error as error:
        raise InvalidInput(f"This is not a BOLT11 invoice that can be paid: {error}.") from None


def _check(invoice: bolt11.Bolt11, refund: Refund, network: str, now_ms: int) -> None:
    sats = sats_down(refund.amount_msat)
    if invoice.amount_msat is None:
        raise InvalidInput(f"The invoice names no amount; make one for {sats} sats.")
    if invoice.amount_msat != refund.amount_msat:
        raise InvalidInput(f"The refund is {sats} sats; make an invoice for exactly that.")
    if invoice.network != network:
        raise InvalidInput(f"The invoice is for {invoice.network}; this shop is on {network}.")
    if now_ms >= (invoice.timestamp_s + invoice.expiry_s) * 1000:
        raise InvalidInput("The invoice has expired; make a fresh one.")


def _claim(tx: Tx, refund: Refund, invoice_text: str, payment_hash: str, node: str) -> None:
    order = orders.by_id(tx, refund.order_id)
    is_failed = order is not None and order.state is OrderState.FAILED
    if not is_failed or not _is_open(tx, refund):
        raise Conflict("This refund was claimed already.", code="REFUND_CLAIMED")
    if not named_invoices.name(tx, payment_hash, named_invoices.of_refund(refund.order_id)):
        raise InvalidInput("This invoice was used before; make a fresh one.")
    if not refunds.claim(tx, refund.order_id, invoice_text, payment_hash, node):
        raise Conflict("This refund was claimed already.", code="REFUND_CLAIMED")
    orders.close_retry(tx, refund.order_id)
    PAY_REFUND.enqueue(tx, order_id=refund.order_id)


def _is_open(tx: Tx, refund: Refund) -> bool:
    present = refunds.of_order(tx, refund.order_id)
    return present is not None and present.state is RefundState.OPEN and present.k1 == refund.k1


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
    payment_hash, outcome = await _paid_before(shop, payer, refund)
    if outcome is None or (isinstance(outcome, PaymentFailed) and job.attempts <= 1):
        outcome = await send_payment(
            job,
            payer,
            refund.bolt11,
            bytes.fromhex(refund.payment_hash),
            shop.policies.payouts.max_refund_fee_msat(refund.amount_msat),
        )
    match outcome:
        case PaymentSucceeded(_, fee_msat):
            await shop.db.tx(_paid, job, refund, fee_msat, payment_hash)
        case PaymentFailed(reason):
            await shop.db.tx(_reopen, job, refund, reason)
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
    named = await shop.db.read(named_invoices.named_for, named_invoices.of_refund(refund.order_id))
    for earlier in named:
        if earlier == payment_hash:
            continue
        outcome = await payer.lookup_payment(bytes.fromhex(earlier))
        if outcome is not None and not isinstance(outcome, PaymentFailed):
            log.error("a payment that was said to have failed had not", payment=earlier[:12])
            return earlier, outcome
    return payment_hash, await payer.lookup_payment(bytes.fromhex(payment_hash))


def _paid(tx: Tx, job: Job, refund: Refund, fee_msat: int, payment_hash: str) -> None:
    order_id = refund.order_id
    if refunds.pay(tx, order_id, fee_msat, payment_hash):
        orders.move(tx, order_id, OrderState.RETURNED, "the refund was paid")
        ledger.post(
            tx, idem=refund_idem(order_id), debit=ESCROW, credit=NODE,
            amount_msat=refund.amount_msat, kind=REFUND, order_id=order_id,
        )  # fmt: skip
        if fee_msat:
            ledger.post(
                tx, idem=f"{refund_idem(order_id)}:fee", debit=ROUTING_FEE, credit=NODE,
                amount_msat=fee_msat, kind=REFUND_FEE, order_id=order_id,
            )  # fmt: skip
    jobs.finish(tx, job)


def _reopen(tx: Tx, job: Job, refund: Refund, reason: str) -> None:
    refunds.reopen(tx, refund.order_id, reason)
    jobs.finish(tx, job)
