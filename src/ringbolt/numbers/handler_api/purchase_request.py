"""What a provider is asked for when a number is bought: the action, the country, the parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringbolt.core.outcome import Rejected
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.catalogue import Catalogue
from ringbolt.numbers.handler_api.texts import RENTAL
from ringbolt.numbers.provider import ANY_COUNTRY, AcquireNumber, LeaseBook

_CHEAPEST: Final = 3


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """``country``: a number of ``core.countries``, the one chosen for ``ANY_COUNTRY``."""

    action: str
    country: int
    params: Mapping[str, str]


class Purchases:
    """The requests for numbers of one account."""

    def __init__(self, account: Account, catalogue: Catalogue, book: LeaseBook) -> None:
        self._account = account
        self._dialect = account.dialect
        self._catalogue = catalogue
        self._book = book
        self._turn = 0

    async def request(self, wanted: AcquireNumber) -> PurchaseRequest | Rejected:
        """Raises ``Unavailable``."""
        if wanted.real:
            return Rejected("it has no numbers of real telephones")
        if wanted.hours and not self._dialect.rent:
            return Rejected("it leases no numbers for hours")
        return await (self._again(wanted) if wanted.again else self._new(wanted))

    async def _new(self, wanted: AcquireNumber) -> PurchaseRequest | Rejected:
        country = wanted.country
        if country == ANY_COUNTRY:
            country = await self._any_country(wanted)
        country_id = (await self._catalogue.countries()).id_of.get(country)
        if country_id is None:
            return Rejected("it has no numbers of that country")
        if await self._is_too_dear(wanted, country):
            return Rejected("it has none at that price")
        params = {"service": wanted.service, "country": country_id}
        if wanted.hours:
            params[self._dialect.rent] = str(self._dialect.rent_time(wanted.hours))
            return PurchaseRequest("getRentNumber", country, params)
        if (most := self._account.most(wanted)) and self._dialect.price:
            params[self._dialect.price] = most
        return PurchaseRequest(self._dialect.buy, country, params)

    async def _is_too_dear(self, wanted: AcquireNumber, country: int) -> bool:
        """Whether the list of prices says so; for requests that cannot name a highest price."""
        most = wanted.most(self._dialect.currency)
        if most is None or (self._dialect.price and not wanted.hours):
            return False
        price = await self._catalogue.price(wanted.service, country, wanted.hours)
        return price.micros is not None and price.micros > most.micros

    async def _again(self, wanted: AcquireNumber) -> PurchaseRequest | Rejected:
        former = await self._book.last_of(self._account.name, wanted.again)
        if not self._dialect.again or not former or former.startswith(RENTAL):
            return Rejected("it does not lease that number again")
        params = {"id": former, "activationId": former, "service": wanted.service}
        return PurchaseRequest(self._dialect.again, wanted.country, params)

    async def _any_country(self, wanted: AcquireNumber) -> int:
        """One of the cheapest countries that have the service at the buyer's price, in turn; -1 if
        there is none."""
        prices = await self._catalogue.prices_of(wanted.service)
        most = wanted.most(self._dialect.currency)
        most_micros = math.inf if most is None else most.micros
        having = [
            cc for cc, each in prices.items() if each.free and (each.micros or 0) <= most_micros
        ]
        having.sort(key=lambda cc: (prices[cc].micros or 0, cc))
        if not having:
            return -1
        self._turn += 1
        return having[self._turn % min(len(having), _CHEAPEST)]
