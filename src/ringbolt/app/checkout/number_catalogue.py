"""The countries and services whose codes can be received, and how many numbers are free: the same
for the API's lists and the pages.

Providers are asked at most once a minute; while they do not answer, their last answer is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic, TypeVar

import structlog

from ringbolt.app.checkout.choose_provider import choose_provider
from ringbolt.app.shop import Shop
from ringbolt.core.countries import COUNTRIES, Country
from ringbolt.core.errors import RateLimited, Unavailable
from ringbolt.numbers.provider import NumberProvider, Offer

log = structlog.get_logger("ringbolt.orders")

FRESH_MS = 60_000
RETRY_MS = 10_000
ASK_WITHIN_S = 10.0

Known = TypeVar("Known")


@dataclass(slots=True)
class _Entry(Generic[Known]):
    value: Known | None
    ask_again_ms: int


class Remembered(Generic[Known]):
    """Answers of a provider, by request; one request at a time for each."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._entries: dict[object, _Entry[Known]] = {}
        self._locks: dict[object, asyncio.Lock] = {}

    async def get(self, key: object, ask: Callable[[], Awaitable[Known]]) -> Known:
        """Raises ``Unavailable`` if it is not known and the provider does not answer."""
        entry = self._entries.get(key)
        lock = self._locks.setdefault(key, asyncio.Lock())
        if entry is not None and (self._is_fresh(entry) or lock.locked()):
            return _known(entry)
        async with lock:
            entry = self._entries.get(key)
            if entry is None or not self._is_fresh(entry):
                entry = self._entries[key] = await self._ask(entry, ask)
            return _known(entry)

    def _is_fresh(self, entry: _Entry[Known]) -> bool:
        return self._now_ms() < entry.ask_again_ms

    async def _ask(
        self, entry: _Entry[Known] | None, ask: Callable[[], Awaitable[Known]]
    ) -> _Entry[Known]:
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                return _Entry(await ask(), self._now_ms() + FRESH_MS)
        except (Unavailable, RateLimited, TimeoutError) as error:
            log.warning("a provider does not say what it offers", reason=str(error))
            value = None if entry is None else entry.value
            return _Entry(value, self._now_ms() + RETRY_MS)


def _known(entry: _Entry[Known]) -> Known:
    if entry.value is None:
        raise Unavailable(
            "The provider of numbers does not answer at the moment, so it is not known what is on "
            "offer.",
            code="NUMBERS_UNAVAILABLE",
            suggestion="Try again in a little while.",
            retry_after_s=RETRY_MS // 1000,
        )
    return entry.value


@dataclass(frozen=True, slots=True)
class Place:
    """``count`` numbers of a country are free for a service."""

    country: Country
    count: int


class NumberCatalogue:
    """What the providers of a shop offer."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._offers: Remembered[tuple[Offer, ...]] = Remembered(shop.clock.now_ms)
        self._countries: Remembered[tuple[int, ...]] = Remembered(shop.clock.now_ms)

    async def services(self, country: Country, *, real: bool) -> list[Offer]:
        """The offers in ``country``, without denied services, those sold out last. Raises
        ``Unavailable``."""
        if real:
            own = await choose_provider(self._shop, country.cc)
            providers: tuple[NumberProvider, ...] = () if own is None else (own,)
        else:
            providers = self._shop.number_providers.route(str(country.cc))

        def ask(provider: NumberProvider) -> Awaitable[tuple[Offer, ...]]:
            cc = country.cc
            return self._offers.get((provider.name, cc), lambda: provider.offers(cc))

        offers = _together(await _answers(providers, ask))
        denied = {code.lower() for code in self._shop.settings.abuse.denied_services}
        allowed = [offer for offer in offers if offer.code not in denied]
        return sorted(allowed, key=lambda offer: offer.count <= 0)

    async def places(self, service: str, countries: Sequence[Country]) -> list[Place]:
        """In which of the ``countries`` there are numbers for ``service`` now; those whose
        providers do not answer are left out."""
        answers = await asyncio.gather(
            *(self.services(country, real=False) for country in countries), return_exceptions=True
        )
        found: list[Place] = []
        for country, answer in zip(countries, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, Unavailable):
                    raise answer
                continue
            count = sum(offer.count for offer in answer if offer.code == service)
            if count > 0:
                found.append(Place(country, count))
        return found

    async def countries(self) -> list[Country]:
        """The countries in which there are numbers. Raises ``Unavailable``."""

        def ask(provider: NumberProvider) -> Awaitable[tuple[int, ...]]:
            return self._countries.get(provider.name, lambda: self._countries_of(provider))

        answers = await _answers(tuple(self._shop.number_providers), ask)
        return [COUNTRIES[cc] for cc in sorted({cc for countries in answers for cc in countries})]

    async def _countries_of(self, provider: NumberProvider) -> tuple[int, ...]:
        """The countries where the provider has numbers and is the one that the settings choose."""
        route = self._shop.number_providers.route
        found = await provider.countries()
        return tuple(cc for cc in found if cc in COUNTRIES and provider in route(str(cc)))


async def _answers(
    providers: Sequence[NumberProvider], ask: Callable[[NumberProvider], Awaitable[Known]]
) -> list[Known]:
    """The answers of the providers that answer. Raises ``Unavailable`` if none does."""
    found = await asyncio.gather(*map(ask, providers), return_exceptions=True)
    known: list[Known] = []
    for answer in found:
        if isinstance(answer, BaseException):
            if not isinstance(answer, Unavailable):
                raise answer
        else:
            known.append(answer)
    if found and not known:
        assert isinstance(found[0], Unavailable)
        raise found[0]
    return known


def _together(lists: Iterable[Iterable[Offer]]) -> list[Offer]:
    """Every service once, with the numbers of all providers."""
    found: dict[str, Offer] = {}
    for offer in chain.from_iterable(lists):
        before = found.get(offer.code)
        count = max(0, offer.count) + (0 if before is None else max(0, before.count))
        found[offer.code] = replace(offer if before is None else before, count=count)
    return list(found.values())
