"""What came in, went back, was earned and cost, today and in a week: from the ledger.

What carriers bill is booked when they tell it, or by the operator's card for them. What is neither
told nor on a card is estimated by the shop's own cards (the most that a minute or a segment can
cost), for calls and texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.commands import SendText
from ringbolt.core.pricing.costs import TextCosts
from ringbolt.core.pricing.money import msat
from ringbolt.core.pricing.rates import RateCard
from ringbolt.store import money_report
from ringbolt.store.engine.db import Tx
from ringbolt.store.money_report import Moved

DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
PERIODS: Final = {"today": 1, "week": 7}
"""How many days of UTC each has, today included."""
_decode = msgspec.json.Decoder(SendText).decode


@dataclass(frozen=True, slots=True)
class MoneyReport:
    """Sums in msat. ``received``: paid by buyers over Lightning. ``returned``: paid back, unused
    balance that was withdrawn, and held payments that were let go. ``earned``: became the shop's.
    ``held``: paid or reserved for orders that are not over, now. ``fees``: what the shop bore for
    routing; ``referrals``: shares of referrers; ``carriers``: what carriers, providers and mail
    servers bill; ``carriers_at_most``: the most that calls and texts can have cost whose cost
    nobody told."""

    period: str
    since_ms: int
    received: int
    held: int
    returned: int
    earned: int
    fees: int
    referrals: int
    carriers: int
    carriers_at_most: int

    @property
    def cost(self) -> int:
        return self.fees + self.referrals + self.carriers + self.carriers_at_most

    @property
    def margin(self) -> int:
        return self.earned - self.cost

    def document(self) -> dict[str, Any]:
        return {
            "period": self.period,
            "since_ms": self.since_ms,
            "in_msat": self.received,
            "held_msat": self.held,
            "returned_msat": self.returned,
            "earned_msat": self.earned,
            "cost_msat": self.cost,
            "routing_fees_msat": self.fees,
            "referrals_msat": self.referrals,
            "carriers_msat": self.carriers,
            "carriers_at_most_msat": self.carriers_at_most,
            "margin_msat": self.margin,
        }


def report_money(tx: Tx, rates: RateCard, text_costs: TextCosts) -> list[MoneyReport]:
    """One report for each of ``PERIODS``."""
    held = money_report.held_now(tx)
    today = tx.now_ms // DAY_MS
    return [
        _report(tx, period, (today - days + 1) * DAY_MS, held, rates, text_costs)
        for period, days in PERIODS.items()
    ]


def _report(
    tx: Tx, period: str, since_ms: int, held: int, rates: RateCard, text_costs: TextCosts
) -> MoneyReport:
    moved = money_report.moved_since(tx, since_ms)
    return MoneyReport(
        period=period,
        since_ms=since_ms,
        received=_sum(moved.booked, chart.PAYMENT, chart.OVERPAYMENT, chart.HOLD, chart.TOP_UP),
        held=held,
        returned=_returned(moved),
        earned=_sum(moved.booked, chart.CAPTURE) + _sum(moved.captured, chart.HOLD, chart.RESERVE),
        fees=_fees(moved),
        referrals=_sum(moved.booked, chart.REFERRAL),
        carriers=_sum(moved.booked, chart.PART_COST) - _sum(moved.booked, chart.PART_COST_BACK),
        carriers_at_most=_at_most(tx, since_ms, rates, text_costs),
    )


def _returned(moved: Moved) -> int:
    paid_back = _sum(moved.booked, chart.REFUND) + _sum(moved.captured, chart.WITHDRAWAL)
    return paid_back + _sum(moved.voided, chart.HOLD, chart.TOP_UP)


def _fees(moved: Moved) -> int:
    """Routing fees, less what buyers left of their refunds for them."""
    paid = _sum(moved.booked, chart.REFUND_FEE, chart.PAYOUT_FEE)
    return paid - _sum(moved.booked, chart.REFUND_ROUTE)


def _at_most(tx: Tx, since_ms: int, rates: RateCard, text_costs: TextCosts) -> int:
    """The most that carriers can bill for what was charged since then and is not booked, msat."""
    sats = 0
    for sold in money_report.sold_calls(tx, since_ms):
        rate = rates.rate_for(sold.to)
        talked = sold.talked_ms
        minutes = sold.minutes if talked is None else max(1, -(-talked // _MINUTE_MS))
        sats += 0 if rate is None else rate.cost_sats_per_minute * minutes
    for text in money_report.sold_texts(tx, since_ms):
        cost = text_costs.cost(_decode(text.request).to)
        sats += (cost or 0) * text.segments
    return msat(sats)


def _sum(sums: dict[str, int], *kinds: str) -> int:
    return sum(sums.get(kind, 0) for kind in kinds)
