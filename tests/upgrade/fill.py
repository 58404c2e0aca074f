"""Fill a running shop with orders of every family, each at another point of its life.

It speaks HTTP alone, so that it fills a shop of any version. What it returns is what the buyers
know: with it they go on at the shop of a later version.
"""

from __future__ import annotations

import contextlib
from typing import Any, cast

import httpx

from support.clients.l402 import L402Client, say
from support.clients.orders import GERMANY, USA, OrderClient
from support.clients.voice import VoiceClient
from support.numbers import ANSWERS, BUSY, LISTENS, PLAIN, REFUSED, REFUSED_FOR_NOW
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S, eventually
from upgrade.dump import written

Known = dict[str, Any]
RINGS_ON_BALANCE = "+12025550124"
RECEIVE, SEND, MAIL = "/createorder", "/createsendorder", "/createemailsendorder"
NOBODY = "http://127.0.0.1:1"
"""Where nothing listens: webhooks to it are tried again and again."""


async def fill(url: str, schema: str) -> Known:
    """``schema``: the revision of the shop's database, which says what it sells."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
        shop = cast(ShopServer, L402Client(url, url, http))  # the clients use its HTTP alone
        known: Known = {}
        if schema >= "0002":
            known |= await _orders(OrderClient(shop))
        if schema >= "0003":
            known |= await _calls_on_balance(shop)
        return known | await _paid_calls(shop)


async def _paid_calls(shop: L402Client) -> Known:
    settled = await _called(shop, ANSWERS, "settled")
    failed = await _called(shop, BUSY, "failed")
    returned = await _called(shop, BUSY, "failed")
    k1 = returned["refund"]["withdraw_url"].rsplit("/", 1)[1]
    invoice = await shop.wallet_invoice(returned["refund"]["refund_amount"])
    await shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    await shop.until(returned["answer"], lambda status: status["order_state"] == "returned")
    _, ringing = await shop.buy(say(PLAIN))
    await shop.until(ringing, lambda status: status["status"] == "ringing")
    unspent = await shop.buy_credential(say(LISTENS))
    _, waiting = await shop.buy(say(REFUSED_FOR_NOW))
    return {
        "settled call": _link(settled["answer"]),
        "failed call": _link(failed["answer"]),
        "returned call": _link(returned["answer"]),
        "ringing call": _link(ringing),
        "call without a channel": _link(waiting),
        "unspent credential": {"authorization": unspent.authorization, "body": say(LISTENS)},
    }


async def _called(shop: L402Client, number: str, end: str) -> Known:
    """A call whose order is in the state ``end``: the answer, and its refund if there is one."""
    _, answer = await shop.buy(say(number))
    status = await shop.until(answer, lambda status: status["order_state"] == end)
    return {"answer": answer, "refund": status["refund"]}


def _link(answer: Known) -> str:
    """The status page, wherever the shop listens next time."""
    return httpx.URL(answer["status_url"]).raw_path.decode()


async def _orders(client: OrderClient) -> Known:
    key = await client.new_key(2_500)
    by_key = {"X_API_Key": key}
    code = await _with_code(client, "Code 48010")
    waiting = await _with_number(client, {"country": GERMANY, "service": "vk"})
    rental = await _with_number(client, {"country": GERMANY, "isRental": True})
    unpaid = await client.order(RECEIVE, {"country": USA, "service": "tg"})
    cancelled = await client.order(RECEIVE, {"country": USA, "service": "tg"})
    await client.post("/cancelorder", {"orderId": cancelled["orderId"]})
    sent = await _ended(client, SEND, {"phone": "+12025550130", "message": "Hello"}, "settled")
    refused = await _ended(client, SEND, {"phone": REFUSED, "message": "Hello"}, "returned")
    mail = {"address": "somebody@example.com", "message": "Hello", "immediate": True}
    mailed = (await client.order(MAIL, mail, **by_key))["orderId"]
    await client.until(mailed, lambda status: status["state"] == "settled")
    reported = {"phone": "+12025550131", "message": "Hello", "webhookUrl": f"{NOBODY}/hook"}
    untold = await _ended(client, SEND, reported, "settled")
    return {
        "key": written(key.encode()),  # no file holds a key that could be a real one
        "balance": await client.balance(key),
        "settled orders": [code["orderId"], sent, mailed, untold],
        "returned order": refused,
        "expired order": cancelled["orderId"],
        "order waiting for a code": waiting,
        "rental on trial": rental,
        "unpaid order": {"orderId": unpaid["orderId"], "payreq": unpaid["payreq"]},
        "webhook of": untold,
    }


async def _with_number(client: OrderClient, body: Known) -> Known:
    """A paid order that has its number; its payment is held, and nobody waits for that."""
    order_id, payment = await client.buy(RECEIVE, body)
    status = await client.until(order_id, lambda status: "number" in status)
    payment.cancel()
    with contextlib.suppress(BaseException):
        await payment
    return {"orderId": order_id, "number": status["number"]}


async def _with_code(client: OrderClient, text: str) -> Known:
    order = await _with_number(client, {"country": USA, "service": "vk"})
    await client.text_to(order["number"], text)
    await client.until(order["orderId"], lambda status: status["state"] == "settled")
    return order


async def _ended(client: OrderClient, path: str, body: Known, end: str) -> str:
    order_id, payment = await client.buy(path, body)
    await payment
    await client.until(order_id, lambda status: status["state"] == end)
    return order_id


async def _calls_on_balance(shop: ShopServer) -> Known:
    client = await VoiceClient.with_balance(shop, 1_000)
    completed = await client.call({"to": ANSWERS, "sayText": "Press one.", "dtmf": True})
    await client.until_over(completed["callId"])
    ringing = await client.call({"to": RINGS_ON_BALANCE, "sayText": "Hello."})

    async def rings() -> bool:
        status: str = (await client.status(ringing["callId"]))["status"]
        return status == "ringing"

    await eventually(rings)
    return {
        "voice key": written(client.key.encode()),
        "completed call on balance": completed["callId"],
        "ringing call on balance": ringing["callId"],
    }
