"""Payments between two simulated nodes: held, settled or cancelled, on both sides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from ringbolt.core.lightning.bolt11 import Bolt11, Bolt11Error, decode
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.file.world_file import Put
from ringbolt.simulator.lightning import invoice as rules
from ringbolt.simulator.lightning.invoice import Htlc, HtlcRefused, RpcError, SimulatedInvoice
from ringbolt.simulator.lightning.node import (
    FailureReason,
    PaymentStatus,
    SimulatedNode,
    SimulatedPayment,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens: Unix seconds and the block height."""

    now_s: int
    height: int


class Change:
    """What one event changes: documents to store, all or none, and what to announce afterwards."""

    def __init__(self) -> None:
        self.puts: list[Put] = []
        self.news: list[tuple[SimulatedNode, SimulatedInvoice | SimulatedPayment]] = []

    def invoice(self, node: SimulatedNode, invoice: SimulatedInvoice) -> None:
        self.puts += node.keep_invoice(invoice)
        self.news.append((node, invoice))

    def payment(self, node: SimulatedNode, payment: SimulatedPayment) -> SimulatedPayment:
        self.puts += node.keep_payment(payment)
        self.news.append((node, payment))
        return payment

    def books(self, *nodes: SimulatedNode) -> None:
        """Store the nodes' balances, as they are when the change is written."""
        self.puts += [("node", node.name, node.book) for node in nodes]


def payable(payer: SimulatedNode, text: str, amount_msat: int, now_s: int) -> Bolt11:
    """The invoice ``text``, if ``payer`` may try to pay it. Raises ``RpcError`` as LND does."""
    try:
        invoice = decode(text)
    except Bolt11Error as error:
        raise RpcError(rules.UNKNOWN, str(error)) from None
    if invoice.network != rules.NETWORK:
        raise RpcError(rules.UNKNOWN, f"invoice not for current active network '{rules.NETWORK}'")
    if now_s >= invoice.expires_at_s:
        until = datetime.fromtimestamp(invoice.expires_at_s, UTC)
        raise RpcError(
            rules.UNKNOWN, f"invoice expired. Valid until {until:%Y-%m-%d %H:%M:%S} +0000 UTC"
        )
    if invoice.amount_msat is None and amount_msat <= 0:
        raise RpcError(rules.UNKNOWN, "amount must be specified when paying a zero amount invoice")
    if invoice.amount_msat is not None and amount_msat:
        raise RpcError(
            rules.UNKNOWN, "amount must not be specified when paying a non-zero amount invoice"
        )
    if invoice.payee == payer.pubkey:
        raise RpcError(rules.UNKNOWN, "self-payments not allowed")
    earlier = payer.find_payment(invoice.payment_hash)
    if earlier is not None and earlier.status is PaymentStatus.IN_FLIGHT:
        raise RpcError(rules.ALREADY_EXISTS, "payment is in transition")
    if earlier is not None and earlier.status is PaymentStatus.SUCCEEDED:
        raise RpcError(rules.ALREADY_EXISTS, "invoice is already paid")
    return invoice


def send(
    change: Change,
    payer: SimulatedNode,
    payee: SimulatedNode | None,
    terms: Bolt11,
    payment: SimulatedPayment,
    moment: Moment,
) -> SimulatedPayment:
    """Send ``payment`` to its payee: SUCCEEDED, IN_FLIGHT while held, or FAILED."""
    change.books(payer)
    if payee is None:
        return change.payment(payer, failed(payment, FailureReason.NO_ROUTE))
    if payment.amount_msat > payer.book.balance_msat:
        return change.payment(payer, failed(payment, FailureReason.INSUFFICIENT_BALANCE))
    try:
        held = rules.offered(
            payee.find_invoice(terms.payment_hash),
            terms.payment_secret,
            _htlc(payer, payee, terms, payment, moment),
            moment.now_s,
        )
    except HtlcRefused:
        return change.payment(payer, failed(payment, FailureReason.INCORRECT_PAYMENT_DETAILS))
    return _arrive(change, payer, payee, held, payment, moment)


def _htlc(
    payer: SimulatedNode,
    payee: SimulatedNode,
    terms: Bolt11,
    payment: SimulatedPayment,
    moment: Moment,
) -> Htlc:
    return Htlc(
        index=payee.book.htlc_index,
        payer=payer.name,
        amount_msat=payment.amount_msat,
        accept_height=moment.height,
        accepted_at_s=moment.now_s,
        expiry_height=moment.height + terms.min_final_cltv + rules.CLTV_PADDING,
    )


def _arrive(
    change: Change,
    payer: SimulatedNode,
    payee: SimulatedNode,
    held: SimulatedInvoice,
    payment: SimulatedPayment,
    moment: Moment,
) -> SimulatedPayment:
    payer.book.balance_msat -= held.amount_paid_msat
    payer.book.held_out_msat += held.amount_paid_msat
    payee.book.held_in_msat += held.amount_paid_msat
    payee.book.htlc_index += 1
    if not held.preimage:
        change.invoice(payee, held)
        change.books(payee)
        return change.payment(payer, payment)
    payer.payments[payment.payment_hash] = payment
    settle_index = payee.book.settle_index + 1
    after = rules.settled(held, held.preimage, settle_index, moment.now_s)
    return settle(change, payer, payee, after)


def settle(
    change: Change, payer: SimulatedNode | None, payee: SimulatedNode, after: SimulatedInvoice
) -> SimulatedPayment:
    """The held payment becomes the payee's, and the payer learns the preimage."""
    assert after.htlc is not None
    assert payer is not None
    amount_msat = after.htlc.amount_msat
    payee.book.settle_index = after.settle_index
    payee.book.held_in_msat -= amount_msat
    payee.book.balance_msat += amount_msat
    payer.book.held_out_msat -= amount_msat
    change.invoice(payee, after)
    change.books(payer, payee)
    return change.payment(
        payer,
        msgspec.structs.replace(
            payer.payments[after.payment_hash],
            status=PaymentStatus.SUCCEEDED,
            preimage=after.preimage,
        ),
    )


def cancel(
    change: Change,
    payer: SimulatedNode | None,
    payee: SimulatedNode,
    before: SimulatedInvoice,
    after: SimulatedInvoice,
) -> None:
    """The invoice is cancelled; what it held, if it held anything, returns to ``payer``."""
    change.invoice(payee, after)
    if before.state is not InvoiceState.ACCEPTED:
        return
    assert before.htlc is not None
    assert payer is not None
    amount_msat = before.htlc.amount_msat
    payee.book.held_in_msat -= amount_msat
    payer.book.held_out_msat -= amount_msat
    payer.book.balance_msat += amount_msat
    payment = payer.payments[after.payment_hash]
    change.payment(payer, failed(payment, FailureReason.INCORRECT_PAYMENT_DETAILS))
    change.books(payer, payee)


def failed(payment: SimulatedPayment, reason: FailureReason) -> SimulatedPayment:
    return msgspec.structs.replace(payment, status=PaymentStatus.FAILED, failure_reason=reason)
