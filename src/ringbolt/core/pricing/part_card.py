"""What one part bills, by the operator's own card: for parts that do not tell it themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringbolt.core.pricing.amount import MICROS, Amount
from ringbolt.core.tables import table_lines

_COLUMNS: Final = ("prefix", "cost", "currency", "per_seconds")
_MINUTE_S: Final = 60
_MOST_DIGITS: Final = 15


class PartCardError(ValueError):
    """The card cannot be used; the message names the row and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class PartRate:
    """``prefix``: digits without '+', '' for all that no other row names. ``cost``: of a minute of
    a call, a segment of a text, a number or an e-mail. ``per_seconds``: calls are billed in started
    pieces of so many seconds."""

    prefix: str
    cost: Amount
    per_seconds: int = _MINUTE_S


class PartCard:
    """Rates by longest prefix. Immutable. Raises ``PartCardError`` for a prefix that stands
    twice."""

    def __init__(self, rates: Iterable[PartRate]) -> None:
        self._rates: dict[str, PartRate] = {}
        for rate in rates:
            if rate.prefix in self._rates:
                raise PartCardError(f"prefix {rate.prefix or '(none)'} stands twice")
            self._rates[rate.prefix] = rate

    def __len__(self) -> int:
        return len(self._rates)

    @property
    def currencies(self) -> frozenset[str]:
        return frozenset(rate.cost.currency for rate in self._rates.values())

    def rate_for(self, destination: str) -> PartRate | None:
        """The rate of the longest prefix of a number (E.164), or of everything else."""
        digits = destination.removeprefix("+")[:_MOST_DIGITS] if destination[:1] == "+" else ""
        for length in range(len(digits), -1, -1):
            rate = self._rates.get(digits[:length])
            if rate is not None:
                return rate
        return None

    def call(self, number: str, seconds: int) -> Amount | None:
        """What a call that was up for ``seconds`` costs; one that was not answered costs
        nothing. None without a rate."""
        rate = self.rate_for(number)
        if rate is None:
            return None
        pieces = -(-seconds // rate.per_seconds)
        micros = -(-rate.cost.micros * pieces * rate.per_seconds // _MINUTE_S)
        return Amount(micros, rate.cost.currency)

    def units(self, destination: str, count: int) -> Amount | None:
        """What ``count`` segments, numbers or e-mails cost; None without a rate."""
        rate = self.rate_for(destination)
        return None if rate is None else Amount(rate.cost.micros * count, rate.cost.currency)


def parse_part_card(text: str) -> PartCard:
    """A card from CSV with the header ``prefix,cost,currency,per_seconds``; the last column may be
    missing or empty (60). Lines that begin with '#' are comments. Raises ``PartCardError``."""
    reader = csv.DictReader(table_lines(text))
    header = tuple(name.strip().lower() for name in reader.fieldnames or ())
    if header not in (_COLUMNS, _COLUMNS[:-1]):
        raise PartCardError(f"the first line of a cost card is {','.join(_COLUMNS)}")
    reader.fieldnames = list(header)
    return PartCard(_from_row(row, f"row {n}") for n, row in enumerate(reader, 1))


def _from_row(row: dict[str | None, str | None], where: str) -> PartRate:
    prefix = (row.get("prefix") or "").strip().removeprefix("+")
    if prefix and not (prefix.isascii() and prefix.isdigit() and len(prefix) <= _MOST_DIGITS):
        raise PartCardError(f"{where}: a prefix is up to 15 digits, or empty for all others")
    written = (row.get("cost") or "").strip()
    cost = None if written.startswith("-") else Amount.read(written, row.get("currency"))
    if cost is None or cost.micros > 10**9 * MICROS:
        raise PartCardError(
            f"{where}: write the cost as a number, e.g. 0.0075, and its currency, e.g. USD or SAT"
        )
    seconds = (row.get("per_seconds") or "").strip() or str(_MINUTE_S)
    if not (seconds.isascii() and seconds.isdigit() and 1 <= int(seconds[:6]) <= 3600):
        raise PartCardError(f"{where}: per_seconds is a whole number from 1 to 3600")
    return PartRate(prefix, cost, int(seconds))
