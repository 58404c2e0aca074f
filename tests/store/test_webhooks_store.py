"""What is to be told: written down once, in order, kept while it is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringbolt.app.webhooks import notify
from ringbolt.clock import SystemClock
from ringbolt.core import notices
from ringbolt.core.notices import Notice, NumberNotice, OrderNotice
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import jobs, orders, receiving_orders, webhook_log, webhooks
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.webhooks import Outgoing, WebhookState
from support.databases.order_rows import (
    HOOK,
    NUMBER,
    assign_number,
    last_notice,
    move,
    put_order,
    put_text,
)

DAY_MS = 86_400_000


def activation(tx: Tx, url: str = HOOK) -> str:
    """A paid activation whose payment was told."""
    order_id = put_order(tx, "activation", "paid", webhook_url=url).id
    notify.changed(tx, order_id)
    return order_id


def got_number(tx: Tx, order_id: str) -> None:
    move(tx, order_id, "dispatching")
    assign_number(tx, order_id)
    move(tx, order_id, "in_progress")
    notify.changed(tx, order_id)


def next_one(tx: Tx, order_id: str) -> Outgoing:
    found = webhooks.next_of(tx, order_id)
    assert found is not None
    return found


def deliver(tx: Tx, order_id: str) -> Outgoing:
    sent = next_one(tx, order_id)
    webhooks.record_try(tx, sent, sent.body, WebhookState.DELIVERED, (200, "", 5))
    return sent


def numbered(notice: Notice | None) -> NumberNotice:
    assert isinstance(notice, OrderNotice)
    assert notice.receiving is not None
    return notice.receiving


def fail(tx: Tx, order_id: str, state: WebhookState = WebhookState.PENDING) -> Outgoing:
    sent = next_one(tx, order_id)
    webhooks.record_try(tx, sent, sent.body + b" ", state, (500, "HTTP 500", 5))
    return sent


async def test_every_change_is_reported_in_order_with_the_orders_id(database: Database) -> None:
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)
    first = await database.tx(deliver, order_id)
    second = await database.tx(deliver, order_id)
    reported = [notices.from_json(sent.body) for sent in (first, second)]
    assert [numbered(notice).number for notice in reported] == ["", NUMBER]
    assert [getattr(notice, "order_id", None) for notice in reported] == [order_id, order_id]
    assert await database.read(webhooks.next_of, order_id) is None


async def test_what_was_reported_is_not_reported_again(database: Database) -> None:
    order_id = await database.tx(activation)
    await database.tx(notify.changed, order_id)
    page = await database.read(webhook_log.listing, order_id)
    assert len(page.webhooks) == 1


async def test_an_order_without_a_receiver_tells_nothing(database: Database) -> None:
    order_id = await database.tx(activation, "")
    assert await database.read(webhooks.next_of, order_id) is None
    assert await database.read(jobs.next_run_at, "webhook") is None


async def test_changes_at_once_are_all_reported_and_none_is_numbered_twice(
    database: Database,
) -> None:
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)

    def take(tx: Tx, n: int) -> None:
        receiving_orders.receiving_of(tx, order_id, lock=True)
        put_text(tx, order_id, f"text {n}")
        notify.changed(tx, order_id)

    await asyncio.gather(*(database.tx(take, n) for n in range(8)))
    page = await database.read(webhook_log.listing, order_id)
    assert sorted(found.seq for found in page.webhooks) == list(range(1, 11))
    last = numbered(await database.read(last_notice, order_id))
    assert len(last.texts) == 8


async def test_a_text_is_reported_masked_until_it_is_paid_for(database: Database) -> None:
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)

    def take(tx: Tx) -> Notice | None:
        put_text(tx, order_id, "It is QWERTYUI")
        notify.changed(tx, order_id)
        return last_notice(tx, order_id)

    def accept(tx: Tx) -> Notice | None:
        move(tx, order_id, "fulfilled")
        notify.changed(tx, order_id)
        return last_notice(tx, order_id)

    unpaid, paid = numbered(await database.tx(take)), numbered(await database.tx(accept))
    assert "QWERTYUI" not in str(unpaid)
    assert unpaid.is_masked
    assert paid.latest == "It is QWERTYUI"


async def test_one_job_sends_all_that_an_order_tells(database: Database) -> None:
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)
    claimed = await database.tx(jobs.claim, "webhook", 10, 15_000)
    assert [job.uniq for job in claimed] == [f"webhook:{order_id}"]


async def test_what_is_reported_while_the_job_ends_is_not_forgotten(database: Database) -> None:
    """Many rounds of a job that ends and a change that is told, at the same moment."""
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)

    def end(tx: Tx, job: jobs.Job) -> None:
        jobs.finish(tx, job)
        while webhooks.next_of(tx, order_id) is not None:
            deliver(tx, order_id)

    def tell(tx: Tx, n: int) -> None:
        notice = OrderNotice(
            order_id=order_id, kind=OrderKind.SMS, state=OrderState.PAID,
            method=PaymentMethod.HOLD, price_msat=n,
        )  # fmt: skip
        notify.enqueue(tx, order_id, "POST", HOOK, notice)

    for n in range(30):
        (job,) = await database.tx(jobs.claim, "webhook", 10, 15_000)
        await asyncio.gather(database.tx(end, job), database.tx(tell, n))
        if await database.read(webhooks.next_of, order_id) is None:
            await database.tx(tell, 1000 + n)
        assert await database.read(jobs.next_run_at, "webhook") is not None


async def test_a_retry_sends_the_bytes_of_the_first_try(database: Database) -> None:
    order_id = await database.tx(activation)
    first = await database.tx(fail, order_id)
    again = await database.tx(next_one, order_id)
    assert (again.id, again.tries) == (first.id, 1)
    assert again.body == first.body + b" "


async def test_later_ones_go_on_after_one_was_given_up(database: Database) -> None:
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)
    given_up = await database.tx(fail, order_id, WebhookState.GIVEN_UP)
    assert (await database.tx(next_one, order_id)).id != given_up.id


async def test_every_try_is_in_the_log_the_latest_first(database: Database) -> None:
    order_id = await database.tx(activation)
    await database.tx(fail, order_id)
    await database.tx(deliver, order_id)
    (found,) = (await database.read(webhook_log.listing, order_id)).webhooks
    assert found.state is WebhookState.DELIVERED
    assert found.done_ms is not None
    assert [(each.status, each.error) for each in found.log] == [(200, ""), (500, "HTTP 500")]


async def test_the_list_goes_on_where_its_cursor_says(
    database: Database, clock: SystemClock
) -> None:
    expected: list[str] = []
    for n in range(5):
        clock.set_offset(n * 10)
        expected.insert(0, await database.tx(activation))
    seen: list[str] = []
    cursor = ""
    while True:
        page = await database.read(webhook_log.listing, cursor=cursor, limit=2)
        seen += [found.order_id for found in page.webhooks]
        cursor = page.cursor
        if not cursor:
            break
    assert seen == expected
    for nonsense in ("nonsense", f"{'9' * 30}-1-msg_a"):
        with pytest.raises(ValueError, match="not a cursor"):
            await database.read(webhook_log.listing, cursor=nonsense)


async def test_failed_ones_can_be_listed_alone(database: Database) -> None:
    ids = [await database.tx(activation) for _ in range(4)]
    await database.tx(deliver, ids[0])
    failing = await database.tx(fail, ids[1])
    lost = await database.tx(fail, ids[2], WebhookState.GIVEN_UP)
    page = await database.read(webhook_log.listing, failed=True)
    assert {found.id for found in page.webhooks} == {failing.id, lost.id}


@pytest.mark.parametrize("state", [WebhookState.DELIVERED, WebhookState.GIVEN_UP])
async def test_one_that_is_done_can_be_sent_again_and_is_next(
    database: Database, state: WebhookState
) -> None:
    order_id = await database.tx(activation)
    await database.tx(got_number, order_id)
    done = await database.tx(fail, order_id, state)
    assert await database.tx(webhooks.resend, done.id) == order_id
    again = await database.tx(next_one, order_id)
    assert (again.id, again.tries) == (done.id, 0)


async def test_what_does_not_exist_cannot_be_sent_again(database: Database) -> None:
    assert await database.tx(webhooks.resend, "msg_00") is None


async def test_old_ones_are_forgotten_with_their_tries_but_none_that_waits(
    database: Database, clock: SystemClock
) -> None:
    done, waits = [await database.tx(activation) for _ in range(2)]
    await database.tx(deliver, done)
    await database.tx(fail, waits)
    clock.set_offset(31 * DAY_MS)
    assert await database.tx(webhooks.forget, 30 * DAY_MS) == 1
    assert await database.tx(webhooks.forget, 30 * DAY_MS) == 0
    left = (await database.read(webhook_log.listing)).webhooks
    assert [found.order_id for found in left] == [waits]


async def test_what_was_reported_is_wiped_with_the_order_and_cannot_be_sent_again(
    database: Database,
) -> None:
    order_id = await database.tx(activation)
    sent = await database.tx(deliver, order_id)
    await database.tx(webhooks.wipe, [order_id])
    assert await database.tx(webhooks.resend, sent.id) is None
    assert await database.read(last_notice, order_id) is None


async def test_what_waits_when_its_order_is_wiped_is_wiped_once_it_was_sent(
    database: Database,
) -> None:
    order_id = await database.tx(activation)

    def wipe(tx: Tx) -> None:
        columns: dict[str, Any] = {"wiped_ms": tx.now_ms}
        orders.move(tx, order_id, OrderState.DISPATCHING, "wiped", **columns)
        webhooks.wipe(tx, [order_id])

    await database.tx(wipe)
    sent = await database.tx(deliver, order_id)
    assert sent.body
    assert await database.read(last_notice, order_id) is None
