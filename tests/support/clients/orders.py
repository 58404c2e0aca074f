"""A buyer at the orders API, with a simulated wallet whose payments are held for a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S, eventually

GETS_IT = "+1234567800"
USA, GERMANY, ANY = 187, 43, 999


class OrderClient:
    """One client of one shop."""

    def __init__(self, shop: ShopServer) -> None:
        self.shop = shop
        self.http = shop.http

    async def get(self, path: str, **query: Any) -> Any:
        """The document at ``path``, which must be there."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, json=body, headers=sent)

    async def order(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """A placed order's document."""
        answer = await self.post(path, body, **headers)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def pay(self, payreq: str) -> asyncio.Task[str]:
        """Pay a hold invoice; the task ends as the payment does, with its status."""
        return asyncio.create_task(self._pay(payreq))

    async def _pay(self, payreq: str) -> str:
        status = ""
        async with self.http.stream(
            "POST",
            f"{self.shop.world_url}/simulator/wallet/v2/router/send",
            json={"payment_request": payreq, "timeout_seconds": 60, "fee_limit_sat": "100"},
            timeout=PATIENCE_S,
        ) as answer:
            async for line in answer.aiter_lines():
                if line.strip():
                    status = json.loads(line)["result"]["status"]
        return status

    async def buy(self, path: str, body: dict[str, Any]) -> tuple[str, asyncio.Task[str]]:
        """An order's id, and its payment on the way."""
        created = await self.order(path, body)
        return created["orderId"], self.pay(created["payreq"])

    async def buy_to_the_end(self, path: str, body: dict[str, Any]) -> tuple[str, str]:
        """An order's id, and how its payment ended."""
        order_id, payment = await self.buy(path, body)
        return order_id, await asyncio.wait_for(payment, PATIENCE_S)

    async def status(self, order_id: str, **query: Any) -> dict[str, Any]:
        document: dict[str, Any] = await self.get("/orderstatus", orderId=order_id, **query)
        return document

    async def until(
        self, order_id: str, happened: Callable[[dict[str, Any]], Any]
    ) -> dict[str, Any]:
        """The order as soon as ``happened`` says so."""

        async def probe() -> dict[str, Any] | None:
            document = await self.status(order_id)
            return document if happened(document) else None

        return await eventually(probe)

    async def text_to(self, number: int | str, text: str, sender: str = "Service") -> None:
        answer = await self.http.post(
            f"{self.shop.world_url}/simulator/sms",
            json={"to": f"+{number}", "from": sender, "text": text},
        )
        assert answer.status_code == 202, answer.text

    async def texts_on(self, number: str) -> list[dict[str, Any]]:
        """What a phone of the world has got."""
        answer = await self.http.get(f"{self.shop.world_url}/simulator/phones/{number}")
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    async def new_key(self, sats: int = 0) -> str:
        """A prepaid key, with that much on its balance."""
        key: str = (await self.http.post("/simulator/keys")).json()["key"]
        if sats:
            funded = await self.order("/fund", {"amount": sats}, X_API_Key=key)
            assert await self.pay(funded["payreq"]) == "SUCCEEDED"

            async def there() -> bool:
                return await self.balance(key) == sats

            await eventually(there)
        return key

    async def balance(self, key: str) -> int:
        answer = await self.http.get("/balance", headers={"X-API-Key": key})
        assert answer.status_code == 200, answer.text
        sats: int = answer.json()["balance"]
        return sats
