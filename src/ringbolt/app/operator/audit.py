"""Do the books, the orders, the attempts and the node agree? Reads only.

The rule: sats in = settled + returned + owed. Returned is also what buyers left of their refunds
for the route; owed is what the open and failed orders say, plus payments whose credential was never
shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from ringbolt.app.operator.audit_report import AuditReport, when
from ringbolt.core.errors import NodeUnavailable, Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import is_own_memo
from ringbolt.core.lightning.l402 import token_of_memo
from ringbolt.core.order import DELIVERED
from ringbolt.lightning.node import (
    MACAROON_REJECTED,
    InvoiceState,
    InvoiceStatus,
    LightningNode,
    ListsPayments,
    PaymentSucceeded,
    SupportsPayments,
)
from ringbolt.store import acknowledgements, audit, ledger, named_invoices
from ringbolt.store.audit import Booked, PaidOut
from ringbolt.store.engine.db import Database

_AT_ONCE = 500
At = TypeVar("At", Booked, PaidOut)


async def audit_shop(
    db: Database,
    keyring: Keyring,
    node: LightningNode | None,
    payer: SupportsPayments | None,
    name: str = "",
    *,
    shared_node: bool = False,
) -> AuditReport:
    """The whole comparison; ``node`` None leaves the node out and says so. ``name`` is the node's:
    of payments at others the books alone are looked at. '' compares all. ``shared_node``: the node
    also pays for others, so payments that the books do not know are only counted."""
    books = await db.read(audit.books)
    report = AuditReport(books, owed_msat=books.in_orders + books.unredeemed)
    check_sums(report)
    for sentence in await db.read(audit.disagreements):
        report.differs(sentence)
    for fault in await db.read(ledger.recompute):
        report.differs(f"Account {fault.account}: its balance is not the sum.")
    if node is None:
        report.not_asked.append("the Lightning node")
    else:
        try:
            await _compare_with_node(db, keyring, node, name, report)
            if payer is not None:
                await _compare_paid_out(db, payer, name, report)
                await _find_unknown_payments(db, payer, report, shared=shared_node)
        except Unavailable as error:
            report.not_asked.append(f"the Lightning node ({error.message})")
    report.set_aside(await db.read(acknowledgements.listing))
    return report


def check_sums(report: AuditReport) -> None:
    """Add a difference for every sum that does not match."""
    books = report.books
    returned = books.returned + books.routes
    difference = books.received - (books.settled + returned + report.owed_msat)
    if difference:
        report.differs(
            f"Received {books.received} msat, but settled + returned + owed is "
            f"{books.received - difference} msat: {difference:+d} msat are unexplained.",
            difference,
        )
    unspent = books.topped_up - books.spent - books.withdrawn - books.balances
    if unspent:
        report.differs(
            f"Topped up {books.topped_up} msat, but spent + withdrawn + balances is "
            f"{books.topped_up - unspent} msat: {unspent:+d} msat are unexplained.",
            unspent,
        )
    unpaid = books.accrued - books.referrals_paid - books.referrals
    if unpaid:
        report.differs(
            f"Referrers' shares are {books.accrued} msat, but paid + owed is "
            f"{books.referrals_paid + books.referrals} msat: {unpaid:+d} msat are unexplained.",
            unpaid,
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
        elif is_own_memo(keyring, invoice.memo):
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
            report.differs(
                f"Invoice {payment_hash[:12]} ({_what(invoice)}) is settled at the node, but not "
                "in the books.",
                invoice.amount_paid_msat,
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
                report.differs(
                    f"Invoice {payment_hash[:12]} ({_what(settled[payment_hash])}) is settled at "
                    f"the node, but its order is {states.get(payment_hash, 'not known')}.",
                    settled[payment_hash].amount_paid_msat,
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
        report.differs(
            f"Payment {name} ({payment.amount_msat} msat) is booked, but unknown to the node.",
            payment.amount_msat,
        )
    elif invoice.state is not InvoiceState.SETTLED:
        report.differs(
            f"Payment {name} ({payment.amount_msat} msat) is booked, but is {invoice.state} at the "
            "node.",
            payment.amount_msat,
        )
    elif invoice.amount_paid_msat < payment.amount_msat:
        report.differs(
            f"Payment {name}: {payment.amount_msat} msat are booked, but only "
            f"{invoice.amount_paid_msat} msat came in.",
            payment.amount_msat - invoice.amount_paid_msat,
        )


async def _compare_paid_out(
    db: Database, payer: SupportsPayments, name: str, report: AuditReport
) -> None:
    for paid in _here(await db.read(audit.paid_out), name, report):
        outcome = await payer.lookup_payment(bytes.fromhex(paid.payment_hash))
        if not isinstance(outcome, PaymentSucceeded):
            report.differs(
                f"{paid.what} {paid.payment_hash[:12]} is booked as paid, but the node did not "
                "pay it."
            )
    for what, payment_hash in await db.read(named_invoices.not_paid):
        outcome = await payer.lookup_payment(bytes.fromhex(payment_hash))
        if isinstance(outcome, PaymentSucceeded):
            kind, of = what.split(" ", 1)
            report.differs(
                f"The payment {payment_hash[:12]} for {kind} {of[:12]} is booked as failed, but "
                "the node paid it."
            )


def _what(invoice: InvoiceStatus) -> str:
    """What a settled invoice says of itself: its amount, its time, and what it was for."""
    label = invoice.memo.split(", ", 1)[0]
    return f"{invoice.amount_paid_msat} msat{when(invoice.settled_at_ms)}, {label}"


async def _find_unknown_payments(
    db: Database, payer: SupportsPayments, report: AuditReport, *, shared: bool
) -> None:
    """Payments out that the books do not know, as after the restore of a backup."""
    since_ms = await db.read(acknowledgements.first_order_ms)
    if since_ms is None or not isinstance(payer, ListsPayments):
        return
    try:
        made = [payment async for payment in payer.list_payments(since_ms)]
    except NodeUnavailable as error:
        # Without the permission it cannot have paid for us either.
        named = await db.read(named_invoices.every)
        if named or error.code != MACAROON_REJECTED:
            raise
        return
    # Read afterwards: an invoice is stored before it is paid.
    known = await db.read(named_invoices.every)
    unknown = [payment for payment in made if payment.payment_hash.hex() not in known]
    if shared:
        report.foreign_payments = len(unknown)
        return
    for payment in unknown:
        report.differs(
            f"Payment out {payment.payment_hash.hex()[:12]} ({payment.amount_msat} msat and "
            f"{payment.fee_msat} msat of fees{when(payment.created_at_ms)}) was made by the node, "
            "but the books do not know it.",
            payment.amount_msat + payment.fee_msat,
        )
