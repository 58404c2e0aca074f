"""``ringbolt money``: what came in, is held, went back, was earned and cost."""

from __future__ import annotations

from ringbolt.app.operator.money_report import money_by_day, report_money
from ringbolt.bootstrap.cards import load_terms, load_text_costs
from ringbolt.cli.commands.store_reader import open_store, print_rows
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.settings import Settings

_COLUMNS = (
    ("period", "sats"),
    ("in_msat", "in"),
    ("held_msat", "held now"),
    ("returned_msat", "returned"),
    ("earned_msat", "earned"),
    ("cost_msat", "cost"),
    ("margin_msat", "margin"),
)


_DAYS = (
    ("at_ms", "day (UTC)"),
    ("in_msat", "in"),
    ("returned_msat", "returned"),
    ("earned_msat", "earned"),
    ("cost_msat", "cost"),
    ("margin_msat", "margin"),
)


async def money(settings: Settings, as_json: bool, days: int = 0) -> int:
    """Today and this week; or the last ``days`` one by one."""
    terms, text_costs = load_terms(settings), load_text_costs(settings)
    async with open_store(settings) as db:
        await terms.refresh(db)
        if days:
            by_day = await db.read(money_by_day, terms.rates, text_costs, days)
            print_rows("Money", _DAYS, [each.document() for each in by_day], as_json)
            return EXIT_OK
        found = await db.read(report_money, terms.rates, text_costs)
    print_rows("Money", _COLUMNS, [each.document() for each in found], as_json)
    return EXIT_OK
