"""Prepaid accounts as their holders meet them: over HTTP, paid by a wallet, on both databases."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import pytest

from ringbolt.api.operator.routes import operator_token
from ringbolt.api.orders import documents
from ringbolt.app.accounts.keys import NewKey, create_key, revoke_key
from support.documents import check_document
from support.servers.shop import ShopServer
from support.waiting import eventually

OWN_KEY = "a-key-that-nobody-knows-yet"


class Holder:
    """The holder of a key."""

    def __init__(self, shop: ShopServer, key: str) -> None:
        self.shop = shop
        self.key = key

    async def get(self, path: str) -> httpx.Response:
        return await self.shop.http.get(path, headers={"X-API-Key": self.key})

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.shop.http.post(path, json=body, headers={"X-API-Key": self.key})

    async def balance(self) -> int:
        found: int = (await self.get("/balance")).json()["balance"]
        return found

    async def top_up(self, sats: int) -> dict[str, Any]:
        """Fund and pay; it can be spent as soon as the wallet says that it is paid."""
        answer = await self.post("/fund", amount=sats)
        assert answer.status_code == 200, answer.text
        ordered: dict[str, Any] = answer.json()
        await self._pay(ordered["payreq"])
        return ordered

    async def _pay(self, invoice: str) -> None:
        """The wallet's last word comes when the shop has settled what was held."""
        answer = await self.shop.http.post(
            f"{self.shop.world_url}/simulator/wallet/v2/router/send",
            json={"payment_request": invoice, "timeout_seconds": 60, "fee_limit_sat": "100"},
        )
        last = json.loads(answer.text.splitlines()[-1])
        assert last["result"]["status"] == "SUCCEEDED", last

    async def send(self, n: int = 0) -> httpx.Response:
        return await self.post(
            "/createemailsendorder",
            address=f"somebody{n}@example.com",
            message="Hello from Lightning",
            immediate=True,
        )


async def holder_of(shop: ShopServer) -> tuple[Holder, str]:
    key = await create_key(shop.shop.db, "a test")
    return Holder(shop, key.key), key.id


async def test_a_wallet_pays_a_top_up_which_is_then_spent(any_shop: ShopServer) -> None:
    holder, _ = await holder_of(any_shop)
    ordered = await holder.top_up(2500)

    assert (await holder.send()).json()["payreq"] == "paid"
    assert await holder.balance() == 1500
    refused = [await holder.send(n) for n in (1, 2)][-1]

    history = (await holder.get("/history")).json()
    assert set(ordered) >= {"status", "orderId", "payreq"}
    assert (history["totalAmount"], len(history["orders"])) == (2500, 1)
    assert history["orders"][0]["userId"] == holder.key
    assert history["orders"][0]["preimageHash"] == ordered["paymentHash"]
    assert refused.status_code == 402
    assert refused.json()["status"] == "error"
    assert "500 are missing" in refused.json()["reason"]
    entries = (await holder.get("/v1/ledger")).json()["entries"]
    assert [each["amount"] for each in entries] == [-1000, -1000, 2500]


async def test_fifty_orders_at_once_on_a_balance_for_five(any_shop: ShopServer) -> None:
    holder, _ = await holder_of(any_shop)
    await holder.top_up(5000)

    answers = await asyncio.gather(*(holder.send(n) for n in range(50)))

    assert Counter(each.status_code for each in answers) == {200: 5, 402: 45}
    assert await holder.balance() == 0
    assert (await any_shop.audit()).differences == []


async def test_a_key_of_ones_own_is_made_by_its_first_top_up(open_shop: Any) -> None:
    shop = await open_shop(keys={"self_service": True})
    holder = Holder(shop, OWN_KEY)

    assert (await holder.get("/balance")).status_code == 401
    await asyncio.gather(*(holder.post("/fund", amount=1) for _ in range(5)))
    await holder.top_up(1)

    assert await holder.balance() == 1


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("short", 400),
        ("has spaces in it, many", 400),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 400),
        ("1234567123456712345671234567", 400),
        ("", 401),
    ],
)
async def test_what_is_no_key_is_refused_where_anybody_may_make_one(
    open_shop: Any, key: str, status: int
) -> None:
    shop = await open_shop(keys={"self_service": True})

    answer = await Holder(shop, key).post("/fund", amount=1000)

    assert (answer.status_code, answer.json()["status"]) == (status, "error")
    assert answer.json()["suggestion"]


async def test_a_key_of_ones_own_with_eight_different_characters_is_one(open_shop: Any) -> None:
    shop = await open_shop(keys={"self_service": True})

    answer = await Holder(shop, "12345678" * 2).post("/fund", amount=1000)

    assert answer.status_code == 200


async def test_a_key_without_the_scope_is_refused_and_is_not_unknown(shop: ShopServer) -> None:
    def holder(key: NewKey) -> Holder:
        return Holder(shop, key.key)

    funding = holder(await create_key(shop.shop.db, "a test", frozenset({"fund"})))
    reading = holder(await create_key(shop.shop.db, "a test", frozenset({"read"})))

    answers = [await funding.get(path) for path in ("/balance", "/history", "/v1/ledger")]
    answers += [await reading.post("/fund", amount=1000), await reading.send()]
    for answer, scope in zip(answers, ("read", "read", "read", "fund", "spend"), strict=True):
        assert (answer.status_code, answer.json()["error_code"]) == (403, "FORBIDDEN")
        assert f"scope {scope}" in answer.json()["reason"]
        assert answer.json()["suggestion"]


async def test_unknown_and_revoked_keys_are_401_everywhere(shop: ShopServer) -> None:
    holder, key_id = await holder_of(shop)
    await revoke_key(shop.shop.db, key_id)

    for each in (holder, Holder(shop, OWN_KEY)):
        answers = [await each.get(path) for path in ("/balance", "/history", "/v1/ledger")]
        answers += [await each.post("/fund", amount=1000), await each.send()]
        assert {answer.status_code for answer in answers} == {401}
        assert all(answer.json()["reason"] for answer in answers)


async def test_the_ledger_adds_up_to_the_balance_at_every_moment(shop: ShopServer) -> None:
    holder, _ = await holder_of(shop)
    await holder.top_up(9000)

    async def added_up() -> Counter[str]:
        """How many entries of each state; their sum is the balance."""
        balance = await holder.balance()
        entries = (await holder.get("/v1/ledger")).json()["entries"]
        assert sum(each["amount"] for each in entries) == balance
        assert sum(each["amount_msat"] for each in entries) == balance * 1000
        for each in entries:
            check_document(each, documents.LedgerEntry)
        return Counter(each["state"] for each in entries)

    async def order(**body: Any) -> str:
        answer = await holder.post("/createorder", country=187, immediate=True, **body)
        return str(answer.json()["orderId"])

    waiting = await order(service="vk")
    given_back = await order(service="sim-none")
    assert await eventually(lambda: _has_error(holder, given_back))
    assert await added_up() == {"captured": 1, "pending": 1, "voided": 1}
    voided = (await holder.get("/v1/ledger")).json()["entries"][0]
    assert (voided["orderId"], voided["reserved"]) == (given_back, 3000)
    assert (voided["amount"], voided["amount_msat"]) == (0, 0)
    await holder.send()
    await shop.advance(130)
    await holder.post("/cancelorder", orderId=waiting)
    assert await eventually(lambda: _has_error(holder, waiting))
    assert (await added_up())["voided"] == 2


async def _has_error(holder: Holder, order_id: str) -> bool:
    return "error" in (await holder.get(f"/orderstatus?orderId={order_id}")).json()


async def test_pages_are_followed_to_the_end(shop: ShopServer) -> None:
    holder, _ = await holder_of(shop)
    for sats in (1, 2, 3):
        await holder.top_up(sats)

    for path, name in (("/history", "orders"), ("/v1/ledger", "entries")):
        page = (await holder.get(f"{path}?limit=2")).json()
        rest = (await holder.get(f"{path}?limit=2&cursor={page['next']}")).json()
        assert [each["amount"] for each in page[name] + rest[name]] == [3, 2, 1]
        assert "next" not in rest


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=nothing"])
async def test_a_page_that_is_none_is_refused(shop: ShopServer, query: str) -> None:
    holder, _ = await holder_of(shop)
    await holder.top_up(1)

    assert (await holder.get(f"/history?{query}")).status_code == 400
    assert (await holder.get(f"/v1/ledger?{query}")).status_code == 400


async def test_the_operator_sees_every_key_and_its_balance(shop: ShopServer) -> None:
    holder, key_id = await holder_of(shop)
    await holder.top_up(1234)
    assert await holder.balance() == 1234  # which waits until it is booked

    headers = {"Authorization": f"Bearer {operator_token(shop.shop.keyring)}"}
    listed = (await shop.http.get("/v1/operator/keys", headers=headers)).json()

    found = next(each for each in listed if each["id"] == key_id)
    assert (found["balance_sats"], found["scopes"]) == (1234, ["fund", "read", "spend"])
    assert holder.key not in str(listed)


async def test_an_explanation_of_more_than_all_bitcoin_is_refused(shop: ShopServer) -> None:
    headers = {"Authorization": f"Bearer {operator_token(shop.shop.keyring)}"}
    explained = {"sentence": "a payment", "reason": "a test", "by": "me", "amount_msat": 2**63}

    answer = await shop.http.post("/v1/operator/acknowledgements", headers=headers, json=explained)

    assert answer.status_code == 400, answer.text
    assert "amount_msat" in answer.text
