"""Amounts of parts in sats, by rates that the operator sets: nobody is asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringbolt.core.pricing.amount import MICROS, MOST_MICROS, SATS, Amount
from ringbolt.core.pricing.money import MSAT_PER_SAT

_MICROS_PER_SAT = MICROS // MSAT_PER_SAT
MOST_MSAT = 10**15


@dataclass(frozen=True, slots=True)
class Exchange:
    """``sats_per``: how many sats one unit of a currency is."""

    sats_per: Mapping[str, float] = field(default_factory=dict)

    def msat(self, amount: Amount | None) -> int | None:
        """The amount in msat, rounded up; None if it is not known, or its currency has no rate."""
        if amount is None:
            return None
        if amount.currency == SATS:
            return min(MOST_MSAT, -(-amount.micros // _MICROS_PER_SAT))
        rate = self.sats_per.get(amount.currency)
        if rate is None:
            return None
        # The rate in whole micros: floats would make the same cost differ between two bookings.
        return min(
            MOST_MSAT, -(-amount.micros * round(rate * MICROS) // (_MICROS_PER_SAT * MICROS))
        )

    def units(self, msat: int, currency: str) -> Amount | None:
        """What so many msat are in a currency, rounded down; None if it has no rate."""
        rate = 1.0 if currency == SATS else self.sats_per.get(currency)
        if rate is None:
            return None
        micros = msat * _MICROS_PER_SAT * MICROS // round(rate * MICROS)
        return Amount(min(MOST_MICROS, micros), currency)
