"""Amounts in the currency of a part's account: what a request costs, what an account holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

MICROS: Final = 1_000_000
"""Parts in one unit of a currency: prices of a text have up to five digits after the point."""
MOST_MICROS: Final = 10**15
"""A thousand million units: sums of such amounts still fit into 64 bits."""
SATS: Final = "SAT"
"""The currency of parts that are paid in sats; every other is an ISO 4217 code."""

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_MOST_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class Amount:
    """``micros``: millionths of one unit of ``currency``, a code of three capital letters."""

    micros: int
    currency: str

    @classmethod
    def read(cls, amount: object, currency: object) -> Amount | None:
        """What a far end writes, e.g. ``("0.00750", "usd")`` or ``(-0.0075, "USD")``: a negative
        amount, which Twilio writes for a cost, counts as positive. None if it cannot be read, or if
        nothing was told (``None``, ``""``)."""
        code = currency.strip().upper() if isinstance(currency, str) else ""
        if isinstance(amount, bool) or not isinstance(amount, str | int | float | Decimal):
            return None
        try:
            text = str(amount).strip()
            units = Decimal(text if len(text) <= _MOST_CHARS else "NaN").copy_abs()
        except (InvalidOperation, ValueError):  # str of an int with more than 4,300 digits
            return None
        # Compared before it is multiplied: 1e999999 would be a number of a million digits.
        is_amount = units.is_finite() and units <= MOST_MICROS // MICROS
        if not is_amount or not _CURRENCY.fullmatch(code):
            return None
        return cls(round(units * MICROS), code)

    def __str__(self) -> str:
        whole, rest = divmod(abs(self.micros), MICROS)
        cents = f"{rest:06d}".rstrip("0").ljust(2, "0")
        return f"{'-' if self.micros < 0 else ''}{whole}.{cents} {self.currency}"
