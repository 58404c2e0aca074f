"""What the shop sells now, and at which prices: as the settings say, until the operator changes it
while the shop is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringbolt.core import closed_sales
from ringbolt.core.closed_sales import NOTHING_CLOSED, ClosedSales, sold_by
from ringbolt.core.commands import Command
from ringbolt.core.pricing import rates as rate_cards
from ringbolt.core.pricing.prices import PriceList, parse_prices_csv
from ringbolt.core.pricing.rates import RateCard
from ringbolt.store import operator_changes
from ringbolt.store.engine.db import Database, Tx

PRICES: Final = "prices"
RATES: Final = "rates"
SALES: Final = "sales"
SETTINGS: Final = (PRICES, RATES, SALES)


@dataclass(frozen=True, slots=True)
class Cards:
    """Prices, and rates of calls, of the settings."""

    prices: PriceList
    rates: RateCard


class SalesTerms:
    """``prices``, ``rates`` and ``closed`` are in force. Each process has its own, and follows
    what the others store (``refresh``)."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._newest = 0
        self.prices = cards.prices
        self.rates = cards.rates
        self.closed = NOTHING_CLOSED

    @property
    def cards(self) -> Cards:
        """Those of the settings."""
        return self._cards

    def check_open(self, command: Command, now_ms: int) -> None:
        """Raises ``SalesClosed`` and ``DestinationRefused`` for what is not sold now."""
        if self.closed is not NOTHING_CLOSED:
            self.closed.check(sold_by(command), now_ms)

    async def refresh(self, db: Database) -> bool:
        """Take over what was changed since the last look; whether anything was."""
        read = await db.read(_read, self._newest)
        if read is None:
            return False
        self._newest, values = read
        self._apply(values)
        return True

    def _apply(self, values: Mapping[str, str]) -> None:
        prices, rates = values.get(PRICES, ""), values.get(RATES, "")
        self.prices = self.prices_of(prices) if prices else self._cards.prices
        self.rates = rate_cards.parse_csv(rates) if rates else self._cards.rates
        sales = values.get(SALES, "")
        closed: ClosedSales = closed_sales.from_json(sales) if sales else NOTHING_CLOSED
        self.closed = NOTHING_CLOSED if closed == NOTHING_CLOSED else closed

    def prices_of(self, csv: str) -> PriceList:
        """The price list that a table describes. Raises ``PriceListError``."""
        return self._cards.prices.with_table(parse_prices_csv(csv))


def _read(tx: Tx, known: int) -> tuple[int, dict[str, str]] | None:
    newest = operator_changes.newest(tx)
    if newest == known:
        return None
    in_force = operator_changes.in_force(tx, SETTINGS)
    return newest, {setting: change.value for setting, change in in_force.items()}
