"""What an operator reads of orders, calls and money, on both databases."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from ringbolt.app.operator import overview
from ringbolt.app.operator.money_report import MoneyReport, report_money
from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.commands import CallOrder, SendMail, SendText, to_json
from ringbolt.core.errors import Conflict, InvalidInput, NotFound
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.pricing.costs import TextCosts
from ringbolt.core.pricing.rates import Rate, RateCard
from ringbolt.store import attempts, calls, ledger, orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.overview import Wanted, latest_steps, steps_after
from support.databases.order_rows import put_order

S = OrderState
NUMBER, MAIL = "+12025550123", "jane.doe@mail.example"
SID = "CA" + "0" * 32
DAY_MS = 86_400_000
RATES = RateCard([Rate("1", 50, 20)])
COSTS = TextCosts({"1": 7})


def sold_call(tx: Tx, *, minutes: int = 2, talked_ms: int | None = 61_000, sid: str = SID) -> str:
    """An L402 call that was answered: 100 sats in, earned; 60 s and a second talked."""
    command = to_json(CallOrder(NUMBER, minutes, message="My PIN is 4711"))
    order = put_order(tx, "call", "paid", method=PaymentMethod.L402, request=command,
                      price_msat=100_000, account_id=None)  # fmt: skip
    calls.insert_call(tx, order.id, sid, NUMBER, minutes)
    assert order.payment_hash is not None
    ledger.post(tx, idem=chart.payment_idem(order.payment_hash), debit=chart.NODE,
                credit=chart.ESCROW, amount_msat=100_000, kind=chart.PAYMENT,
                order_id=None)  # fmt: skip
    orders.move(tx, order.id, S.DISPATCHING, "asking trunk", part="trunk")
    attempts.add(tx, order.id, attempt_id=sid, carrier="trunk", ref=sid)
    orders.move(tx, order.id, S.FULFILLED, f"answered by {NUMBER}")
    ledger.post(tx, idem=chart.capture_idem(order.id), debit=chart.ESCROW,
                credit=chart.REVENUE, amount_msat=100_000, kind=chart.CAPTURE,
                order_id=order.id)  # fmt: skip
    calls.update_call(tx, order.id, status=CallStatus.COMPLETED, talked_ms=talked_ms)
    return order.id


def held(tx: Tx, kind: str, request: Any, amount_msat: int) -> str:
    """An order whose payment is held."""
    order = put_order(tx, kind, "paid", request=to_json(request), price_msat=amount_msat)
    ledger.hold(tx, idem=chart.hold_idem(order.id), debit=chart.NODE, credit=chart.REVENUE,
                amount_msat=amount_msat, kind=chart.HOLD, order_id=order.id)  # fmt: skip
    return order.id


@pytest.fixture
async def call_order(database: Database) -> str:
    return await database.tx(sold_call)


async def test_lists_show_how_far_orders_are_and_mask_who_gets_them(
    database: Database, call_order: str
) -> None:
    await database.tx(held, "email", SendMail(MAIL, "secret"), 5_000)
    listed = await database.read(overview.list_orders, Wanted(), unmasked=False)
    whole = await database.read(overview.list_orders, Wanted(kind="call"), unmasked=True)
    (call,) = await database.read(overview.list_calls, Wanted(status="completed"), unmasked=False)

    assert {each["to"] for each in listed} == {"+12•••123", "j•••@mail.example"}
    shown = json.dumps([listed, call], ensure_ascii=False)
    assert not any(secret in shown for secret in ("2025550123", "jane", "4711", call_order))
    assert [(each["id"], each["to"]) for each in whole] == [(call_order, NUMBER)]
    assert whole[0]["state"] == "fulfilled"
    assert (call["sid"], call["part"], call["talked_ms"]) == (SID, "trunk", 61_000)


@pytest.mark.parametrize("by", ["digits", "capitals", "id", "call"])
async def test_one_order_is_shown_with_its_steps_attempts_and_money(
    database: Database, call_order: str, by: str
) -> None:
    names = {"digits": call_order[:12], "capitals": call_order[:8].upper(), "id": call_order,
             "call": SID}  # fmt: skip
    shown = await database.read(overview.show_order, names[by], unmasked=False)

    assert [step["to"] for step in shown["steps"]] == ["paid", "dispatching", "fulfilled"]
    assert shown["steps"][-1]["cause"] == "answered by [number]"
    assert [each["part"] for each in shown["attempts"]] == ["trunk"]
    assert [each["kind"] for each in shown["transfers"]] == ["payment", "capture"]
    assert shown["call"]["to"] == "+12•••123"


async def test_a_name_that_is_no_order_s_is_refused(database: Database, call_order: str) -> None:
    for name, error in (("abc", InvalidInput), ("z" * 12, NotFound), ("f" * 64, NotFound)):
        with pytest.raises(error):
            await database.read(overview.show_order, name, unmasked=False)
    for last in "01":
        await database.tx(partial(put_order, id="abcdef" + last * 58))
    with pytest.raises(Conflict):
        await database.read(overview.show_order, "abcdef", unmasked=False)


async def test_steps_are_read_in_order_and_each_once(database: Database, call_order: str) -> None:
    latest = await database.read(latest_steps, 2)
    after = await database.read(steps_after, latest[0].place, 10)

    assert [step.target for step in latest] == ["dispatching", "fulfilled"]
    assert after == latest[1:]


async def money(database: Database) -> dict[str, MoneyReport]:
    reports = await database.read(report_money, RATES, COSTS)
    return {each.period: each for each in reports}


async def test_money_adds_up_from_the_ledger(database: Database, call_order: str) -> None:
    text = await database.tx(held, "sms", SendText("+12025550199", "hi"), 20_000)
    back = await database.tx(held, "email", SendMail(MAIL, "hi"), 3_000)
    await database.tx(held, "email", SendMail(MAIL, "hi"), 4_000)
    await database.tx(lambda tx: ledger.capture(tx, chart.hold_idem(text)))
    await database.tx(lambda tx: ledger.void(tx, chart.hold_idem(back)))

    today = (await money(database))["today"]

    assert (today.received, today.held, today.returned) == (127_000, 4_000, 3_000)
    assert today.earned == 120_000
    assert today.carriers_at_most == (2 * 20 + 7) * 1000, "two minutes begun, one segment"
    assert today.margin == 120_000 - today.cost


async def test_only_what_the_shop_bore_of_routing_fees_is_a_cost(
    database: Database, call_order: str
) -> None:
    """Given a refund whose buyer left 2 sats for a route that cost 5, then 3 are the shop's."""

    def refund(tx: Tx) -> None:
        for name, kind, debit, credit, amount_msat in (
            ("route", chart.REFUND_ROUTE, chart.ESCROW, chart.ROUTING_FEE, 2_000),
            ("fee", chart.REFUND_FEE, chart.ROUTING_FEE, chart.NODE, 5_000),
        ):
            ledger.post(
                tx, idem=name, debit=debit, credit=credit, amount_msat=amount_msat, kind=kind
            )

    await database.tx(refund)
    assert (await money(database))["today"].fees == 3_000


async def test_the_week_reaches_further_back_than_today(database: Database) -> None:
    def days_ago(tx: Tx, days: int) -> None:
        tx.now_ms -= days * DAY_MS
        sold_call(tx, sid=f"CA{days:032}")

    for days in (8, 3):
        await database.tx(days_ago, days)
    await database.tx(sold_call)
    found = await money(database)

    assert (found["today"].earned, found["week"].earned) == (100_000, 200_000)
    assert (found["today"].received, found["week"].received) == (100_000, 200_000)
