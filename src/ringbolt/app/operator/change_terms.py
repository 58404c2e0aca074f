"""The operator changes prices, rates and what is sold while the shop is open.

Each change is stored whole, with who made it, when and why; the latest is in force in every process
within seconds. Orders that have an invoice keep its price.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.sales_terms import PRICES, RATES, SALES, SETTINGS, SalesTerms
from ringbolt.core import closed_sales
from ringbolt.core.closed_sales import ClosedSales
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.errors import InvalidInput, NotFound
from ringbolt.core.pricing import prices, rates
from ringbolt.core.pricing.prices import PriceList, PriceListError
from ringbolt.core.pricing.rates import RateCard, RateCardError
from ringbolt.core.sanitise import sanitise
from ringbolt.store import operator_changes
from ringbolt.store.engine.db import Tx
from ringbolt.store.operator_changes import Change

MOST_CARD_CHARS: Final = 500_000
_MOST_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class CardLine:
    """A line of a card that a change adds, removes or gives another value: sats as text, '' where
    there is none."""

    name: str
    before: str
    after: str


def change_prices(tx: Tx, terms: SalesTerms, table: str, reason: str, by: str) -> None:
    """Replace every price by those of a CSV table; '' returns to the settings. Raises
    ``InvalidInput``."""
    value = prices.to_csv(_prices(terms, table).rows()) if table.strip() else ""
    _store(tx, PRICES, value, reason, by)


def change_rates(tx: Tx, table: str, reason: str, by: str) -> None:
    """Replace the rate card by a CSV table; '' returns to the settings. Raises ``InvalidInput``."""
    value = rates.to_csv(_rates(table)) if table.strip() else ""
    _store(tx, RATES, value, reason, by)


def change_sales(tx: Tx, closed: ClosedSales, reason: str, by: str) -> None:
    """Say what is not sold from now on. Raises ``InvalidInput``."""
    _store(tx, SALES, closed_sales.to_json(closed_sales.checked(closed)), reason, by)


def restore(tx: Tx, change_id: int, reason: str, by: str) -> None:
    """Put the value of an earlier change in force again. Raises ``NotFound``."""
    earlier = operator_changes.by_id(tx, change_id)
    if earlier is None or earlier.setting not in SETTINGS:
        raise NotFound(f"There is no change {change_id} of prices, rates or sales.")
    _store(tx, earlier.setting, earlier.value, reason, by)


def record_action(tx: Tx, what: str, value: str, by: str) -> None:
    """Record what an operator did that changed no setting, such as a call that was hung up."""
    _store(tx, what, value, "", by)


def compare_prices(terms: SalesTerms, table: str) -> list[CardLine]:
    """What a price table would change. Raises ``InvalidInput``."""
    after = _prices(terms, table) if table.strip() else terms.cards.prices
    return _compared(_price_lines(terms.prices), _price_lines(after))


def compare_rates(terms: SalesTerms, table: str) -> list[CardLine]:
    """What a rate card would change. Raises ``InvalidInput``."""
    after = _rates(table) if table.strip() else terms.cards.rates
    return _compared(_rate_lines(terms.rates), _rate_lines(after))


def list_changes(tx: Tx, setting: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """The latest changes, the last one first."""
    return [_document(each) for each in operator_changes.listing(tx, setting, limit)]


def terms_document(tx: Tx, terms: SalesTerms) -> dict[str, Any]:
    """The terms in force, as CSV and JSON, and the changes that brought them."""
    in_force = operator_changes.in_force(tx, SETTINGS)
    sales = in_force.get(SALES)
    closed = ClosedSales() if sales is None else closed_sales.from_json(sales.value)
    return {
        "prices": prices.to_csv(terms.prices.rows()),
        "rates": rates.to_csv(terms.rates),
        "sales": {
            "services": list(closed.services),
            "countries": list(closed.countries),
            "is_closed": closed.is_all_closed(tx.now_ms),
            "until_ms": closed.until_ms,
            "reason": closed.reason,
        },
        "changed": {name: _document(each) for name, each in in_force.items() if each.value},
    }


def _prices(terms: SalesTerms, table: str) -> PriceList:
    try:
        return terms.prices_of(_bounded(table))
    except (PriceListError, csv.Error) as error:
        raise _unusable("price list", error) from None


def _rates(table: str) -> RateCard:
    try:
        return rates.parse_csv(_bounded(table))
    except (RateCardError, csv.Error) as error:
        raise _unusable("rate card", error) from None


def _bounded(table: str) -> str:
    if len(table) > MOST_CARD_CHARS:
        raise InvalidInput(f"A table has at most {MOST_CARD_CHARS} characters.")
    return table


def _unusable(what: str, error: Exception) -> InvalidInput:
    return InvalidInput(f"This {what} cannot be used: {error}.", suggestion="Nothing was changed.")


def _store(tx: Tx, setting: str, value: str, reason: str, by: str) -> None:
    words = [sanitise(each.strip())[:_MOST_WORDS] for each in (reason, by)]
    operator_changes.add(tx, setting, value, *words)


def _compared(before: Mapping[str, str], after: Mapping[str, str]) -> list[CardLine]:
    names = [*after, *(name for name in before if name not in after)]
    found = (CardLine(name, before.get(name, ""), after.get(name, "")) for name in names)
    return [line for line in found if line.before != line.after]


def _price_lines(found: PriceList) -> dict[str, str]:
    lines = {}
    for row in found.rows():
        country = None if row.country is None else COUNTRIES.get(row.country)
        where = row.country if country is None else country.name
        name = ", ".join(str(each) for each in (row.kind, where, row.service) if each)
        lines[name] = str(row.sats)
    return lines


def _rate_lines(card: RateCard) -> dict[str, str]:
    return {
        f"+{rate.prefix} {rate.label}".strip(): f"{rate.sats_per_minute}"
        + (f" (cost {rate.cost_sats_per_minute})" if rate.cost_sats_per_minute else "")
        for rate in card.rates()
    }


def _document(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "setting": change.setting,
        "value": change.value,
        "reason": change.reason,
        "by": change.by,
        "at_ms": change.at_ms,
    }
