"""A client of the voice API: signs in, places calls, follows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from ringbolt.api.voice.envelope import Failure, Success
from support.clients.l402 import FINAL
from support.clients.orders import OrderClient
from support.documents import check_document
from support.servers.shop import ShopServer
from support.waiting import eventually

SIGN_IN = "/auth/v1/tokens"
CALLS = "/voice/v1/calls"
PLAN = "/voice/v1/calls/plan"
SPEECH = "/voice/v1/speech"
VOICES = "/voice/v1/voices"
SATS = 100_000


class VoiceClient:
    """One client of one shop, with one prepaid key; ``token`` is what it shows as a bearer."""

    def __init__(self, shop: ShopServer, key: str = "", token: str = "") -> None:
        self.shop = shop
        self.http = shop.http
        self.key = key
        self.token = token or key

    @classmethod
    async def with_balance(cls, shop: ShopServer, sats: int = SATS) -> VoiceClient:
        """A client whose key has so much on its balance, signed in."""
        client = cls(shop, await OrderClient(shop).new_key(sats))
        client.token = (await client.sign_in())["access_token"]
        return client

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request, with the token."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, bytes | str):
            return await self.http.request(method, path, content=body, headers=sent)
        return await self.http.request(method, path, json=body, headers=sent)

    async def data(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """What an answer holds that must be a success."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        check_document(document, Success)
        assert document["replyCode"] == 0
        return document["data"]

    async def sign_in(self, **more: Any) -> dict[str, Any]:
        body = {"apiKey": self.key, "userName": "somebody", **more}
        answer = await self.http.post(SIGN_IN, json=body)
        assert answer.status_code == 200, answer.text
        token: dict[str, Any] = answer.json()["data"]
        return token

    async def call(self, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """A placed call."""
        placed: dict[str, Any] = await self.data("POST", CALLS, body, **headers)
        return placed

    async def status(self, call_id: str) -> dict[str, Any]:
        document: dict[str, Any] = await self.data("GET", f"{CALLS}/{call_id}")
        return document

    async def until(
        self, call_id: str, happened: Callable[[dict[str, Any]], Any]
    ) -> dict[str, Any]:
        """The call as soon as ``happened`` says so."""

        async def probe() -> dict[str, Any] | None:
            document = await self.status(call_id)
            return document if happened(document) else None

        return await eventually(probe)

    async def until_over(self, call_id: str) -> dict[str, Any]:
        return await self.until(call_id, lambda call: call["status"] in FINAL)

    async def balance(self) -> int:
        return await OrderClient(self.shop).balance(self.key)


def assert_refused(answer: httpx.Response, status: int | None = None) -> dict[str, Any]:
    """The error of an answer, which must be one, in the envelope."""
    document: dict[str, Any] = answer.json()
    check_document(document, Failure)
    assert document["replyCode"] == answer.status_code == document["error"]["status"], document
    assert 400 <= answer.status_code < 500, document
    assert document["data"] is None
    assert "Traceback" not in answer.text
    (error,) = document["error"]["internalErrors"]
    assert answer.headers["x-error-code"] == error["code"]
    if status is not None:
        assert answer.status_code == status, document
    found: dict[str, Any] = {**error, "message": document["replyMessage"]}
    return found


async def assert_call_refused(
    client: VoiceClient, document: Any, status: int | None = None
) -> dict[str, Any]:
    """The error of a call that is not placed, and that costs nothing."""
    error = assert_refused(await client.ask("POST", CALLS, document), status)
    assert (await client.data("GET", CALLS))["calls"] == []
    assert await client.balance() == SATS
    return error
