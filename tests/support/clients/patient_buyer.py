"""A buyer of one call who does not give up while the shop comes and goes."""

from __future__ import annotations

from typing import Any

import httpx

from ringbolt_client import PlayWallet
from ringbolt_client.buying import fee_limit
from ringbolt_client.challenge import read_challenge
from ringbolt_client.steps import run_async
from ringbolt_client.wallets import pay_or_find
from support.speech import TEXT
from support.waiting import LONG_S, PATIENCE_S, eventually


class PatientBuyer:
    """Buys one call from a shop that comes and goes: asks again until it is answered.

    ``acknowledged`` is the answer to the paid request, once there was one.
    """

    def __init__(self, shop_url: str, world_url: str, number: str) -> None:
        self.number = number
        self.acknowledged: dict[str, Any] | None = None
        self.price_msat = 0
        self.report: dict[str, Any] = {}
        self._shop = shop_url
        self._http = httpx.AsyncClient(timeout=PATIENCE_S)
        self._wallet = PlayWallet(world_url)
        self._authorization = ""

    @property
    def body(self) -> dict[str, Any]:
        return {"phone_number": self.number, "message": TEXT}

    async def pay(self) -> None:
        async def asked() -> httpx.Response | None:
            answer = await self._post({})
            return answer if answer is not None and answer.status_code == 402 else None

        challenge = read_challenge(await eventually(asked, LONG_S))
        sats = challenge.invoice.sats
        self.price_msat = sats * 1000
        paying = pay_or_find(self._wallet, challenge.invoice, fee_limit(sats))
        self._authorization = challenge.authorization(await run_async(paying, self._http))

    async def redeem(self) -> dict[str, Any]:
        """Show the credential until it is honoured."""

        async def shown() -> dict[str, Any] | None:
            answer = await self._post({"Authorization": self._authorization})
            if answer is None or answer.status_code == 503:
                return None
            assert answer.status_code == 200, answer.text
            document: dict[str, Any] = answer.json()
            return document

        self.acknowledged = await eventually(shown, LONG_S)
        assert self.acknowledged is not None
        return self.acknowledged

    async def redeem_once(self) -> httpx.Response:
        answer = await self._post({"Authorization": self._authorization})
        assert answer is not None, "the shop is gone"
        return answer

    async def follow(self, *wanted: str) -> dict[str, Any]:
        """Read the status until the order is in one of the states ``wanted``."""
        assert self.acknowledged is not None
        url = self.acknowledged["status_url"]

        async def reached() -> bool:
            answer = await self._get(url)
            if answer is None or answer.status_code == 503:
                return False
            assert answer.status_code == 200, f"an acknowledged order is lost: {answer.text}"
            self.report = answer.json()
            return self.report["order_state"] in wanted

        await eventually(reached, LONG_S)
        return self.report

    async def claim(self) -> None:
        """Withdraw the refund into the wallet, repeating the same request until it is taken."""
        refund = self.report["refund"]
        k1 = refund["withdraw_url"].rsplit("/", 1)[1]
        asking = self._wallet.invoice(refund["refund_amount"], "refund")
        invoice = await run_async(asking, self._http)

        async def claimed() -> bool:
            answer = await self._get(f"{self._shop}/lnurl/callback", k1=k1, pr=invoice)
            return answer is not None and answer.json()["status"] == "OK"

        await eventually(claimed, LONG_S)

    async def buy(self) -> str:
        """From the first request to the end of the order, refund included; the end."""
        await self.pay()
        await self.redeem()
        await self.follow("settled", "failed")
        if self.report["order_state"] == "failed":
            await self.claim()
            await self.follow("returned")
        return str(self.report["order_state"])

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, headers: dict[str, str]) -> httpx.Response | None:
        try:
            url = f"{self._shop}/api/l402/place-call"
            return await self._http.post(url, json=self.body, headers=headers)
        except httpx.HTTPError:
            return None

    async def _get(self, url: str, **params: str) -> httpx.Response | None:
        try:
            return await self._http.get(url, params=params or None)
        except httpx.HTTPError:
            return None
