"""How a carrier is asked about many texts: some at a time, over as many connections."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ringbolt.core.errors import Unavailable
from ringbolt.sms.carrier import DeliveryReceipt

AT_ONCE: Final = 8


async def each_of(
    ask: Callable[[str, str], Awaitable[Sequence[DeliveryReceipt]]],
    texts: Sequence[tuple[str, str]],
) -> list[DeliveryReceipt]:
    """What ``ask(ref, part_id)`` says of each.

    Texts that the carrier always fails to tell of must not keep the others from being told of. So
    it begins with another one each time, and ends, or raises ``Unavailable`` if nothing was told,
    only when it could ask about none of ``AT_ONCE`` in a row.
    """
    found: list[DeliveryReceipt] = []
    first = random.randrange(len(texts)) if texts else 0  # noqa: S311 - not a secret
    texts = [*texts[first:], *texts[:first]]
    for start in range(0, len(texts), AT_ONCE):
        some = (ask(*each) for each in texts[start : start + AT_ONCE])
        answers = await asyncio.gather(*some, return_exceptions=True)
        failed = [each for each in answers if isinstance(each, BaseException)]
        for error in failed:
            if not isinstance(error, Unavailable):
                raise error
        for receipts in answers:
            if not isinstance(receipts, BaseException):
                found += receipts
        if len(failed) == len(answers):
            if found:
                break
            raise failed[0]
    return found
