"""When an order's document has changed, its pages of texts, and drafts of earlier versions."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.clock import SystemClock
from ringbolt.core.notices import to_json
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from support.databases.order_rows import (
    move,
    present,
    put_text,
)
from support.order_documents import NO_NUMBER, renderer, shown, waiting

DRAFT = (
    b'{"status":"OK","paid":true,"id":1234567890,"number":12345678901,"timestamp":9,"state":'
    b'"in_progress","codeText":"48010","isRental":false,"assignedAt":1000,"draft":true,"orderId":"'
    + b"ab" * 32
    + b'"}'
)
"""What earlier versions wrote down to be told."""


def test_a_draft_of_an_earlier_version_is_filled_in_once_and_then_stays() -> None:
    first = renderer("auto", 60).finish(DRAFT)

    assert json.loads(first)["code"] == 48010
    assert json.loads(first)["cancelAfter"] == 61_000
    assert "draft" not in json.loads(first)
    assert renderer("string", 5).finish(first) == first


def _waits(tx: Tx) -> Order:
    return present(tx, waiting(tx))


async def test_news_is_what_the_document_shows_but_for_its_time(
    db: Database, clock: SystemClock
) -> None:
    order = await db.tx(_waits)
    first = await db.read(order_notice, order)
    clock.set_offset(60_000)
    await db.tx(lambda tx: put_text(tx, order.id, "Your code is 48010"))
    second = await db.read(order_notice, order)
    later = msgspec.structs.replace(second, changed_ms=(second.changed_ms or 0) + 1)

    assert first.news() != second.news() == later.news()


async def test_the_search_for_another_number_may_end_with_none(db: Database) -> None:
    def given(tx: Tx) -> str:
        order_id = waiting(tx)
        move(tx, order_id, "dispatching", "the buyer asked for another number")
        move(tx, order_id, "failed", "no number is free (none left)")
        return order_id

    document = await shown(db, given)
    assert document["error"] == NO_NUMBER
    assert document["number"] == 12345678901


def flooded(texts: int) -> Callable[[Tx], str]:
    def given(tx: Tx) -> str:
        order_id = waiting(tx, "rental")
        for each in range(texts):
            put_text(tx, order_id, f"text {each}")
        return order_id

    return given


async def test_a_document_holds_the_latest_texts_and_a_page_those_before(db: Database) -> None:
    # Given an order with more texts than a document holds
    order_id = await db.tx(flooded(45))
    order = await db.read(present, order_id)
    # When it is told page by page
    pages = [await db.read(order_notice, order, page) for page in (1, 2, 3, 4)]
    reported = [json.loads(renderer().status(page)) for page in pages]
    # Then each has the 20 before the one before, and all say which is the latest of how many
    texts = [[text["text"] for text in page.get("messages", [])] for page in reported]
    assert texts[0] == [f"text {each}" for each in range(25, 45)]
    assert texts[1] == [f"text {each}" for each in range(5, 25)]
    assert texts[2] == [f"text {each}" for each in range(5)]
    assert texts[3] == []
    assert {(page["sms"], page["messagesCount"]) for page in reported} == {("text 44", 45)}


async def test_what_waits_to_be_sent_does_not_grow_with_the_texts(db: Database) -> None:
    order_id = await db.tx(flooded(20))
    order = await db.read(present, order_id)
    sizes = []
    for _ in range(2):
        sizes.append(len(to_json(await db.read(order_notice, order))))
        for each in range(20):
            await db.tx(put_text, order_id, f"text {each}")
    assert sizes[1] < sizes[0] + 100
