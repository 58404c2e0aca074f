"""What the shop sells now, and at which prices: as the settings say, until the operator changes it
while the shop is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from ringbolt.core import closed_sales
from ringbolt.core.closed_sales import NOTHING_CLOSED, sold_by
from ringbolt.core.commands import Command
from ringbolt.core.errors import Unavailable
from ringbolt.core.pricing import rates as rate_cards
from ringbolt.core.pricing.prices import PriceList, PriceListError, parse_prices_csv
from ringbolt.core.pricing.rates import RateCard, RateCardError
from ringbolt.store import operator_changes
from ringbolt.store.engine.db import Database, Tx

PRICES: Final = "prices"
RATES: Final = "rates"
SALES: Final = "sales"
SETTINGS: Final = (PRICES, RATES, SALES)


class TermsUnusable(Unavailable):
    """What the operator changed cannot be read by this version."""

    default_code = "TERMS_UNUSABLE"


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
        self._version = 0
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
        """Take over what was changed since the last look; whether anything was. Raises
        ``TermsUnusable`` for stored values that this version cannot read; what was in force stays.
        """
        read = await db.read(_read, self._version)
        if read is None or read[0] < self._version:  # somebody else looked meanwhile
            return False
        self._version, values = read
        self._apply(values)
        return True

    def _apply(self, values: Mapping[str, str]) -> None:
        prices, rates, sales = (values.get(name, "") for name in SETTINGS)
        try:
            new_prices = self.prices_of(prices) if prices else self._cards.prices
            new_rates = rate_cards.parse_csv(rates) if rates else self._cards.rates
            closed = closed_sales.from_json(sales) if sales else NOTHING_CLOSED
        except (PriceListError, RateCardError, msgspec.DecodeError) as error:
            raise TermsUnusable(
                f"Prices, rates or switches that were changed cannot be read: {error}.",
                suggestion="Set them anew, or return to the settings: 'ringbolt terms prices "
                "--reset', 'ringbolt terms rates --reset', 'ringbolt terms open'.",
            ) from error
        self.prices, self.rates = new_prices, new_rates
        self.closed = NOTHING_CLOSED if closed == NOTHING_CLOSED else closed

    def prices_of(self, csv: str) -> PriceList:
        """The price list that a table describes. Raises ``PriceListError``."""
        return self._cards.prices.with_table(parse_prices_csv(csv))


def _read(tx: Tx, known: int) -> tuple[int, dict[str, str]] | None:
    version = operator_changes.version(tx)
    if version == known:
        return None
    in_force = operator_changes.in_force(tx, SETTINGS)
    return version, {setting: change.value for setting, change in in_force.items()}
