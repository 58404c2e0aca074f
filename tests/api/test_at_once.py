"""Many copies of one paid request at the same time: one call, one answer, one payment."""

from __future__ import annotations

import asyncio
import json
import re

import httpx

from api.test_credentials import mpp_credential
from support.clients.l402 import PATH, say
from support.numbers import ANSWERS, BUSY, LISTENS
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S, eventually

COPIES = 50


async def copies(shop: ShopServer, body: bytes, *credentials: str) -> list[httpx.Response]:
    """The same request from so many connections, as far as may be at the same moment."""
    limits = httpx.Limits(max_connections=COPIES)
    async with httpx.AsyncClient(base_url=shop.url, limits=limits, timeout=PATIENCE_S) as http:
        return await asyncio.gather(
            *(
                http.post(
                    PATH,
                    content=body,
                    headers={"Authorization": credentials[n % len(credentials)]},
                )
                for n in range(COPIES)
            )
        )


async def test_fifty_copies_at_once_ring_once(any_shop: ShopServer) -> None:
    body = json.dumps(say(ANSWERS)).encode()
    paid = await any_shop.buy_credential(body)

    answers = await copies(any_shop, body, paid.authorization)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["sid"] for answer in answers}) == 1
    fresh = [answer for answer in answers if "idempotent-replayed" not in answer.headers]
    assert len(fresh) == 1
    status = await any_shop.until_over(answers[0].json())
    assert status["charged_sats"] == 50
    assert len(await any_shop.calls_of(ANSWERS)) == 1
    assert await any_shop.transfers(answers[0].json()) == [("payment", 50), ("capture", 50)]
    report = await any_shop.audit()
    assert report.differences == []
    assert (report.books.received, report.books.settled) == (50_000, 50_000)


async def test_copies_in_both_schemes_ring_once(any_shop: ShopServer) -> None:
    body = json.dumps(say(LISTENS)).encode()
    asked = await any_shop.post(body)
    line = asked.headers.get_list("www-authenticate")[1]
    preimage = await any_shop.pay(asked.json()["invoice"])
    mpp = mpp_credential(dict(re.findall(r'(\w+)="([^"]*)"', line)), preimage)
    l402 = f"L402 {asked.json()['macaroon']}:{preimage}"

    answers = await copies(any_shop, body, l402, mpp)

    assert {answer.status_code for answer in answers} == {200}
    await any_shop.until_over(answers[0].json())
    assert len(await any_shop.calls_of(LISTENS)) == 1


async def test_fifty_different_calls_at_once_all_ring(any_shop: ShopServer) -> None:
    options = [say(LISTENS, reference=n) for n in range(COPIES)]
    paid = [await any_shop.buy_credential(wish) for wish in options]

    answers = await asyncio.gather(
        *(any_shop.post(wish, one.authorization) for wish, one in zip(options, paid, strict=True))
    )

    assert {answer.status_code for answer in answers} == {200}

    async def all_charged() -> bool:
        return (await any_shop.audit_now()).books.settled == COPIES * 50_000

    await eventually(all_charged)
    assert len(await any_shop.calls_of(LISTENS)) == COPIES
    assert (await any_shop.audit()).differences == []


async def test_copies_of_a_late_credential_open_one_refund(any_shop: ShopServer) -> None:
    body = json.dumps(say(LISTENS)).encode()
    paid = await any_shop.buy_credential(body)
    await any_shop.advance(86_401)

    answers = await copies(any_shop, body, paid.authorization)

    assert {answer.status_code for answer in answers} == {402}
    assert len({answer.json()["previous"]["status_url"] for answer in answers}) == 1
    assert (await any_shop.rows())["refund"] == 1


async def test_copies_of_a_retry_make_one_new_attempt_under_way(any_shop: ShopServer) -> None:
    """A phone that is busy fails every time; however many ask, no two attempts are open at once."""
    body = json.dumps(say(BUSY)).encode()
    paid, first = await any_shop.buy(say(BUSY))
    await any_shop.until_over(first)

    answers = await copies(any_shop, body, paid.authorization)

    assert {answer.status_code for answer in answers} == {200}
    await any_shop.until_over(first)
    report = await any_shop.audit()
    assert report.differences == []
    assert report.books.settled == 0
    assert report.owed_msat == 50_000
