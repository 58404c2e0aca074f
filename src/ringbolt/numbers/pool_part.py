"""``type = "pool"``: the operator's own numbers. Every shop has this part, for orders with
``realphone``; if the settings name it as a provider, it serves all other orders too."""

from __future__ import annotations

from typing import Final

from ringbolt.numbers.pool import PoolProvider
from ringbolt.numbers.provider import NumberProvider
from ringbolt.numbers.types import NumbersContext, PoolSettings
from ringbolt.registry.types import PartType


def _build(_: PoolSettings, context: NumbersContext) -> NumberProvider:
    return PoolProvider(context.own_numbers)


POOL: Final = PartType(PoolSettings, _build)
