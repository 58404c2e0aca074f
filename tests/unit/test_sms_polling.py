"""Many texts are asked about, though the carrier fails to tell of some."""

from __future__ import annotations

import pytest

from ringbolt.core.errors import Unavailable
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptState
from ringbolt.sms.polling import AT_ONCE, each_of

TEXTS = [(f"ref-{n}", f"id-{n}") for n in range(5 * AT_ONCE)]
BAD = frozenset(part_id for _, part_id in TEXTS[: AT_ONCE + 1])


async def ask(ref: str, part_id: str) -> list[DeliveryReceipt]:
    if part_id in BAD:
        raise Unavailable("HTTP 500")
    return [DeliveryReceipt(part_id, part_id, ref, 1, ReceiptState.SENT, "sent", 0)]


async def test_texts_that_cannot_be_asked_about_do_not_hold_up_the_others() -> None:
    told: set[str] = set()
    for _ in range(50):
        try:
            told |= {receipt.part_id for receipt in await each_of(ask, TEXTS)}
        except Unavailable:
            continue
    assert told == {part_id for _, part_id in TEXTS} - BAD


async def test_a_carrier_that_does_not_answer_at_all_is_not_asked_on() -> None:
    asked = 0

    async def dead(ref: str, part_id: str) -> list[DeliveryReceipt]:
        nonlocal asked
        asked += 1
        raise Unavailable("nothing came in time")

    with pytest.raises(Unavailable):
        await each_of(dead, TEXTS)
    assert asked == AT_ONCE
    assert await each_of(dead, []) == []


async def test_a_fault_of_ours_is_not_hidden() -> None:
    async def faulty(ref: str, part_id: str) -> list[DeliveryReceipt]:
        raise KeyError(ref)

    with pytest.raises(KeyError):
        await each_of(faulty, TEXTS)
