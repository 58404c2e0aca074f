"""The dialects of ``handler_api.php``: what differs between providers (``dialects.csv``)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ringbolt.core.tables import shipped_rows

DEFAULT: Final = "sms-activate"
"""The dialect that most others were copied from."""
_NUMBERS: Final = frozenset({"page", "cancel_s", "lasts_s", "per_second"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's form of the protocol. Actions and parameters that it does not have are ''.

    ``url``: its address. ``buy``: the action that leases a number. ``price``: the parameter of the
    highest price. ``listing``: the action that lists the active leases, ``page``: how many at a
    time (0: all at once). ``full_text``: the action that shows the whole text of a lease. ``rent``:
    the parameter of a rental's time, in ``rent_unit`` (hours or minutes). ``rents``: the action
    that lists the rentals, ``rent_texts``: the one that shows a rental's texts, ``rent_set``: the
    one that ends it. ``again``: the action that leases a number once more. ``currency``: of
    prices and balance (ISO 4217). ``cancel_s``: a lease cannot be cancelled before that many
    seconds. ``lasts_s``: how long an activation lasts. ``per_second``: how many requests it takes.
    """

    name: str
    url: str
    buy: str
    price: str
    listing: str
    page: int
    full_text: str
    rent: str
    rent_unit: str
    rents: str
    rent_texts: str
    rent_set: str
    again: str
    currency: str
    cancel_s: int
    lasts_s: int
    per_second: int

    def rent_time(self, hours: int) -> int:
        """A rental's time as the provider counts it."""
        return hours * 60 if self.rent_unit == "minutes" else hours


def _load() -> dict[str, Dialect]:
    dialects = {}
    for row in shipped_rows("ringbolt.numbers.handler_api", "dialects.csv"):
        numbers = {column: int(row[column]) for column in _NUMBERS}
        words = {column: row[column] for column in row if column not in _NUMBERS}
        dialects[row["name"]] = Dialect(**words, **numbers)  # type: ignore[arg-type]
    return dialects


DIALECTS: Final = MappingProxyType(_load())
"""Every dialect by its name."""
