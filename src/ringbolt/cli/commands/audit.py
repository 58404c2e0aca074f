"""``ringbolt audit``: do the books, the orders, the attempts and the node agree?"""

from __future__ import annotations

import asyncio
from functools import partial

from ringbolt.app.operator.audit import AuditReport, audit_shop
from ringbolt.bootstrap import check_secret, context_of, open_node
from ringbolt.cli.operator_access import world_url
from ringbolt.cli.output import EXIT_FAILED, EXIT_OK, is_terminal, print_facts, print_json
from ringbolt.clock import SystemClock
from ringbolt.core.humanise import counted
from ringbolt.lightning.node import SupportsPayments
from ringbolt.settings import Settings
from ringbolt.settings.secret import load_keyring
from ringbolt.store.engine.opening import open_database

_SETTLING_S = 2.0
"""A payment that arrives while we read is booked a moment later: check twice."""


async def audit(settings: Settings) -> int:
    """The exit code: 0 if everything agrees, else 1."""
    keyring = load_keyring(settings, create=False)
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        await check_secret(settings, keyring, db)
        async with world_url(settings) as world:
            node = open_node(settings, context_of(settings, world))
            payer = node if isinstance(node, SupportsPayments) else None
            compare = partial(audit_shop, db, keyring, node, payer, settings.node.name)
            try:
                report = await compare()
                if not report.agrees:
                    await asyncio.sleep(_SETTLING_S)
                    report = await compare()
            finally:
                await node.close()
    finally:
        await db.close()
    _show(report)
    return EXIT_OK if report.agrees and not report.not_asked else EXIT_FAILED


def _show(report: AuditReport) -> None:
    sums = _sums(report)
    rest = {"invoices_settled_at_node": report.node_invoices, "agrees": report.agrees}
    if not is_terminal():
        skipped = {
            "differences": report.differences,
            "not_asked": report.not_asked,
            "at_former_nodes": dict(report.elsewhere),
        }
        print_json({**sums, **rest, **skipped})
        return
    named = {f"{of}: {name}": msat for of, each in sums.items() for name, msat in each.items()}
    print_facts({**named, **rest})
    for sentence in report.differences:
        print(f"- {sentence}")
    for part in report.not_asked:
        print(f"- not asked: {part}")
    for name, count in report.elsewhere.items():
        print(f"- not compared: {counted(count, 'payment')} at the former node {name}")


def _sums(report: AuditReport) -> dict[str, dict[str, int]]:
    """Sums by payment method, since none covers everything that was sold; msat."""
    books = report.books
    return {
        "l402": {
            "received_msat": books.received,
            "settled_msat": books.settled,
            "returned_msat": books.returned,
            "owed_msat": report.owed_msat,
            "owed_in_orders_msat": books.in_orders,
            "owed_unredeemed_msat": books.unredeemed,
            "refund_fees_msat": books.fees,
        },
        "holds": {
            "held_msat": books.held,
            "settled_msat": books.taken,
            "delivered_but_lost_msat": books.lost,
        },
        "balances": {
            "topped_up_msat": books.topped_up,
            "spent_msat": books.spent,
            "owed_msat": books.balances,
            "reserved_msat": books.reserved,
        },
        "referrals": {
            "accrued_msat": books.accrued,
            "paid_msat": books.referrals_paid,
            "owed_msat": books.referrals,
            "payout_fees_msat": books.payout_fees,
        },
    }
