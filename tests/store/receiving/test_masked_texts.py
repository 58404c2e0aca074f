"""A text is masked once, when it is stored, and no longer than a telephone can send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringbolt.app.numbers import receive_text
from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.webhooks import order_notice
from ringbolt.core.notices import NumberNotice
from ringbolt.core.texts.plain import MAX_CHARS
from ringbolt.core.texts.redact import MASK
from ringbolt.store import housekeeping, received_texts
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import by_id
from ringbolt.store.received_texts import NewText, ReceivedText
from ringbolt.store.schema.text_tables import received_text
from support.rigs.receiving import (
    CODE,
    PaidReceivingOrder,
    ReceivingProcess,
    ReceivingWorld,
    assigned,
)

ANNOUNCED = "Your code is kitten"


async def _shown(order: PaidReceivingOrder) -> NumberNotice:
    """What the buyer sees."""

    def read(tx: Tx) -> NumberNotice:
        found = by_id(tx, order.id)
        assert found is not None
        notice = order_notice.order_notice(tx, found).receiving
        assert notice is not None
        return notice

    return await order.world.db.read(read)


async def _stored(order: PaidReceivingOrder) -> list[ReceivedText]:
    return await order.texts()


@pytest.fixture
def masks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were masked when they were looked at."""
    masked_late: list[str] = []

    def mask(text: str) -> str:
        masked_late.append(text)
        return MASK

    monkeypatch.setattr(order_notice, "masked", mask)
    return masked_late


async def test_an_unpaid_text_is_masked_once_when_it_comes(
    world: ReceivingWorld, process: ReceivingProcess, masks: list[str]
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), ANNOUNCED)
    await process.settle_down()

    for _ in range(3):
        shown = await _shown(order)

    assert (shown.texts[0].text, shown.latest, shown.is_masked) == (
        f"Your code is {MASK}",
        f"Your code is {MASK}",
        True,
    )
    assert masks == []


async def test_a_text_that_waited_in_quarantine_is_masked_when_it_gets_its_order(
    world: ReceivingWorld, process: ReceivingProcess, masks: list[str]
) -> None:
    order = await assigned(world, process)
    came = world.backend.text(await order.number(), ANNOUNCED)
    waiting = NewText(
        "provider", came.event_id, came.lease_id, came.number, "Acme", came.text, "", came.at_ms
    )
    assert await world.db.tx(received_texts.keep, waiting, None)
    await process.settle_down()

    assert (await _shown(order)).texts[0].text == f"Your code is {MASK}"
    assert masks == []


async def test_what_is_paid_is_shown_whole_and_needs_no_mask(
    world: ReceivingWorld, process: ReceivingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    world.backend.text(number, ANNOUNCED)
    await process.settle_down()
    monkeypatch.setattr(receive_text, "masked", None)  # nothing calls it from now on
    world.backend.text(number, CODE)
    world.backend.text(number, "And one more")
    await process.settle_down()

    assert [text.text for text in (await _shown(order)).texts] == [ANNOUNCED, CODE, "And one more"]
    assert [text.masked is None for text in await _stored(order)] == [False, True, True]


async def test_a_text_of_an_earlier_version_is_masked_when_it_is_looked_at(
    world: ReceivingWorld, process: ReceivingProcess, masks: list[str]
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), ANNOUNCED)
    await process.settle_down()
    await world.db.tx(lambda tx: tx.run(received_text.update().values(masked=None)))

    assert (await _shown(order)).texts[0].text == MASK
    assert set(masks) == {ANNOUNCED}


async def test_no_more_is_stored_than_a_telephone_sends(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    world.backend.text(number, "Welcome to us. " * 100_000)
    await process.settle_down()

    (text,) = await _stored(order)
    assert len(text.text) == receive_text.MOST_CHARS
    assert len(text.masked or "") == MAX_CHARS + 1
    await accept_without_code(process.shop, order.id)
    assert len((await _shown(order)).texts[0].text) == receive_text.MOST_CHARS


async def test_two_events_with_long_names_are_two(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    named = [
        replace(world.backend.text(number, f"Hello {n}"), event_id="e" * 5000 + str(n))
        for n in range(2)
    ]
    world.backend.log.clear()
    world.backend.log.extend([*named, *named])
    await process.settle_down()

    assert [text.text for text in await _stored(order)] == ["Hello 0", "Hello 1"]
    assert all(len(text.event_id) <= 200 for text in await _stored(order))


async def test_a_mask_is_wiped_with_its_text(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), ANNOUNCED)
    await process.work()
    assert (await _stored(order))[0].masked is not None

    world.pass_ms(1000)
    await world.db.tx(housekeeping.wipe_texts, 0)

    (text,) = await _stored(order)
    assert (text.text, text.masked) == ("", None)
