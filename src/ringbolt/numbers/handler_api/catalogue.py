"""What a provider has, and for how much: kept, and fetched again in the background.

Countries are numbered as in ``core.countries`` by most providers, but not by all: their own list
of names says which number is which country.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.countries import COUNTRIES, find_country
from ringbolt.numbers.handler_api.client import HandlerApi
from ringbolt.numbers.handler_api.dialect import Dialect
from ringbolt.numbers.handler_api.fields import MOST_ITEMS, items_of, text_of
from ringbolt.numbers.handler_api.kept import Kept
from ringbolt.numbers.handler_api.prices import Price, by_country, micros_of, of_rentals
from ringbolt.numbers.handler_api.reply import Document, Word

PRICES_MS: Final = 120_000
LISTS_MS: Final = 7_200_000
BALANCE_MS: Final = 60_000
_MOST_OF_NAME: Final = 100
_BALANCE: Final = "balance"


@dataclass(frozen=True, slots=True)
class CountryIds:
    """The provider's ids of our countries, and the other way round."""

    id_of: Mapping[int, str]
    cc_of: Mapping[str, int]


SAME: Final = CountryIds({cc: str(cc) for cc in COUNTRIES}, {str(cc): cc for cc in COUNTRIES})
"""The ids of a provider without a list: those of the family."""


class Catalogue:
    """Raises ``Unavailable`` where it waits for a first answer."""

    def __init__(self, api: HandlerApi, dialect: Dialect, clock: Clock) -> None:
        self._api = api
        self._dialect = dialect
        self._countries: Kept[CountryIds] = Kept(clock, LISTS_MS)
        self._services: Kept[dict[str, str]] = Kept(clock, LISTS_MS)
        self._prices: Kept[dict[str, Price]] = Kept(clock, PRICES_MS)
        self._of_service: Kept[dict[int, Price]] = Kept(clock, PRICES_MS)
        self._balance: Kept[int] = Kept(clock, BALANCE_MS)

    async def close(self) -> None:
        for kept in (self._countries, self._services, self._prices, self._of_service):
            await kept.close()
        await self._balance.close()

    # Countries and services

    async def countries(self) -> CountryIds:
        return await self._countries.get("", self._fetch_countries)

    def known_countries(self) -> CountryIds:
        """Never waits; before the first answer, the ids of the family."""
        return self._countries.look("", self._fetch_countries) or SAME

    async def services(self) -> dict[str, str]:
        """The names of the services by code."""
        return await self._services.get("", self._fetch_services)

    async def _fetch_countries(self) -> CountryIds:
        return country_ids(await self._api.document("getCountries"))

    async def _fetch_services(self) -> dict[str, str]:
        document = await self._api.document("getServicesList", lang="en")
        listed = document.get("services") if isinstance(document, Mapping) else document
        return {
            code: text_of(item.get("name"))[:_MOST_OF_NAME]
            for item in items_of(listed)
            if (code := text_of(item.get("code")))
        }

    # Prices

    async def prices(self, country: int) -> dict[str, Price]:
        """The services of activations in a country."""
        return await self._prices.get((country, 0), lambda: self._fetch_prices(country))

    def known_price(self, service: str, country: int, hours: int) -> Price | None:
        """What is known now; never waits."""
        if hours:
            fetch_rentals = lambda: self._fetch_rentals(country, hours)  # noqa: E731
            prices = self._prices.look((country, hours), fetch_rentals)
        else:
            prices = self._prices.look((country, 0), lambda: self._fetch_prices(country))
        if prices is None:
            return None
        return prices.get(service, Price(None, 0))

    async def price(self, service: str, country: int, hours: int) -> Price:
        """As ``known_price``, but waits for the first answer."""
        if hours:
            fetch_rentals = lambda: self._fetch_rentals(country, hours)  # noqa: E731
            prices = await self._prices.get((country, hours), fetch_rentals)
        else:
            prices = await self.prices(country)
        return prices.get(service, Price(None, 0))

    async def prices_of(self, service: str) -> dict[int, Price]:
        """The countries in which a service can be had."""
        return await self._of_service.get(service, lambda: self._fetch_prices_of(service))

    async def _fetch_prices(self, country: int) -> dict[str, Price]:
        country_id = (await self.countries()).id_of.get(country)
        if country_id is None:
            return {}
        document = await self._api.document("getPrices", country=country_id)
        return by_country(document).get(country_id, {})

    async def _fetch_prices_of(self, service: str) -> dict[int, Price]:
        cc_of = (await self.countries()).cc_of
        document = await self._api.document("getPrices", service=service)
        return {
            cc_of[country]: prices[service]
            for country, prices in by_country(document, service).items()
            if country in cc_of and service in prices
        }

    async def _fetch_rentals(self, country: int, hours: int) -> dict[str, Price]:
        country_id = (await self.countries()).id_of.get(country)
        if country_id is None or not self._dialect.rent:
            return {}
        time = {self._dialect.rent: str(self._dialect.rent_time(hours))}
        action = "getRentServicesAndCountries"
        return of_rentals(await self._api.document(action, country=country_id, **time))

    # Balance

    async def balance(self) -> int | None:
        """The balance in millionths, fetched now; None if the provider does not say. Raises
        ``Unavailable``."""
        found = await self._fetch_balance()
        if found is not None:
            self._balance.set(_BALANCE, found)
        return found

    def known_balance(self) -> int | None:
        """Never waits."""
        return self._balance.look(_BALANCE, self._kept_balance)

    def balance_changed(self) -> None:
        """Something was bought: the next look fetches it."""
        self._balance.forget_age(_BALANCE)

    def no_balance_left(self) -> None:
        """The provider refused because of it."""
        self._balance.set(_BALANCE, 0)

    async def _kept_balance(self) -> int:
        found = await self._fetch_balance()
        if found is None:
            raise self._api.unavailable("it does not tell its balance")
        return found

    async def _fetch_balance(self) -> int | None:
        reply = await self._api.ask_in_turn("getBalance")
        if isinstance(reply, Word):
            return micros_of(reply.rest) if reply.word == "ACCESS_BALANCE" else None
        return micros_of(reply.get("balance")) if isinstance(reply, Mapping) else None


def country_ids(document: Document | None) -> CountryIds:
    """The ids of a provider's list of countries; those of the family if it has none.

    A name that is not known here keeps the family's meaning of its number. Where two of the
    provider's countries are one of ours (virtual numbers), the family's own number goes first.
    """
    cc_of: dict[str, int] = {}
    for item in _countries_in(document):
        country_id = text_of(item.get("id"))
        named = find_country(text_of(item.get("eng"))) if text_of(item.get("eng")) else None
        same = SAME.cc_of.get(country_id)
        cc = same if named is None or named.cc not in COUNTRIES else named.cc
        if country_id and cc is not None and text_of(item.get("visible")) != "0":
            cc_of[country_id] = cc
    if not cc_of:
        return SAME
    id_of: dict[int, str] = {}
    for country_id, cc in cc_of.items():
        if cc not in id_of or country_id == str(cc):
            id_of[cc] = country_id
    return CountryIds(id_of, cc_of)


def _countries_in(document: Document | None) -> list[Mapping[str, object]]:
    """A list, or an object by id, as ``getCountries`` has it."""
    if isinstance(document, Mapping):
        listed = document.get("countries", document)
        if isinstance(listed, Mapping):
            items = islice(listed.items(), MOST_ITEMS)
            return [{"id": key, **item} for key, item in items if isinstance(item, Mapping)]
        return list(items_of(listed))
    return list(items_of(document))
