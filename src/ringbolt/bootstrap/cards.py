"""Loads the operator's price tables, or those shipped with Ringbolt."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from ringbolt.core.pricing import costs
from ringbolt.core.pricing.costs import TextCostError, TextCosts
from ringbolt.core.pricing.prices import PriceList, PriceListError, parse_prices_csv
from ringbolt.core.pricing.rates import RateCard, RateCardError, parse_csv, parse_toml
from ringbolt.settings import Settings, SettingsError


def load_prices(settings: Settings) -> PriceList:
    """The operator's prices. Raises ``SettingsError``."""
    prices = settings.prices
    try:
        text = Path(prices.table).read_text(encoding="utf-8") if prices.table else ""
        return PriceList(
            receive=prices.receive,
            send=prices.send,
            rent=prices.rent,
            s4s=prices.s4s,
            table=parse_prices_csv(text) if text else (),
        )
    except (OSError, UnicodeError, PriceListError) as error:
        raise SettingsError(f"The prices {prices.table} cannot be used: {error}") from None


def load_text_costs(settings: Settings) -> TextCosts:
    """The operator's costs of texts, or those shipped. Raises ``SettingsError``."""
    named = settings.sms.cost_card
    try:
        if not named:
            shipped = resources.files("ringbolt.core.pricing").joinpath("costs.csv")
            return costs.parse_csv(shipped.read_text(encoding="utf-8"))
        return costs.parse_csv(Path(named).read_text(encoding="utf-8"))
    except (OSError, UnicodeError, TextCostError) as error:
        raise SettingsError(f"The costs of texts {named} cannot be used: {error}") from None


def load_rate_card(settings: Settings) -> RateCard:
    """The operator's rate card, or the one shipped. Raises ``SettingsError``."""
    named = settings.calls.rate_card
    try:
        if not named:
            shipped = resources.files("ringbolt.core.pricing").joinpath("rate_card.csv")
            return parse_csv(shipped.read_text(encoding="utf-8"))
        text = Path(named).read_text(encoding="utf-8")
        return parse_toml(text) if named.endswith(".toml") else parse_csv(text)
    except (OSError, UnicodeError, RateCardError) as error:
        raise SettingsError(
            f"The rate card {named or '(shipped)'} cannot be used: {error}"
        ) from None
