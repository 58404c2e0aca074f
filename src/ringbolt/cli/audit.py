"""``ringbolt audit``: do the books, the orders, the attempts and the node agree?"""

from __future__ import annotations

import asyncio
from typing import Any

from ringbolt.app.audit import AuditReport, audit_shop
from ringbolt.bootstrap import open_node
from ringbolt.cli.beside import world_url
from ringbolt.cli.output import EXIT_FAILED, EXIT_OK, is_terminal, print_facts, print_json
from ringbolt.clock import SystemClock
from ringbolt.secret import load_keyring
from ringbolt.settings import Settings
from ringbolt.store.opening import open_database

_SETTLING_S = 2.0
"""A payment that comes in while we read is booked a moment later: look twice before accusing."""


async def audit(settings: Settings) -> int:
    """The exit code: 0 if everything agrees, else 1."""
    keyring = load_keyring(settings, create=False)
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        async with world_url(settings) as world:
            node = open_node(settings, world)
            try:
                report = await audit_shop(db, keyring, node, node)
                if not report.agrees:
                    await asyncio.sleep(_SETTLING_S)
                    report = await audit_shop(db, keyring, node, node)
            finally:
                await node.close()
    finally:
        await db.close()
    _show(report)
    return EXIT_OK if report.agrees and not report.not_asked else EXIT_FAILED


def _show(report: AuditReport) -> None:
    books = report.books
    facts: dict[str, Any] = {
        "received_msat": books.received,
        "settled_msat": books.settled,
        "returned_msat": books.returned,
        "owed_msat": report.owed_msat,
        "owed_in_orders_msat": books.in_orders,
        "owed_unredeemed_msat": books.unredeemed,
        "refund_fees_msat": books.fees,
        "held_msat": books.held,
        "orders_taken_msat": books.taken,
        "delivered_but_lost_msat": books.lost,
        "topped_up_msat": books.topped_up,
        "reserved_msat": books.reserved,
        "spent_from_balances_msat": books.spent,
        "balances_msat": books.balances,
        "owed_to_referrers_msat": books.referrals,
        "invoices_settled_at_node": report.node_invoices,
        "agrees": report.agrees,
    }
    if not is_terminal():
        print_json({**facts, "differences": report.differences, "not_asked": report.not_asked})
        return
    print_facts(facts)
    for sentence in report.differences:
        print(f"- {sentence}")
    for part in report.not_asked:
        print(f"- not asked: {part}")
