"""Orders of buyers who do not give up: placed, paid and followed at a shop, and with a wallet, that
come and go."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from ringbolt.core.lightning import bolt11
from support.waiting import LONG_S, PATIENCE_S, eventually

FINAL = ("settled", "returned", "expired")


@dataclass
class PatientOrder:
    """``path`` and ``body`` are what is ordered; ``key`` pays for it from its balance.

    ``end`` is the state that it must end in; ``report`` what was last said of it.
    """

    shop_url: str
    world_url: str
    path: str
    body: dict[str, Any]
    end: str = "settled"
    key: str = ""
    created: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    name: str = field(default_factory=lambda: secrets.token_hex(16))
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=PATIENCE_S))

    @property
    def order_id(self) -> str:
        return str(self.created["orderId"])

    @property
    def price_sats(self) -> int:
        return int(self.created["price"])

    @property
    def is_hold(self) -> bool:
        return not self.body.get("immediate")

    async def place(self) -> None:
        """Order until there is an answer: the same order each time."""
        headers = {"Idempotency-Key": self.name}
        if self.key:
            headers["X-API-Key"] = self.key

        async def placed() -> dict[str, Any] | None:
            try:
                answer = await self.http.post(
                    f"{self.shop_url}{self.path}", json=self.body, headers=headers
                )
            except httpx.HTTPError:
                return None
            if answer.status_code == 503:
                return None
            assert answer.status_code == 200, answer.text
            document: dict[str, Any] = answer.json()
            return document

        self.created = await eventually(placed, LONG_S)

    async def pay(self) -> None:
        """Send the payment and go: the wallet knows how it ends."""
        if not self.is_hold:
            return
        body = {"payment_request": self.created["payreq"], "timeout_seconds": 600,
                "fee_limit_sat": "100"}  # fmt: skip
        url = f"{self.world_url}/simulator/wallet/v2/router/send"
        async with self.http.stream("POST", url, json=body) as answer:
            async for line in answer.aiter_lines():
                if line.strip():
                    return

    async def payment(self) -> str:
        """What the wallet says of the payment now."""
        payment_hash = bolt11.decode(self.created["payreq"]).payment_hash
        name = base64.urlsafe_b64encode(payment_hash).decode()
        async for document in _lines(
            self.http, f"{self.world_url}/simulator/wallet/v2/router/track/{name}"
        ):
            return str(document["result"]["status"])
        raise AssertionError("the wallet says nothing")

    async def state(self) -> str:
        """'' while the shop does not answer."""
        try:
            answer = await self.http.get(
                f"{self.shop_url}/orderstatus", params={"orderId": self.order_id}
            )
        except httpx.HTTPError:
            return ""
        if answer.status_code == 503:
            return ""
        assert answer.status_code == 200, f"an acknowledged order is lost: {answer.text}"
        self.report = answer.json()
        return str(self.report["state"])

    async def follow(self) -> str:
        """The end."""

        async def ended() -> str:
            state = await self.state()
            await asyncio.sleep(0.1)
            return state if state in FINAL else ""

        return str(await eventually(ended, LONG_S))

    async def buy(self) -> str:
        await self.place()
        await self.pay()
        return await self.follow()

    async def check(self) -> None:
        """It ended as it must, and the payment as the order."""
        assert self.report["state"] == self.end, (self.path, self.body, self.report)
        if self.is_hold:
            paid = await self.payment()
            assert paid == ("SUCCEEDED" if self.end == "settled" else "FAILED"), self.report

    async def close(self) -> None:
        await self.http.aclose()


async def _lines(http: httpx.AsyncClient, url: str) -> Any:
    async with http.stream("GET", url) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            if line.strip():
                yield json.loads(line)


async def funded_key(shop_url: str, world_url: str, sats: int) -> str:
    """A prepaid key with so much on its balance."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        key: str = (await http.post(f"{shop_url}/simulator/keys")).json()["key"]
        top_up = PatientOrder(shop_url, world_url, "/fund", {"amount": sats}, key=key)
        try:
            assert await top_up.buy() == "settled"
        finally:
            await top_up.close()
        return key


async def balance_sats(shop_url: str, key: str) -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        answer = await http.get(f"{shop_url}/balance", headers={"X-API-Key": key})
        balance: int = answer.json()["balance"]
        return balance
