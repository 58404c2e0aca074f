"""``ringbolt audit``: do the books, the orders, the attempts and the node agree?"""

from __future__ import annotations

import asyncio
import getpass
import socket
from dataclasses import asdict
from functools import partial

from ringbolt.app.operator import acknowledge as explain
from ringbolt.app.operator.acknowledge import find_difference
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.operator.audit_report import AuditReport
from ringbolt.bootstrap import check_secret, context_of, open_node
from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK
from ringbolt.cli.operator_access import OperatorClient, open_admin, require_shop, world_url
from ringbolt.cli.output import day, is_terminal, print_done, print_facts, print_json
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
    report = await _compare(settings)
    _show(report)
    return EXIT_OK if report.agrees and not report.not_asked else EXIT_FAILED


async def acknowledge(settings: Settings, ids: list[str], reason: str) -> int:
    """Record ``reason`` for the differences with these ids (or beginnings of them)."""
    report = await _compare(settings)
    chosen = [find_difference(report.found, id) for id in ids]
    by = f"{getpass.getuser()}@{socket.gethostname()}"
    async with open_admin(settings) as admin:
        for each in chosen:
            if isinstance(admin, OperatorClient):
                told = {"sentence": each.sentence, "amount_msat": each.amount_msat}
                await admin.ask("POST", "/acknowledgements", {**told, "reason": reason, "by": by})
            else:
                await admin.tx(explain.acknowledge, each, reason, by)
    left = len(report.found) - len({each.id for each in chosen})
    done = {"acknowledged": [each.id for each in chosen], "differences_left": left}
    return print_done(done, f"Acknowledged. {counted(left, 'difference')} left.")


async def _compare(settings: Settings) -> AuditReport:
    require_shop(settings)
    keyring = load_keyring(settings, create=False)
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        await check_secret(settings, keyring, db)
        async with world_url(settings) as world:
            node = open_node(settings, context_of(settings, world))
            payer = node if isinstance(node, SupportsPayments) else None
            name, shared = settings.node.name, settings.shared_node
            compare = partial(audit_shop, db, keyring, node, payer, name, shared_node=shared)
            try:
                report = await compare()
                if not report.agrees:
                    await asyncio.sleep(_SETTLING_S)
                    report = await compare()
                return report
            finally:
                await node.close()
    finally:
        await db.close()


def _show(report: AuditReport) -> None:
    sums = _sums(report)
    rest = {"invoices_settled_at_node": report.node_invoices, "agrees": report.agrees}
    if not is_terminal():
        skipped = {
            "differences": report.differences,
            "open": [
                {"id": each.id, "amount_msat": each.amount_msat, "what": each.sentence}
                for each in report.found
            ],
            "acknowledged": [asdict(each) for each in report.acknowledged],
            "payments_of_others": report.foreign_payments,
            "not_asked": report.not_asked,
            "at_former_nodes": dict(report.elsewhere),
        }
        print_json({**sums, **rest, **skipped})
        return
    named = {f"{of}: {name}": msat for of, each in sums.items() for name, msat in each.items()}
    print_facts({**named, **rest})
    for each in report.found:
        print(f"- [{each.id}] {each.sentence}")
    for known in report.acknowledged:
        print(f"- acknowledged: {known.sentence} {known.by}, {day(known.at_ms)}: {known.reason}")
    if report.found:
        print("To explain a difference: ringbolt audit acknowledge ID --reason '...'")
    if report.foreign_payments:
        print(f"- not compared: {counted(report.foreign_payments, 'payment')} of the shared node")
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
            "refund_fees_left_by_buyers_msat": books.routes,
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
            "withdrawn_msat": books.withdrawn,
            "withdrawing_msat": books.withdrawing,
        },
        "referrals": {
            "accrued_msat": books.accrued,
            "paid_msat": books.referrals_paid,
            "owed_msat": books.referrals,
            "payout_fees_msat": books.payout_fees,
        },
    }
