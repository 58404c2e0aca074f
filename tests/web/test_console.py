"""The operator's pages: signed in by a link that works once, and closed to everybody else."""

from __future__ import annotations

import asyncio
import re

import pytest

from ringbolt.app.operator import sign_in
from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS, PLAIN
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = {"message": "Your table is ready.", "kind": "say"}


async def a_link(pages: PageClient) -> str:
    secret = await pages.shop.shop.db.tx(sign_in.new_link)
    return f"/operator/sign-in/{secret}"


async def signed_in(pages: PageClient) -> Seen:
    pages.http.cookies.clear()
    page = await pages.send(await a_link(pages), {})
    assert (page.status, page.url, page.title) == (200, "/operator", "Today")
    return page


def form_token(page: Seen) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "path", ["/operator", "/operator/orders", "/operator/orders/abcdef", "/operator/audit"]
)
async def test_nobody_else_sees_anything(pages: PageClient, path: str) -> None:
    pages.http.cookies.clear()
    page = await pages.open(path)
    assert page.status == 401
    assert "ringbolt operator link" in page.words
    forged = await pages.open(path, Cookie=f"ringbolt_operator={10**15}.{'0' * 64}")
    assert forged.status == 401


async def test_a_link_works_once_and_previews_do_not_use_it(pages: PageClient) -> None:
    pages.http.cookies.clear()
    link = await a_link(pages)
    for _ in range(2):
        assert "signs you in" in (await pages.open(link)).words
    assert (await pages.send(link, {})).title == "Today"
    pages.http.cookies.clear()
    assert (await pages.send(link, {})).status == 404
    assert (await pages.open(link)).status == 404


async def test_an_older_link_no_longer_works(pages: PageClient) -> None:
    older, newer = await a_link(pages), await a_link(pages)
    assert (await pages.send(older, {})).status == 404
    assert (await pages.send(newer, {})).status == 200


async def test_a_link_that_is_too_old_does_not_work(pages: PageClient) -> None:
    link = await a_link(pages)
    await pages.shop.advance(sign_in.LINK_MS // 1000 + 1)
    assert (await pages.send(link, {})).status == 404


async def test_a_session_ends_by_itself_and_by_hand(pages: PageClient) -> None:
    page = await signed_in(pages)
    left = await pages.send("/operator/sign-out", {"token": form_token(page)})
    assert left.url == "/"
    assert (await pages.open("/operator")).status == 401
    await signed_in(pages)
    await pages.shop.advance(sign_in.SESSION_MS // 1000 + 1)
    assert (await pages.open("/operator")).status == 401


async def test_signing_out_everywhere_ends_every_session(pages: PageClient) -> None:
    await signed_in(pages)
    other = dict(pages.http.cookies)
    page = await signed_in(pages)
    await pages.send("/operator/sign-out", {"token": form_token(page), "everywhere": "yes"})
    pages.http.cookies.update(other)
    assert (await pages.open("/operator")).status == 401


async def test_orders_are_listed_found_and_shown_masked(pages: PageClient) -> None:
    created = await pages.order("/createcallorder", {"phone": ANSWERS, "message": "Hello"})
    assert await asyncio.wait_for(pages.pay(created["payreq"]), PATIENCE_S) == "SUCCEEDED"
    await pages.until(created["orderId"], lambda seen: seen["state"] == "settled")
    page = await signed_in(pages)
    name = created["orderId"][:12]
    assert name in page.words
    assert ANSWERS not in page.text
    assert created["orderId"] not in page.text
    listed = await pages.open("/operator/orders?kind=call&state=settled")
    assert name in listed.words
    assert name not in (await pages.open("/operator/orders?state=expired")).words
    for known in (name, ANSWERS, "+1 234 567 890"):
        found = await pages.send("/operator/orders", {"token": form_token(page), "find": known})
        assert name in found.text
    shown = await pages.send("/operator/orders", {"token": form_token(page), "find": name})
    assert shown.title == f"Order {name}"
    assert "the held payment is settled" in shown.words
    assert "Hello" not in shown.words
    assert (await pages.open("/operator/orders/ffffffffffff")).status == 404


async def test_a_live_call_is_hung_up_only_by_a_form_of_the_session(pages: PageClient) -> None:
    created = await pages.order("/createcallorder", {"phone": PLAIN, "message": "Hello"})
    payment = pages.pay(created["payreq"])
    await pages.until(created["orderId"], lambda seen: seen.get("callStatus") == "ringing")
    await signed_in(pages)

    async def is_listed() -> Seen | None:
        page = await pages.open("/operator")
        return page if "/hang-up" in page.text else None

    page = await eventually(is_listed)
    path = f"/operator/orders/{created['orderId'][:12]}/hang-up"
    assert (await pages.send(path, {"token": "0" * 64})).status == 403
    assert (
        await pages.send(path, {"token": form_token(page)}, Origin="https://x.example")
    ).status == 403
    assert (await pages.send(path, {"token": form_token(page)})).status == 200
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"


async def test_the_audit_says_that_all_is_well(pages: PageClient) -> None:
    await pages.shop.audit()
    await signed_in(pages)
    assert "Balanced" in (await pages.open("/operator/audit")).words
