"""The status document of every kind of order, as the seed's clients read it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ringbolt.api.orders.order_document import CodeType
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.clock import SystemClock
from ringbolt.core.order import LOST, OrderState, PaymentMethod
from ringbolt.store import messages, orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.messages import MessageStatus
from support.databases.order_rows import (
    PUBLIC_ID,
    assign_number,
    move,
    put_order,
    put_text,
)
from support.order_documents import NO_NUMBER, renderer, shown, waiting


def with_code(code: str) -> Callable[[Tx], str]:
    def given(tx: Tx) -> str:
        order_id = waiting(tx)
        put_text(tx, order_id, f"Telegram code {code}", code)
        move(tx, order_id, "fulfilled")
        return order_id

    return given


@pytest.mark.parametrize("kind", ["sms", "email", "activation", "rental", "fund"])
async def test_an_unpaid_order_has_no_code_number_or_message_status(
    db: Database, kind: str
) -> None:
    document = await shown(db, lambda tx: put_order(tx, kind, "awaiting_payment").id)
    assert document["status"] == "OK"
    assert document["paid"] is False
    assert document["state"] == "awaiting_payment"
    assert document["expiresAt"] > 0
    absent = {"code", "number", "id", "smsStatus", "error", "codeText", "sms", "messages"}
    assert not absent & set(document)


async def test_an_expired_order_says_so(db: Database) -> None:
    document = await shown(db, lambda tx: put_order(tx, "sms", "expired").id)
    assert document["paid"] is False
    assert document["error"].startswith("The payment request expired")


async def test_a_number_is_an_integer_without_plus_and_its_country_has_the_seeds_name(
    db: Database,
) -> None:
    document = await shown(db, waiting)
    assert document["number"] == 12345678901
    assert document["country"] == "USA"
    assert document["service"] == "Telegram"
    assert document["isRental"] is False
    assert 10**9 <= document["id"] < 2**31
    assert "code" not in document


async def test_before_the_number_the_country_is_the_one_asked_for(db: Database) -> None:
    document = await shown(db, lambda tx: put_order(tx, "activation", "paid").id)
    assert document["country"] == "India"
    assert "number" not in document


@pytest.mark.parametrize(
    ("code", "code_type", "reported"),
    [
        ("48010", "auto", 48010),
        ("04801", "auto", "04801"),
        ("A-4801", "auto", "A-4801"),
        ("1" * 20, "auto", "1" * 20),
        ("48010", "string", "48010"),
        ("04801", "number", 4801),
        ("A-4801", "number", "A-4801"),
    ],
)
async def test_a_code_is_typed_as_the_setting_says_and_its_text_stays(
    db: Database, code: str, code_type: CodeType, reported: str | int
) -> None:
    document = await shown(db, with_code(code), code_type)
    assert document["code"] == reported
    assert type(document["code"]) is type(reported)
    assert document["codeText"] == code
    assert document["sms"] == f"Telegram code {code}"


async def test_a_rental_shows_every_text_and_the_latest_code(db: Database) -> None:
    def given(tx: Tx) -> str:
        order_id = waiting(tx, "rental")
        put_text(tx, order_id, "first 11111", "11111", at_ms=1000)
        put_text(tx, order_id, "hello", at_ms=2000)
        put_text(tx, order_id, "second 22222", "22222", at_ms=3000)
        return order_id

    document = await shown(db, given)
    assert document["isRental"] is True
    assert document["code"] == 22222
    assert document["sms"] == "second 22222"
    assert document["messages"] == [
        {"from": "Telegram", "text": "first 11111", "code": "11111", "timestamp": 1000},
        {"from": "Telegram", "text": "hello", "timestamp": 2000},
        {"from": "Telegram", "text": "second 22222", "code": "22222", "timestamp": 3000},
    ]


NO_CODE = "Welcome! See https://x.example/go or say QWERTY 17"


@pytest.mark.parametrize("ends", [(), ("failed",), ("failed", "returned")])
async def test_an_activation_s_text_is_masked_until_it_is_paid_for(
    db: Database, ends: tuple[str, ...]
) -> None:
    def given(tx: Tx) -> str:
        order_id = waiting(tx)
        put_text(tx, order_id, NO_CODE)
        for state in ends:
            move(tx, order_id, state)
        return order_id

    document = await shown(db, given)
    assert document["textMasked"] is True
    assert document["sms"] == "Welcome! See ••••• or say •••••"
    assert document["messages"][0]["text"] == document["sms"]


@pytest.mark.parametrize(("kind", "state"), [("activation", "fulfilled"), ("rental", "")])
async def test_what_is_delivered_or_rented_is_shown_whole(
    db: Database, kind: str, state: str
) -> None:
    def given(tx: Tx) -> str:
        order_id = waiting(tx, kind)
        put_text(tx, order_id, NO_CODE)
        if state:
            move(tx, order_id, state)
        return order_id

    document = await shown(db, given)
    assert document["sms"] == NO_CODE
    assert "textMasked" not in document


async def test_without_a_text_nothing_is_masked(db: Database) -> None:
    assert "textMasked" not in await shown(db, waiting)


@pytest.mark.parametrize(
    ("kind", "state", "expires_s"),
    [("activation", "", 900), ("activation", "fulfilled", 1200), ("rental", "", 1200)],
)
async def test_a_number_without_its_code_is_the_order_s_until_the_deadline_at_most(
    db: Database, kind: str, state: str, expires_s: int
) -> None:
    def given(tx: Tx) -> str:
        order_id = waiting(tx, kind)
        if state:
            move(tx, order_id, state)
        return order_id

    document = await shown(db, given)
    assert round((document["expiresAt"] - document["assignedAt"]) / 1000) == expires_s


async def test_a_number_can_be_cancelled_two_minutes_after_its_assignment(db: Database) -> None:
    document = await shown(db, waiting)
    assert document["cancelAfter"] == document["assignedAt"] + 120_000


async def test_a_provider_that_refuses_longer_counts(db: Database) -> None:
    late_ms = 99_999_999_999_999

    def given(tx: Tx) -> str:
        order = put_order(tx, "activation", "dispatching")
        assign_number(tx, order.id, cancel_after_ms=late_ms)
        move(tx, order.id, "in_progress")
        return order.id

    assert (await shown(db, given))["cancelAfter"] == late_ms


async def test_what_has_its_code_cannot_be_cancelled_any_more(db: Database) -> None:
    assert "cancelAfter" not in await shown(db, with_code("48010"))


async def test_no_free_number_is_reported_in_the_seeds_very_words(db: Database) -> None:
    def given(tx: Tx) -> str:
        order = put_order(tx, "activation", "paid")
        move(tx, order.id, "failed", "no number was free")
        return order.id

    document = await shown(db, given)
    assert document["status"] == "OK"
    assert document["paid"] is True
    assert document["error"] == NO_NUMBER


async def test_a_cancelled_order_keeps_its_number_and_says_where_the_money_went(
    db: Database,
) -> None:
    def given(tx: Tx) -> str:
        order_id = waiting(tx, method=PaymentMethod.BALANCE)
        move(tx, order_id, "failed", "cancelled by the buyer")
        move(tx, order_id, "returned", "cancelled by the buyer")
        return order_id

    document = await shown(db, given)
    assert document["number"] == 12345678901
    assert document["paid"] is True
    assert document["error"] == (
        "Cancelled by the buyer. Your funds are returned to your balance automatically."
    )


async def test_who_has_the_code_and_the_money_sees_no_error(db: Database) -> None:
    def given(tx: Tx) -> str:
        order_id = with_code("48010")(tx)
        move(tx, order_id, "returned", LOST)
        return order_id

    document = await shown(db, given)
    assert "error" not in document
    assert document["code"] == 48010


@pytest.mark.parametrize("kind", ["sms", "email"])
async def test_a_message_shows_its_status_and_never_to_whom(db: Database, kind: str) -> None:
    def given(tx: Tx) -> str:
        order = put_order(tx, kind, "in_progress", request='{"to":"+12025550123"}')
        messages.update_message(tx, order.id, status=MessageStatus.SENT, sent_ms=tx.now_ms + 5000)
        return order.id

    document = await shown(db, given)
    assert document["id"] == PUBLIC_ID
    assert document["smsStatus"] == "sent"
    assert document.get("emailStatus") == ("sent" if kind == "email" else None)
    assert "2025550123" not in json.dumps(document)


async def test_a_failed_message_is_failed_whatever_its_row_says(db: Database) -> None:
    def given(tx: Tx) -> str:
        order = put_order(tx, "sms", "in_progress")
        move(tx, order.id, "failed", "nothing was heard in time")
        return order.id

    document = await shown(db, given)
    assert document["smsStatus"] == "failed"
    assert document["error"].startswith("Nothing was heard in time. Your funds are returned")


async def test_a_top_up_shows_its_amount(db: Database) -> None:
    document = await shown(db, lambda tx: put_order(tx, "fund", "settled").id)
    assert document["paid"] is True
    assert document["amount"] == 1000
    assert document["timestamp"] > 0


async def test_the_timestamp_is_that_of_the_last_change(db: Database, clock: SystemClock) -> None:
    ids: list[str] = []
    await db.tx(lambda tx: ids.append(waiting(tx)))
    before = await shown(db, lambda _: ids[0])
    clock.set_offset(60_000)
    await db.tx(lambda tx: orders.move(tx, ids[0], OrderState.DISPATCHING, "another"))
    after = await shown(db, lambda _: ids[0])
    assert after["timestamp"] >= before["timestamp"] + 60_000


async def test_the_order_id_is_sent_to_webhooks_only(db: Database) -> None:
    order = await db.tx(lambda tx: put_order(tx, "sms", "paid"))
    notice = await db.read(order_notice, order)

    reported, status = renderer().render(notice, 1), renderer().status(notice)

    assert json.loads(reported) == {**json.loads(status), "orderId": order.id}
