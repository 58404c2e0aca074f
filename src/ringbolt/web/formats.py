"""Numbers, dates and spans of time as the visitor's language writes them (CLDR, by Babel).

Times are UTC, in 24 hours; digits are the Latin ones in every language.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from ringbolt.core.countries import Country, by_region
from ringbolt.core.humanise import in_units
from ringbolt.core.pricing.money import MSAT_PER_SAT
from ringbolt.web.languages import language

if TYPE_CHECKING:
    from babel import Locale


def grouped(number: int) -> str:
    """``12,345``."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - takes a while to load

    return format_decimal(number, locale=locale())


def exact_sats(msat: int) -> str:
    """All of an amount in sats, with its sign: ``1,234``, ``-1.5``."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - takes a while to load

    sats = Decimal(msat) / MSAT_PER_SAT
    written = format_decimal(sats, format="#,##0.###", locale=locale())
    return written.replace("-", "\N{MINUS SIGN}")


def signed_sats(msat: int) -> str:
    """The same, with a plus sign."""
    return f"+{exact_sats(msat)}" if msat > 0 else exact_sats(msat)


def clock(ms: int) -> str:
    """``14:32:41``, UTC."""
    return f"{at(ms):%H:%M:%S}"


def minute(ms: int) -> str:
    """``14:32``, UTC."""
    return f"{at(ms):%H:%M}"


def day(ms: int) -> str:
    """``21 November 2026``."""
    from babel.dates import format_date  # noqa: PLC0415 - takes a while to load

    return format_date(at(ms).date(), "long", locale=locale())


def short_day(ms: int) -> str:
    """``21 Nov``."""
    from babel.dates import format_skeleton  # noqa: PLC0415 - takes a while to load

    return format_skeleton("MMMd", at(ms).date(), locale=locale())


def money(sum_: Decimal, currency: str) -> str:
    """A sum in an ISO 4217 currency, ``€0.18``; what is less than its smallest coin is one."""
    from babel.numbers import format_currency, get_currency_precision  # noqa: PLC0415

    coin = Decimal(1).scaleb(-get_currency_precision(currency))
    return format_currency(max(sum_, coin), currency, locale=locale())


def stamp(ms: int) -> str:
    """For the ``datetime`` of ``<time>``."""
    return f"{at(ms):%Y-%m-%dT%H:%M:%SZ}"


def amount(number: int, unit: str) -> str:
    """A number of days, hours, minutes or seconds: ``5 minutes``."""
    from babel.units import format_unit  # noqa: PLC0415 - takes a while to load

    return format_unit(number, f"duration-{unit}", "long", locale=locale())


def span(ms: int) -> str:
    """A time in its two largest units, rounded up: ``6 minutes``, ``2 hours 24 minutes``."""
    return " ".join(amount(number, unit) for number, unit in in_units(ms))


def region_name(region: str) -> str:
    """The name of an ISO 3166 region; '' if it has none."""
    return str(locale().territories.get(region, "")) if region else ""


def place_name(country: Country | None) -> str:
    """The name of a country that numbers are leased in; '' for any country."""
    if country is None or not country.region:
        return ""
    name = region_name(country.region) or country.name
    usual = by_region(country.region)
    # Some countries are listed twice, such as for virtual numbers.
    return name if usual is None or usual.cc == country.cc else f"{name} ({country.name})"


def language_name(code: str) -> str:
    """The name of a language, or its code."""
    return str(locale().languages.get(code, code))


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)


def locale() -> Locale:
    return _locale(language().locale)


@cache
def _locale(name: str) -> Locale:
    from babel import Locale  # noqa: PLC0415 - takes a while to load

    return Locale.parse(name)
