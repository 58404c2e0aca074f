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

DAY_MS: Final = money_report.DAY_MS
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


@dataclass(frozen=True, slots=True)
class DayOfMoney:
    """A day of UTC that begins at ``at_ms``; sums in msat as in ``MoneyReport``."""

    at_ms: int
    received: int
    returned: int
    earned: int
    cost: int

    @property
    def margin(self) -> int:
        return self.earned - self.cost

    def document(self) -> dict[str, Any]:
        return {
            "at_ms": self.at_ms,
            "in_msat": self.received,
            "returned_msat": self.returned,
            "earned_msat": self.earned,
            "cost_msat": self.cost,
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


def money_by_day(tx: Tx, rates: RateCard, text_costs: TextCosts, days: int) -> list[DayOfMoney]:
    """The last ``days`` days of UTC, today the last."""
    today = tx.now_ms // DAY_MS
    since_ms = (today - days + 1) * DAY_MS
    moved = money_report.moved_by_day(tx, since_ms)
    at_most = _at_most_by_day(tx, since_ms, rates, text_costs)
    return [
        _day(day, moved.get(day, Moved()), at_most.get(day, 0))
        for day in range(today - days + 1, today + 1)
    ]


def _day(day: int, moved: Moved, at_most: int) -> DayOfMoney:
    return DayOfMoney(
        at_ms=day * DAY_MS,
        received=_received(moved),
        returned=_returned(moved),
        earned=_earned(moved),
        cost=_fees(moved) + _sum(moved.booked, chart.REFERRAL) + _carriers(moved) + at_most,
    )


def _report(
    tx: Tx, period: str, since_ms: int, held: int, rates: RateCard, text_costs: TextCosts
) -> MoneyReport:
    moved = money_report.moved_since(tx, since_ms)
    return MoneyReport(
        period=period,
        since_ms=since_ms,
        received=_received(moved),
        held=held,
        returned=_returned(moved),
        earned=_earned(moved),
        fees=_fees(moved),
        referrals=_sum(moved.booked, chart.REFERRAL),
        carriers=_carriers(moved),
        carriers_at_most=sum(_at_most_by_day(tx, since_ms, rates, text_costs).values()),
    )


def _received(moved: Moved) -> int:
    return _sum(moved.booked, chart.PAYMENT, chart.OVERPAYMENT, chart.HOLD, chart.TOP_UP)


def _earned(moved: Moved) -> int:
    return _sum(moved.booked, chart.CAPTURE) + _sum(moved.captured, chart.HOLD, chart.RESERVE)


def _carriers(moved: Moved) -> int:
    return _sum(moved.booked, chart.PART_COST) - _sum(moved.booked, chart.PART_COST_BACK)


def _returned(moved: Moved) -> int:
    paid_back = _sum(moved.booked, chart.REFUND) + _sum(moved.captured, chart.WITHDRAWAL)
    return paid_back + _sum(moved.voided, chart.HOLD, chart.TOP_UP)


def _fees(moved: Moved) -> int:
    """Routing fees, less what buyers left of their refunds for them."""
    paid = _sum(moved.booked, chart.REFUND_FEE, chart.PAYOUT_FEE)
    return paid - _sum(moved.booked, chart.REFUND_ROUTE)


def _at_most_by_day(
    tx: Tx, since_ms: int, rates: RateCard, text_costs: TextCosts
) -> dict[int, int]:
    """The most that carriers can bill for what was charged since then and is not booked, msat by
    day."""
    sats: dict[int, int] = {}

    def add(at_ms: int, amount: int) -> None:
        day = at_ms // DAY_MS
        sats[day] = sats.get(day, 0) + amount

    for sold in money_report.sold_calls(tx, since_ms):
        rate = rates.rate_for(sold.to)
        talked = sold.talked_ms
        minutes = sold.minutes if talked is None else max(1, -(-talked // _MINUTE_MS))
        add(sold.at_ms, 0 if rate is None else rate.cost_sats_per_minute * minutes)
    for text in money_report.sold_texts(tx, since_ms):
        cost = text_costs.cost(_decode(text.request).to)
        add(text.at_ms, (cost or 0) * text.segments)
    return {day: msat(amount) for day, amount in sats.items()}


def _sum(sums: dict[str, int], *kinds: str) -> int:
    return sum(sums.get(kind, 0) for kind in kinds)
