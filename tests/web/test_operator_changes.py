"""The operator changes prices and sales on the pages, and every change is recorded."""

from __future__ import annotations

import asyncio
import re

import pytest

from ringbolt.app.jobs import MATCH_TEXTS
from ringbolt.app.operator import sign_in
from ringbolt.store import inbox
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import job
from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = {"phone_number": "+12025550177", "message": "Hello"}


async def signed_in(pages: PageClient) -> Seen:
    pages.http.cookies.clear()
    secret = await pages.shop.shop.db.tx(sign_in.new_link)
    return await pages.send(f"/operator/sign-in/{secret}", {})


def form_token(page: Seen) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert found is not None
    return found[1]


async def send(pages: PageClient, path: str, **fields: str) -> Seen:
    token = form_token(await signed_in(pages))
    return await pages.send(f"/operator{path}", {"token": token, **fields})


async def price_of_a_text(pages: PageClient) -> str:
    return (await pages.send("/text/price", TEXT)).words


@pytest.mark.parametrize(
    "path",
    ["/money", "/money.csv", "/orders.csv", "/parts", "/prices", "/sales", "/webhooks", "/jobs",
     "/changes"],
)  # fmt: skip
async def test_nobody_else_sees_the_pages(pages: PageClient, path: str) -> None:
    pages.http.cookies.clear()
    assert (await pages.open(f"/operator{path}")).status == 401
    await signed_in(pages)
    assert (await pages.open(f"/operator{path}")).status == 200


@pytest.mark.parametrize(
    "path",
    ["/prices/prices", "/sales", "/changes/1/restore", "/webhooks/msg_1/resend", "/jobs/1/retry",
     "/audit/ab/acknowledge", "/orders/abcdef/unmask"],
)  # fmt: skip
async def test_nothing_is_changed_without_the_sessions_own_form(
    pages: PageClient, path: str
) -> None:
    pages.http.cookies.clear()
    assert (await pages.send(f"/operator{path}", {"token": "0" * 64})).status == 401
    await signed_in(pages)
    assert (await pages.send(f"/operator{path}", {"token": "0" * 64})).status == 403


async def test_a_price_is_previewed_put_in_force_and_set_back(pages: PageClient) -> None:
    table = "kind,country,service,sats\nsend,,,1234\n"
    preview = await send(pages, "/prices/prices", table=table, preview="yes")
    assert "1 price changes" in preview.words
    assert "send 1,000 1,234" in preview.words.replace("1000", "1,000").replace("1234", "1,234")
    assert "send,,,1234" in preview.text
    assert "1,234" not in await price_of_a_text(pages)

    await send(pages, "/prices/prices", table=table, apply="yes", reason="a dearer carrier")
    assert "1,234" in await price_of_a_text(pages)
    await signed_in(pages)
    assert "a dearer carrier" in (await pages.open("/operator/prices")).words
    changes = await pages.open("/operator/changes")
    assert "a dearer carrier" in changes.words

    await send(pages, "/prices/prices", reset="yes")
    assert "1,000" in await price_of_a_text(pages)
    [restore] = re.findall(r"/changes/(\d+)/restore", changes.text)[:1]
    await send(pages, f"/changes/{restore}/restore")
    assert "1,234" in await price_of_a_text(pages)
    await send(pages, "/prices/prices", reset="yes")


async def test_a_table_that_cannot_be_used_is_given_back_as_typed(pages: PageClient) -> None:
    for apply in ("preview", "apply"):
        fields = {"table": "send,,,<b>", apply: "yes"}
        refused = await send(pages, "/prices/prices", **fields)
        assert refused.status == 400
        assert "cannot be used" in refused.words
        assert "send,,,&lt;b&gt;" in refused.text
    assert (await send(pages, "/prices/rates", table="1,2", preview="yes")).status == 400
    assert (await send(pages, "/prices/nonsense", table="x", preview="yes")).status == 404


async def test_a_service_is_not_offered_while_it_is_switched_off(pages: PageClient) -> None:
    others = {f"sell_{name}": "yes" for name in ("call", "code", "rent", "email")}
    await send(pages, "/sales", **others)
    assert 'href="/text"' not in (await pages.open("/")).text
    closed = await pages.open("/text")
    assert (closed.status, "Text messages are not sold" in closed.words) == (503, True)

    typed = await pages.send("/text", TEXT)
    assert (typed.status, typed.value("message")) == (503, "Hello")
    assert "Text messages are not sold" in typed.words
    await send(pages, "/sales", **others, sell_text="yes")
    assert 'href="/text"' in (await pages.open("/")).text


async def test_the_shop_is_closed_for_an_hour_and_opened_by_hand(pages: PageClient) -> None:
    every = {f"sell_{name}": "yes" for name in ("call", "text", "code", "rent", "email")}
    page = await send(pages, "/sales", **every, hours="1", close="yes", reason="We move house.")
    assert "The shop is closed" in page.words
    front = await pages.open("/")
    assert "takes no new orders" in front.words
    assert "We move house." in front.words
    assert (await pages.send("/text", TEXT)).status == 503

    kept = await send(pages, "/sales", **every, stay="yes", reason="We still move.")
    assert "The shop is closed" in kept.words
    await send(pages, "/sales", **every, stay="yes", open="yes")
    assert "takes no new orders" not in (await pages.open("/")).words

    await send(pages, "/sales", **every, hours="1", close="yes")
    await pages.shop.advance(3601)
    assert 'href="/text"' in (await pages.open("/")).text
    await send(pages, "/sales", **every)


async def test_a_country_that_does_not_exist_is_refused(pages: PageClient) -> None:
    refused = await send(pages, "/sales", countries="DE, XX")
    assert (refused.status, "There is no country" in refused.words) == (400, True)
    assert refused.value("countries") == "DE XX"


async def test_money_is_shown_by_day_and_exported(pages: PageClient) -> None:
    created = await pages.order("/createcallorder", {"phone": ANSWERS, "message": "Hello"})
    assert await asyncio.wait_for(pages.pay(created["payreq"]), PATIENCE_S) == "SUCCEEDED"
    done = await pages.until(created["orderId"], lambda seen: seen["state"] == "settled")
    await signed_in(pages)
    page = await pages.open("/operator/money?days=7")
    assert page.text.count("<rect") == 14
    table = (await pages.open("/operator/money.csv?days=7")).text.splitlines()
    assert len(table) == 8
    earned = sum(int(line.split(",")[3]) for line in table[1:])
    assert earned >= 1000 * int(done["amount"]) if "amount" in done else earned > 0

    orders = await pages.open("/operator/orders.csv?kind=call")
    assert created["orderId"][:12] in orders.text
    assert created["orderId"] not in orders.text
    assert ANSWERS not in orders.text
    parts = await pages.open("/operator/parts")
    assert "Calls by destination" in parts.words
    assert "100.0%" in parts.words


async def test_whole_numbers_are_shown_when_asked_for_and_that_is_recorded(
    pages: PageClient,
) -> None:
    created = await pages.order("/createcallorder", {"phone": ANSWERS, "message": "Hello"})
    name = created["orderId"][:12]
    await signed_in(pages)
    assert ANSWERS not in (await pages.open(f"/operator/orders/{name}")).text
    assert ANSWERS in (await send(pages, f"/orders/{name}/unmask")).text
    assert f"order {name}" in (await pages.open("/operator/changes")).words


async def test_a_job_that_was_given_up_is_tried_again(pages: PageClient) -> None:
    db = pages.shop.shop.db

    def give_up(tx: Tx) -> int:
        values = {"lane": "dispatch", "kind": MATCH_TEXTS.name, "uniq": "given up", "dead": 1}
        tx.run(job.insert(), {**values, "run_at_ms": 0, "last_error": "ValueError at x.py:1"})
        inbox.add_dead_letter(tx, "a carrier", "an event", "KeyError at y.py:2")
        return int(tx.run(job.select().where(job.c.uniq == "given up")).one().id)

    job_id = await db.tx(give_up)
    await signed_in(pages)
    today = await pages.open("/operator")
    assert "1 job given up" in today.words
    page = await pages.open("/operator/jobs")
    assert "ValueError at x.py:1" in page.words
    assert "KeyError at y.py:2" in page.words
    after = await send(pages, f"/jobs/{job_id}/retry")
    assert f"/jobs/{job_id}/retry" not in after.text
    assert (await send(pages, f"/jobs/{job_id}/retry")).status == 404
    assert (await send(pages, "/jobs/x/retry")).status == 404


async def test_an_unknown_webhook_is_not_resent(pages: PageClient) -> None:
    missing = await send(pages, "/webhooks/msg_unknown/resend")
    assert (missing.status, "There is no webhook" in missing.words) == (404, True)
    assert "Webhooks" in (await pages.open("/operator/webhooks?all")).title


async def test_a_rate_card_of_ten_thousand_prefixes_is_taken(pages: PageClient) -> None:
    rows = "".join(f"{n},{n % 90 + 10},5,place {n}\n" for n in range(10_000, 20_000))
    table = f"prefix,sats_per_minute,cost_sats_per_minute,label\n1,50,20,all\n{rows}"
    preview = await send(pages, "/prices/rates", table=table, preview="yes")
    assert preview.status == 200
    assert re.search(r" and [\d,]+ more ", preview.words)
    await send(pages, "/prices/rates", table=table, apply="yes")
    assert len(pages.shop.shop.rates) == 10_001
    await send(pages, "/prices/rates", reset="yes")
