"""The offers of the simulated provider: every known service in every known country."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Final

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.services import SERVICES
from ringbolt.numbers.provider import ANY_COUNTRY, Offer
from ringbolt.simulator.numbers.script import SCRIPTED_SERVICES

_FEWEST: Final = 12
_SPREAD: Final = 640


def countries() -> tuple[int, ...]:
    """The ids of all countries, in ascending order."""
    return tuple(sorted(COUNTRIES))


@lru_cache(maxsize=512)
def offers(country: int) -> tuple[Offer, ...]:
    """Every service, the scripted ones last; empty for an unknown country.

    The counts are made up: they differ from place to place, and never change.
    """
    if country != ANY_COUNTRY and country not in COUNTRIES:
        return ()
    known = [(service.code, service.name) for service in SERVICES.values()]
    scripted = [(code, f"Simulated: {code}") for code in SCRIPTED_SERVICES]
    return tuple(Offer(code, name, _count(country, code)) for code, name in known + scripted)


def _count(country: int, code: str) -> int:
    digest = sha256(f"{country}:{code}".encode()).digest()
    return _FEWEST + int.from_bytes(digest[:4], "big") % _SPREAD
