"""What a minute to a number costs: a rate card, looked up by the longest prefix.

A destination without a rate is not called. A rate whose worst-case cost is above its price is
refused when the card is read, so that no call is sold below cost.
"""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ringbolt.core.errors import DestinationRefused, Role
from ringbolt.core.pricing.money import msat
from ringbolt.core.tables import table_lines

MAX_MINUTES = 30


class RateCardError(ValueError):
    """The card cannot be used; the message names the row and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``sats_per_minute`` is the price of a started minute, ``cost_sats_per_minute`` the most
    that the carrier can charge for one. ``prefix`` is digits without '+'."""

    prefix: str
    sats_per_minute: int
    cost_sats_per_minute: int
    label: str = ""


class Price(msgspec.Struct, frozen=True):
    """The price of a call: ``minutes`` started minutes at ``rate``."""

    rate: Rate
    minutes: int

    @property
    def msat(self) -> int:
        return msat(self.rate.sats_per_minute * self.minutes)

    @property
    def sats(self) -> int:
        return self.rate.sats_per_minute * self.minutes


class RateCard:
    """Rates by longest prefix. Immutable."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[str, Rate] = {}
        for rate in rates:
            _check(rate)
            if rate.prefix in self._rates:
                raise RateCardError(f"prefix {rate.prefix} stands twice in the rate card")
            self._rates[rate.prefix] = rate
        if not self._rates:
            raise RateCardError("the rate card is empty: nothing could be called")
        self._longest = max(map(len, self._rates))

    def __len__(self) -> int:
        return len(self._rates)

    def rates(self) -> tuple[Rate, ...]:
        return tuple(sorted(self._rates.values(), key=lambda rate: rate.prefix))

    def rate_for(self, number: str) -> Rate | None:
        """The rate of the longest prefix of an E.164 number; None if there is none."""
        digits = number[1 : 1 + self._longest]
        for length in range(len(digits), 0, -1):
            rate = self._rates.get(digits[:length])
            if rate is not None:
                return rate
        return None

    def price(self, number: str, minutes: int) -> Price:
        """Raises ``DestinationRefused`` if the number has no rate."""
        rate = self.rate_for(number)
        if rate is None:
            raise DestinationRefused(
                f"Calls to {number} are not offered here: the destination has no price.",
                code="DESTINATION_NOT_OFFERED",
                role=Role.DESTINATION,
                suggestion="Call another country, or ask the operator to add a rate for it.",
            )
        return Price(rate, minutes)


def started_minutes(duration_minutes: float) -> int:
    """Whole minutes charged for a duration: 2.5 is charged as 3."""
    return math.ceil(duration_minutes)


def _check(rate: Rate) -> None:
    where = f"prefix {rate.prefix!r}"
    if not (rate.prefix.isascii() and rate.prefix.isdigit() and len(rate.prefix) <= 15):
        raise RateCardError(f"{where}: a prefix is 1 to 15 digits without '+'")
    if rate.prefix[0] == "0":
        raise RateCardError(f"{where}: no country code begins with 0")
    if rate.sats_per_minute < 1:
        raise RateCardError(f"{where}: sats_per_minute must be at least 1")
    if not 0 <= rate.cost_sats_per_minute <= rate.sats_per_minute:
        raise RateCardError(
            f"{where}: the worst-case cost ({rate.cost_sats_per_minute} sats) must not be above "
            f"the price ({rate.sats_per_minute} sats)"
        )


def _from_row(row: Mapping[str, Any], where: str) -> Rate:
    if None in row:  # csv puts the fields that have no column there
        raise RateCardError(f"{where}: it has more fields than the header")
    try:
        return Rate(
            prefix=str(row["prefix"]).strip().removeprefix("+"),
            sats_per_minute=_sats(row["sats_per_minute"]),
            cost_sats_per_minute=_sats(row["cost_sats_per_minute"]),
            label=str(row.get("label") or "").strip(),
        )
    except KeyError as missing:
        raise RateCardError(f"{where}: the field {missing} is missing") from None
    except (TypeError, ValueError):
        raise RateCardError(f"{where}: the amounts must be whole numbers of sats") from None


def _sats(value: Any) -> int:
    """A whole number; a TOML 2.9 or true is a mistake, not 2 or 1. Raises ``ValueError``."""
    if isinstance(value, str):
        return int(value)
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


def parse_csv(text: str) -> RateCard:
    """A card from CSV with the header ``prefix,sats_per_minute,cost_sats_per_minute,label``.

    Lines that begin with '#' are comments. Spreadsheets put a byte order mark in front.
    """
    reader = csv.DictReader(table_lines(text))
    return RateCard(_from_row(row, f"row {n}") for n, row in enumerate(reader, 1))


def to_csv(card: RateCard) -> str:
    """The table that ``parse_csv`` reads."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("prefix", "sats_per_minute", "cost_sats_per_minute", "label"))
    for rate in card.rates():
        table.writerow((rate.prefix, rate.sats_per_minute, rate.cost_sats_per_minute, rate.label))
    return out.getvalue()


def parse_toml(text: str) -> RateCard:
    """A card from TOML: ``[[rate]]`` tables with the same four fields."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise RateCardError("it is not TOML") from None
    rows = document.get("rate", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RateCardError("a TOML rate card is a list of [[rate]] tables")
    return RateCard(_from_row(row, f"rate {n}") for n, row in enumerate(rows, 1))
