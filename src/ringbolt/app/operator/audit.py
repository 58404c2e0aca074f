"""Do the books, the orders, the attempts and the node agree? Reads only.

The rule: sats in = settled + returned + owed, where what is owed is what the open and failed
orders say, plus payments whose credential was never shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from ringbolt.app.payments.start_fulfilment import MEMO
from ringbolt.core.errors import Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.l402 import token_of_memo
from ringbolt.core.order import DELIVERED
from ringbolt.lightning.node import (
    InvoiceState,
    InvoiceStatus,
    LightningNode,
    PaymentSucceeded,
    SupportsPayments,
)
from ringbolt.store import audit, ledger, named_invoices
from ringbolt.store.audit import Booked, Books, PaidOut
from ringbolt.store.engine.db import Database

_AT_ONCE = 500
At = TypeVar("At", Booked, PaidOut)


@dataclass(slots=True)
class AuditReport:
    """Sums in msat, what disagrees, and what could not be asked. ``elsewhere`` counts payments at
    nodes that the shop had before, by their names: those nodes are not asked."""

    books: Books
    owed_msat: int
    differences: list[str] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    node_invoices: int = 0
    elsewhere: Counter[str] = field(default_factory=Counter)

    @property
    def agrees(self) -> bool:
        return not self.differences


async def audit_shop(
    db: Database,
    keyring: Keyring,
    node: LightningNode | None,
    payer: SupportsPayments | None,
    name: str = "",
) -> AuditReport:
    """The whole comparison; ``node`` None leaves the node out and says so. ``name`` is the node's:
    of payments at others the books alone are looked at. '' compares all."""
    books = await db.read(audit.books)
    report = AuditReport(books, owed_msat=books.in_orders + books.unredeemed)
    check_sums(report)
    report.differences += await db.read(audit.disagreements)
    for fault in await db.read(ledger.recompute):
        report.differences.append(f"Account {fault.account}: its balance is not the sum.")
    if node is None:
        report.not_asked.append("the Lightning node")
        return report
    try:
        await _compare_with_node(db, keyring, node, name, report)
        if payer is not None:
            await _compare_paid_out(db, payer, name, report)
    except Unavailable as error:
        report.not_asked.append(f"the Lightning node ({error.message})")
    return report


def check_sums(report: AuditReport) -> None:
    """Add a difference for every sum that does not match."""
    books = report.books
    difference = books.received - (books.settled + books.returned + report.owed_msat)
    if difference:
        report.differences.append(
            f"Received {books.received} msat, but settled + returned + owed is "
            f"{books.received - difference} msat: {difference:+d} msat are unexplained."
        )
    unspent = books.topped_up - books.spent - books.balances
    if unspent:
        report.differences.append(
            f"Topped up {books.topped_up} msat, but spent + balances is "
            f"{books.spent + books.balances} msat: {unspent:+d} msat are unexplained."
        )
    unpaid = books.accrued - books.referrals_paid - books.referrals
    if unpaid:
        report.differences.append(
            f"Referrers' shares are {books.accrued} msat, but paid + owed is "
            f"{books.referrals_paid + books.referrals} msat: {unpaid:+d} msat are unexplained."
        )


async def _compare_with_node(
    db: Database, keyring: Keyring, node: LightningNode, name: str, report: AuditReport
) -> None:
    booked = {payment.payment_hash: payment for payment in await db.read(audit.payments)}
    settled: dict[str, InvoiceStatus] = {}
    holds: dict[str, InvoiceStatus] = {}
    async for invoice in node.list_settled():
        if token_of_memo(keyring, invoice.memo, invoice.payment_hash) is not None:
            settled[invoice.payment_hash.hex()] = invoice
        elif invoice.memo == MEMO:
            holds[invoice.payment_hash.hex()] = invoice
    report.node_invoices = len(settled) + len(holds)
    await _compare_holds(db, node, name, holds, report)
    for payment in _here(booked.values(), name, report):
        found = settled.get(payment.payment_hash)
        if found is None:
            found = await node.lookup_invoice(bytes.fromhex(payment.payment_hash))
        _compare(payment, found, report)
    if settled.keys() - booked.keys():  # sales made while we read are booked now
        booked |= {payment.payment_hash: payment for payment in await db.read(audit.payments)}
    for payment_hash, invoice in settled.items():
        if payment_hash not in booked:
            report.differences.append(
                f"Invoice {payment_hash[:12]} ({invoice.amount_paid_msat} msat) is settled at "
                "the node, but not in the books."
            )


async def _compare_holds(
    db: Database,
    node: LightningNode,
    name: str,
    settled: dict[str, InvoiceStatus],
    report: AuditReport,
) -> None:
    """Orders' hold invoices: settled in the books and at the node, or at neither."""
    booked = await db.read(audit.held_orders)
    for payment in _here(booked, name, report):
        found = settled.get(payment.payment_hash)
        if found is None:
            found = await node.lookup_invoice(bytes.fromhex(payment.payment_hash))
        _compare(payment, found, report)
    known = {payment.payment_hash for payment in booked}
    others = [payment_hash for payment_hash in settled if payment_hash not in known]
    for start in range(0, len(others), _AT_ONCE):
        chunk = others[start : start + _AT_ONCE]
        states = await db.read(audit.hold_states, chunk)
        for payment_hash in chunk:
            # The node settles a moment before the books say so.
            if states.get(payment_hash) not in DELIVERED:
                report.differences.append(
                    f"Invoice {payment_hash[:12]} is settled at the node, but its order is "
                    f"{states.get(payment_hash, 'not known')}."
                )


def _here(payments: Iterable[At], name: str, report: AuditReport) -> Iterator[At]:
    """The payments at the node ``name``; counts the others."""
    for payment in payments:
        if not name or payment.node in ("", name):
            yield payment
        else:
            report.elsewhere[payment.node] += 1


def _compare(payment: Booked, invoice: InvoiceStatus | None, report: AuditReport) -> None:
    name = payment.payment_hash[:12]
    if invoice is None:
        report.differences.append(f"Payment {name} is booked, but the node does not know it.")
    elif invoice.state is not InvoiceState.SETTLED:
        report.differences.append(f"Payment {name} is booked, but is {invoice.state} at the node.")
    elif invoice.amount_paid_msat < payment.amount_msat:
        report.differences.append(
            f"Payment {name}: {payment.amount_msat} msat are booked, but only "
            f"{invoice.amount_paid_msat} msat came in."
        )


async def _compare_paid_out(
    db: Database, payer: SupportsPayments, name: str, report: AuditReport
) -> None:
    for paid in _here(await db.read(audit.paid_out), name, report):
        outcome = await payer.lookup_payment(bytes.fromhex(paid.payment_hash))
        if not isinstance(outcome, PaymentSucceeded):
            report.differences.append(
                f"{paid.what} {paid.payment_hash[:12]} is booked as paid, but the node did not "
                "pay it."
            )
    for what, payment_hash in await db.read(named_invoices.not_paid):
        outcome = await payer.lookup_payment(bytes.fromhex(payment_hash))
        if isinstance(outcome, PaymentSucceeded):
            kind, of = what.split(" ", 1)
            report.differences.append(
                f"The payment {payment_hash[:12]} for {kind} {of[:12]} is booked as failed, but "
                "the node paid it."
            )
