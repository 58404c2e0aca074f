"""Loads the operator's price tables, or those shipped with Ringbolt."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TypeVar

from ringbolt.app.sales_terms import Cards, SalesTerms
from ringbolt.core.pricing import costs, rates
from ringbolt.core.pricing.costs import TextCostError, TextCosts
from ringbolt.core.pricing.prices import PriceList, PriceListError, PriceRow, parse_prices_csv
from ringbolt.core.pricing.rates import RateCard, RateCardError
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.wording import named

T = TypeVar("T")


def load_prices(settings: Settings) -> PriceList:
    """The operator's prices. Raises ``SettingsError``."""
    prices = settings.prices

    def prices_of(table: tuple[PriceRow, ...]) -> PriceList:
        return PriceList(
            receive=prices.receive,
            send=prices.send,
            rent=prices.rent,
            s4s=prices.s4s,
            speech=prices.speech,
            table=table,
        )

    setting = ("prices", "table")
    if not prices.table:
        return _read(setting, "", lambda _: prices_of(()))
    return _read(setting, prices.table, lambda text: prices_of(parse_prices_csv(text)))


def load_terms(settings: Settings) -> SalesTerms:
    """The prices and rates of the settings, which changes in the store replace once they are read
    (``SalesTerms.refresh``). Raises ``SettingsError``."""
    return SalesTerms(Cards(load_prices(settings), load_rate_card(settings)))


def load_text_costs(settings: Settings) -> TextCosts:
    """The operator's costs of texts, or those shipped. Raises ``SettingsError``."""
    file = settings.sms.cost_card
    if not file:
        return costs.parse_csv(_shipped("costs.csv"))
    return _read(("sms", "cost_card"), file, costs.parse_csv)


def load_rate_card(settings: Settings) -> RateCard:
    """The operator's rate card, or the one shipped. Raises ``SettingsError``."""
    file = settings.calls.rate_card
    if not file:
        return rates.parse_csv(_shipped("rate_card.csv"))
    parse = rates.parse_toml if file.endswith(".toml") else rates.parse_csv
    return _read(("calls", "rate_card"), file, parse)


def _shipped(name: str) -> str:
    return resources.files("ringbolt.core.pricing").joinpath(name).read_text(encoding="utf-8")


def _read(setting: tuple[str, str], file: str, parse: Callable[[str], T]) -> T:
    """What the ``file`` that a setting names says; '' is an empty one. Raises ``SettingsError``."""
    try:
        return parse(Path(file).read_text(encoding="utf-8") if file else "")
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except UnicodeError:
        why = "is not text in UTF-8"
    except csv.Error:
        why = "is not a table of values separated by commas"
    except (PriceListError, TextCostError, RateCardError) as error:
        why = f"cannot be used: {error}"
    raise SettingsError(f"{named(*setting)}: {file or 'the price'} {why}.")
