"""The kinds of parts that orders are asked of, for the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.core.countries import resolve_country
from ringbolt.mail.types import MAILERS
from ringbolt.numbers.types import PROVIDERS
from ringbolt.registry.settings import (
    PartSettings,
    RoutedByCountry,
    RoutedByDomain,
    RoutedByPrefix,
)
from ringbolt.registry.types import PartTypes
from ringbolt.settings import Settings
from ringbolt.sms.types import SMS_CARRIERS
from ringbolt.voice.types import CARRIERS

_SHOWN: Final = 8
"""How many prefixes, countries or domains of a part are shown."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``area``: the section of the settings. ``everywhere``: what a part without limits serves;
    ``world``: what the simulated one does."""

    area: str
    name: str
    types: PartTypes[Any, Any]
    everywhere: str
    world: str
    parts: Callable[[Settings], tuple[PartSettings, ...]]


KINDS: Final = (
    Kind(
        "calls",
        "voice carrier",
        CARRIERS,
        "all numbers",
        "phones ring in the simulated world",
        lambda settings: settings.calls.carriers,
    ),
    Kind(
        "sms",
        "SMS carrier",
        SMS_CARRIERS,
        "all numbers",
        "texts reach phones of the simulated world",
        lambda settings: settings.sms.carriers,
    ),
    Kind(
        "numbers",
        "number provider",
        PROVIDERS,
        "all countries",
        "numbers are leased from the simulated world",
        lambda settings: settings.numbers.providers,
    ),
    Kind(
        "mail",
        "mailer",
        MAILERS,
        "all addresses",
        "e-mails reach mailboxes of the simulated world",
        lambda settings: settings.mail.servers,
    ),
)


def parts_of(settings: Settings) -> Iterator[tuple[Kind, PartSettings, str]]:
    """Every part, with its kind and what it is called in a list of findings."""
    for kind in KINDS:
        parts = kind.parts(settings)
        for part in parts:
            yield kind, part, kind.name if len(parts) == 1 else f"{kind.name} {part.name}"


def served(part: PartSettings) -> str:
    """The destinations that a part is limited to; '' for all."""
    names: tuple[str, ...] = ()
    if isinstance(part, RoutedByPrefix):
        names = part.prefixes
    elif isinstance(part, RoutedByCountry):
        names = tuple(resolve_country(str(cc)).name for cc in part.countries)
    elif isinstance(part, RoutedByDomain):
        names = part.domains
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
