"""How a carrier is asked about many texts: some at a time, over as many connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ringbolt.sms.carrier import DeliveryReceipt

AT_ONCE: Final = 8


async def each_of(
    ask: Callable[[str, str], Awaitable[Sequence[DeliveryReceipt]]],
    texts: Sequence[tuple[str, str]],
) -> list[DeliveryReceipt]:
    """What ``ask(ref, part_id)`` says of each, in their order. The first exception ends it."""
    found: list[DeliveryReceipt] = []
    for start in range(0, len(texts), AT_ONCE):
        some = (ask(*each) for each in texts[start : start + AT_ONCE])
        for receipts in await asyncio.gather(*some):
            found += receipts
    return found
