"""A buyer of calls by the paid URL, with the simulated wallet, phones and clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from support.numbers import ANSWERS
from support.waiting import eventually

PATH = "/api/l402/place-call"
MESSAGE = "Hello."
FINAL = ("completed", "busy", "no-answer", "failed", "canceled")


def say(number: str = ANSWERS, message: str = MESSAGE, **more: Any) -> dict[str, Any]:
    return {"phone_number": number, "message": message, **more}


def play(url: str, number: str = ANSWERS, minutes: float = 1, **more: Any) -> dict[str, Any]:
    return {"phone_number": number, "audio_url": url, "duration_minutes": minutes, **more}


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid challenge: the 402's document, the preimage, and the header that shows both."""

    document: dict[str, Any]
    preimage: str
    authorization: str


class L402Client:
    """A buyer at ``url``, and the world at ``world_url``."""

    def __init__(self, url: str, world_url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.world_url = world_url
        self.http = http

    # -- a buyer ------------------------------------------------------------------------------

    async def post(
        self,
        body: dict[str, Any] | bytes,
        authorization: str = "",
        *,
        path: str = PATH,
        **headers: str,
    ) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if authorization:
            sent["Authorization"] = authorization
        if isinstance(body, bytes):
            return await self.http.post(path, content=body, headers=sent)
        return await self.http.post(path, json=body, headers=sent)

    async def pay(self, invoice: str) -> str:
        """The preimage, in hexadecimal, of an invoice that the simulated wallet has paid."""
        answer = await self.http.post(
            f"{self.world_url}/simulator/wallet/v2/router/send",
            json={"payment_request": invoice, "timeout_seconds": 60, "fee_limit_sat": "100"},
        )
        payment = answer.json()["result"]
        assert payment["status"] == "SUCCEEDED", payment
        preimage: str = payment["payment_preimage"]
        return preimage

    async def buy_credential(self, body: dict[str, Any] | bytes, path: str = PATH) -> Paid:
        asked = await self.post(body, path=path)
        assert asked.status_code == 402, asked.text
        document = asked.json()
        preimage = await self.pay(document["invoice"])
        return Paid(document, preimage, f"L402 {document['macaroon']}:{preimage}")

    async def buy(
        self, body: dict[str, Any], *, path: str = PATH, **headers: str
    ) -> tuple[Paid, dict[str, Any]]:
        """A paid request, and its answer, which must be 200."""
        paid = await self.buy_credential(body, path)
        answer = await self.post(body, paid.authorization, path=path, **headers)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return paid, document

    async def status(self, document: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.get(document["status_url"])
        assert answer.status_code == 200, answer.text
        status: dict[str, Any] = answer.json()
        return status

    async def until(
        self, document: dict[str, Any], happened: Callable[[dict[str, Any]], Any]
    ) -> dict[str, Any]:
        """The status document as soon as ``happened`` says so."""

        async def probe() -> dict[str, Any] | None:
            status = await self.status(document)
            return status if happened(status) else None

        return await eventually(probe)

    async def until_over(self, document: dict[str, Any]) -> dict[str, Any]:
        return await self.until(document, lambda status: status["status"] in FINAL)

    async def wallet_sats(self) -> int:
        answer = await self.http.get(f"{self.world_url}/simulator/wallet/v1/balance/channels")
        return int(answer.json()["balance"])

    async def wallet_invoice(self, sats: int, **more: Any) -> str:
        """An invoice to be paid into the simulated wallet."""
        answer = await self.http.post(
            f"{self.world_url}/simulator/wallet/v1/invoices", json={"value": str(sats), **more}
        )
        invoice: str = answer.json()["payment_request"]
        return invoice

    # -- phones and time ----------------------------------------------------------------------

    async def calls_of(self, number: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.world_url}/simulator/phones/{number}")
        found: list[dict[str, Any]] = answer.json()["calls"]
        return found

    async def phone(self, number: str, act: str, **body: Any) -> None:
        """``act``: answer, decline, hangup or keys, as soon as the phone can do so."""

        async def done() -> bool:
            url = f"{self.world_url}/simulator/phones/{number}/{act}"
            return (await self.http.post(url, json=body)).status_code == 200

        await eventually(done)

    async def advance(self, seconds: float) -> None:
        answer = await self.http.post(
            f"{self.world_url}/simulator/clock/advance", json={"seconds": seconds}
        )
        assert answer.status_code == 200, answer.text
