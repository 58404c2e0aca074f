"""The client distribution buys from a running shop, and pays once whenever it is killed."""

from __future__ import annotations

import asyncio
import base64
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import standardwebhooks

from ringbolt_client import (
    AsyncRingbolt,
    BudgetExceeded,
    PlayWallet,
    TooExpensive,
    WebhookRefused,
    verify_webhook,
)
from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for

PRICE = 50
CLIENT = Path(__file__).parents[2] / "client" / "src"


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as running:
        yield running


async def test_a_call_is_bought_once_and_within_the_limits(
    shop: ShopServer, tmp_path: Path
) -> None:
    wallet, before = PlayWallet(shop.url), await shop.wallet_sats()
    state = tmp_path / "state"
    async with AsyncRingbolt(
        shop.url, wallet=wallet, max_sats=PRICE, budget_sats_per_day=100, state_dir=state
    ) as client:
        order = await client.call(ANSWERS, "Hello.", name="greeting")
        assert (await order.wait()).or_fail().charged_sats == PRICE
        again = await client.call(ANSWERS, "Hello.", name="greeting")
        assert (again.id, client.unfinished()) == (order.id, [])
        with pytest.raises(BudgetExceeded):
            await client.call(ANSWERS, "Hello again.")
    async with AsyncRingbolt(shop.url, wallet=wallet, max_sats=PRICE - 1, state_dir=state) as mean:
        with pytest.raises(TooExpensive):
            await mean.call(ANSWERS, "Hello again.")
    assert before - await shop.wallet_sats() == PRICE


_KILLED = """
import os, signal, sys
from ringbolt_client import PlayWallet, Ringbolt
from ringbolt_client.journal import Journal
url, state, number, step = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
class Dying(PlayWallet):
    def pay(self, invoice, limit):
        step == "before paying" and die()
        preimage = yield from super().pay(invoice, limit)
        step == "paid" and die()
        return preimage
for where, method in (("proof kept", "keep"), ("answered", "delivered")):
    if step == where:
        kept = getattr(Journal, method)
        if step == "answered":
            Journal.delivered = die
        else:
            Journal.keep = lambda *given: (kept(*given), die())
print(Ringbolt(url, wallet=Dying(url), state_dir=state).call(number, "Hello.").id)
"""


async def buy(shop: ShopServer, state: Path, step: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _KILLED, shop.url, str(state), ANSWERS, step),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(CLIENT)},
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode().strip()


async def test_a_killed_client_goes_on_and_pays_once(shop: ShopServer, tmp_path: Path) -> None:
    for count, step in enumerate(("before paying", "paid", "proof kept", "answered"), 1):
        state, before = tmp_path / str(count), await shop.wallet_sats()
        assert (await buy(shop, state, step))[0] == -signal.SIGKILL, step
        code, call = await buy(shop, state, "")
        assert (code, bool(call)) == (0, True), step
        assert before - await shop.wallet_sats() == PRICE, step


class OnlyMpp(httpx.AsyncHTTPTransport):
    """A server that offers nothing but MPP, as the client sees it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if answer.status_code != 402:
            return answer
        lines = answer.headers.get_list("www-authenticate")
        (kept,) = [line for line in lines if line.startswith("Payment ")]
        return httpx.Response(402, headers={"www-authenticate": kept})


async def test_a_call_is_bought_by_mpp(shop: ShopServer, tmp_path: Path) -> None:
    before = await shop.wallet_sats()
    async with AsyncRingbolt(
        shop.url, wallet=PlayWallet(shop.url), state_dir=tmp_path / "state", transport=OnlyMpp()
    ) as client:
        order = await client.call(ANSWERS, "Hello.")
        assert (await order.wait()).or_fail().charged_sats == PRICE
    assert before - await shop.wallet_sats() == PRICE


def test_webhooks_are_verified_as_the_standard_signs_them() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    body, now = '{"type":"call.completed"}', datetime.now(UTC)
    signature = standardwebhooks.Webhook(secret).sign("msg_1", now, body)
    sent = str(int(now.timestamp()))
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": sent, "Webhook-Signature": signature}
    assert verify_webhook(secret, headers, body)["type"] == "call.completed"
    for spoilt, said in (({**headers, "Webhook-Id": "msg_2"}, body), (headers, body + " ")):
        with pytest.raises(WebhookRefused):
            verify_webhook(secret, spoilt, said)
    with pytest.raises(WebhookRefused):
        verify_webhook(secret, headers, body, now_s=now.timestamp() + 301)
