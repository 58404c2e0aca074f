"""The operator's account at a provider, and whether it has money left."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from ringbolt.core.pricing.amount import MICROS, Amount
from ringbolt.numbers.handler_api.dialect import Dialect
from ringbolt.numbers.handler_api.prices import Price
from ringbolt.numbers.provider import AcquireNumber

log = structlog.get_logger("ringbolt.numbers")


@dataclass(frozen=True, slots=True)
class Account:
    """``low_balance``: in the currency of the dialect; below it nothing is sold."""

    name: str
    url: str
    api_key: str = field(repr=False)
    dialect: Dialect
    low_balance: float = 0.0

    def amount(self, micros: int) -> Amount:
        return Amount(micros, self.dialect.currency)

    def cost(self, price: Price) -> Amount | None:
        """What a price is; None if that is not known."""
        return None if price.micros is None else self.amount(price.micros)

    def most(self, wanted: AcquireNumber) -> str:
        """The most that a number may cost, as the protocol writes it; '' if that is not known."""
        most = wanted.most(self.dialect.currency)
        return "" if most is None else f"{most.micros // 100 / 10_000:.4f}"


@dataclass(slots=True)
class Funds:
    """Says once when the balance of an account gets low, and once when it is enough again."""

    account: Account
    is_low: bool = False

    def why_closed(self, balance_micros: int | None) -> str:
        """Why nothing is sold, in words for the operator; '' if there is money, or nobody knows."""
        is_low = balance_micros is not None and balance_micros < self.account.low_balance * MICROS
        if is_low is not self.is_low:
            self.is_low = is_low
            self._tell(balance_micros)
        if balance_micros is None or not is_low:
            return ""
        left = self.account.amount(balance_micros)
        return f"the balance at {self.account.name} is down to {left}: top it up"

    def _tell(self, balance_micros: int | None) -> None:
        balance = "" if balance_micros is None else str(self.account.amount(balance_micros))
        if self.is_low:
            log.warning(
                "no more numbers are sold: top the account up",
                provider=self.account.name,
                balance=balance,
            )
        else:
            log.info("numbers are sold again", provider=self.account.name, balance=balance)
