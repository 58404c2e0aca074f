"""The types of number providers. To add one, add a folder here and a line below, or an entry point
of a plug-in in the group ``ringbolt.numbers``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from ringbolt.numbers.pool import PoolStore
from ringbolt.numbers.provider import LeaseBook, NumberProvider
from ringbolt.registry.settings import RoutedByCountry
from ringbolt.registry.types import Context, PartTypes


@dataclass(frozen=True, slots=True)
class NumbersContext(Context):
    """``own_numbers`` stores the leases of the operator's numbers, ``leases`` those of all
    providers."""

    own_numbers: PoolStore
    leases: LeaseBook


class PoolSettings(RoutedByCountry):
    """The operator's own numbers (ringbolt numbers add). There is one pool, and it is called so."""

    type: Literal["pool"] = "pool"
    name: Literal["pool"] = Field("pool", description="It is always called so.")


PROVIDERS: Final = PartTypes[NumbersContext, NumberProvider](
    "ringbolt.numbers",
    {
        "simulated": "ringbolt.numbers.simulated.part:SIMULATED",
        "pool": "ringbolt.numbers.pool_part:POOL",
        "memory": "ringbolt.numbers.memory.part:MEMORY",
        "handler_api": "ringbolt.numbers.handler_api.part:HANDLER_API",
    },
)
OWN_NUMBERS: Final = PoolSettings()
"""The part that every shop has, named in its settings or not."""
