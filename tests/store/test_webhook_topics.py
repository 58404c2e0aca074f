"""What an order tells of one topic waits for nothing of another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select

from ringbolt.app.webhooks import notify
from ringbolt.app.webhooks.call_notify import DIGITS, STATUS, changed
from ringbolt.app.webhooks.resend_webhook import resend
from ringbolt.core.calls.call import CallStatus, Gather, Play, Say
from ringbolt.core.commands import CallOrder, to_json
from ringbolt.core.notices import CallNotice, DigitsNotice, Notice, OrderNotice, from_json
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import calls, housekeeping, jobs, orders, webhook_log, webhooks
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.schema.text_tables import webhook
from ringbolt.store.webhooks import WebhookState
from support.databases.order_rows import HOOK, last_notice, put_order

TO = "+12025550123"
SID = "CA" + "0" * 32
DIGITS_URL = "https://hooks.example/mine/digits?a=1"
ASKS = CallOrder(
    to=TO,
    minutes=1,
    steps=(Gather((Say("Your PIN?"), Play("https://a.example/secret.mp3")), 4),),
    status_url=HOOK,
    digits_url=DIGITS_URL,
    metadata='{"k":"v"}',
)


@dataclass(frozen=True, slots=True)
class Receivers:
    seq: int
    status: str
    digits: str


def place(tx: Tx, command: CallOrder = ASKS) -> str:
    order = put_order(tx, "call", "paid", family="voice", request=to_json(command))
    calls.insert_call(tx, order.id, SID, TO, 1)
    changed(tx, order.id)
    return order.id


def become(tx: Tx, order_id: str, status: CallStatus, digits: str = "") -> None:
    call = calls.call_of(tx, order_id)
    assert call is not None
    ended_ms = tx.now_ms if status.is_final else None
    calls.update_call(tx, order_id, status=status, digits=call.digits + digits, ended_ms=ended_ms)
    changed(tx, order_id)


def statuses(tx: Tx, order_id: str) -> list[Receivers]:
    return [
        Receivers(seq, notice.status, notice.digits)
        for seq, notice in reported_to(tx, order_id, STATUS)
        if isinstance(notice, CallNotice)
    ]


def reported_to(tx: Tx, order_id: str, topic: str) -> list[tuple[int, Notice]]:
    """What a topic has told, the first first; all of it is delivered thereby."""
    receivers = []
    while (sent := webhooks.next_of(tx, order_id, topic)) is not None:
        receivers.append((sent.seq, from_json(sent.body)))
        webhooks.record_try(tx, sent, sent.body, WebhookState.DELIVERED, (200, "", 5))
    return receivers


async def test_every_status_is_reported_once_and_digits_alone_are_none(database: Database) -> None:
    order_id = await database.tx(place)
    await database.tx(become, order_id, CallStatus.IN_PROGRESS)
    await database.tx(become, order_id, CallStatus.IN_PROGRESS, "12")
    await database.tx(become, order_id, CallStatus.IN_PROGRESS, "#")
    await database.tx(become, order_id, CallStatus.COMPLETED)

    assert await database.tx(statuses, order_id) == [
        Receivers(1, "queued", ""),
        Receivers(2, "in-progress", ""),
        Receivers(3, "completed", "12"),
    ]


async def test_digits_are_reported_once_whatever_is_heard_of_the_end_later(
    database: Database,
) -> None:
    order_id = await database.tx(place)
    await database.tx(become, order_id, CallStatus.FAILED, "12#")
    await database.tx(become, order_id, CallStatus.COMPLETED, "34")

    ((_, notice),) = await database.tx(reported_to, order_id, DIGITS)
    assert notice == DigitsNotice(
        sid=SID, to=TO, digits="12", status="failed", metadata='{"k":"v"}'
    )
    receivers = await database.tx(statuses, order_id)
    assert [each.status for each in receivers] == ["queued", "failed", "completed"]


async def test_a_call_that_asks_for_nothing_has_no_digits_to_tell(database: Database) -> None:
    command = CallOrder(to=TO, minutes=1, steps=(Say("Hi"),), digits_url=DIGITS_URL)
    order_id = await database.tx(place, command)
    await database.tx(become, order_id, CallStatus.COMPLETED, "1")

    assert (await database.read(webhook_log.listing, order_id)).webhooks == ()


async def test_a_call_without_receivers_makes_no_job(database: Database) -> None:
    await database.tx(place, CallOrder(to=TO, minutes=1, message="Hi"))

    assert await database.read(jobs.next_run_at, "webhook") is None


async def test_topics_have_jobs_and_numbers_of_their_own(database: Database) -> None:
    order_id = await database.tx(place)
    await database.tx(become, order_id, CallStatus.BUSY)
    paid = OrderNotice(
        order_id=order_id, kind=OrderKind.CALL, state=OrderState.PAID,
        method=PaymentMethod.HOLD, price_msat=1,
    )  # fmt: skip
    await database.tx(notify.enqueue, order_id, "POST", HOOK, paid)

    page = await database.read(webhook_log.listing, order_id)
    receivers = sorted((found.topic, found.seq) for found in page.webhooks)
    assert receivers == [("", 1), (DIGITS, 1), (STATUS, 1), (STATUS, 2)]
    claimed = await database.tx(jobs.claim, "webhook", 10, 15_000)
    assert {job.uniq for job in claimed} == {
        f"webhook:{order_id}", f"webhook:{order_id}:status", f"webhook:{order_id}:digits",
    }  # fmt: skip
    assert {notify.topic_of(order_id, job.uniq) for job in claimed} == {"", STATUS, DIGITS}


async def test_one_that_is_sent_again_is_next_of_its_own_topic(database: Database) -> None:
    order_id = await database.tx(place)
    await database.tx(become, order_id, CallStatus.BUSY)
    await database.tx(reported_to, order_id, DIGITS)
    page = await database.read(webhook_log.listing, order_id)
    (digits,) = [found for found in page.webhooks if found.topic == DIGITS]

    await database.tx(resend, digits.id)

    again = await database.read(webhooks.next_of, order_id, DIGITS)
    assert again is not None
    assert again.id == digits.id
    assert await database.read(webhooks.next_of, order_id) is None


async def test_changes_at_once_are_numbered_without_a_gap(database: Database) -> None:
    order_id = await database.tx(place)
    flip = [CallStatus.RINGING, CallStatus.IN_PROGRESS] * 4

    await asyncio.gather(*(database.tx(become, order_id, status) for status in flip))

    receivers = await database.tx(statuses, order_id)
    assert [each.seq for each in receivers] == list(range(1, len(receivers) + 1))
    assert all(one.status != next_.status for one, next_ in pairwise(receivers))


async def test_words_addresses_and_digits_are_wiped_together(database: Database) -> None:
    order_id = await database.tx(place)
    await database.tx(become, order_id, CallStatus.COMPLETED, "1234")
    await database.tx(reported_to, order_id, STATUS)
    await database.tx(reported_to, order_id, DIGITS)
    await database.tx(orders.finish, order_id)

    assert await database.tx(housekeeping.wipe_texts, -1) == 1

    order = await database.read(orders.by_id, order_id)
    call = await database.read(calls.call_of, order_id)
    assert order is not None
    assert call is not None
    for secret in ("PIN", "secret.mp3", "hooks.example", '"k"'):
        assert secret not in order.request
    assert len(order.command_as(CallOrder).gathers) == 1
    assert call.digits == ""
    for topic in (STATUS, DIGITS):
        assert await database.read(last_notice, order_id, topic) is None
        assert set(await database.read(news, order_id, topic)) == {""}
    page = await database.read(webhook_log.listing, order_id)
    assert all("1234" not in found.url for found in page.webhooks)


def news(tx: Tx, order_id: str, topic: str) -> list[str]:
    """What the webhooks of a topic said, as it is stored to find repetitions."""
    found = select(webhook.c.news).where(webhook.c.order_id == order_id, webhook.c.topic == topic)
    return [row.news for row in tx.run(found)]


async def test_what_waits_to_be_sent_is_wiped_once_it_was_sent(database: Database) -> None:
    order_id = await database.tx(place)
    await database.tx(become, order_id, CallStatus.COMPLETED, "1234")
    await database.tx(orders.finish, order_id)
    await database.tx(housekeeping.wipe_texts, -1)

    ((_, notice),) = await database.tx(reported_to, order_id, DIGITS)

    assert isinstance(notice, DigitsNotice)
    assert notice.digits == "1234"
    assert await database.read(last_notice, order_id, DIGITS) is None
