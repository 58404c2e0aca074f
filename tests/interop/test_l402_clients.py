"""Clients that nobody here wrote, unmodified, buy from a running shop.

curl as the service's page prints it is in ``tests/api/test_l402_seed_page.py``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from support.clients.l402 import PATH, say
from support.clients.l402_requests import l402_requests_client
from support.clients.orders import USA, OrderClient
from support.clients.paid_services import paid_examples
from support.numbers import ANSWERS, LISTENS
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import PATIENCE_S, eventually

PRICE = 50


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as running:
        yield running


def wallet_url(shop: ShopServer) -> str:
    return f"{shop.url}/simulator/wallet"


async def assert_rang_and_charged(shop: ShopServer, answers: list[dict[str, Any]]) -> None:
    for answer in answers:
        assert (await shop.until_over(answer))["charged_sats"] == PRICE
    assert len({answer["sid"] for answer in answers}) == len(answers)
    report = await shop.audit()
    assert report.differences == []
    assert report.books.settled == len(answers) * PRICE * 1000
    assert report.owed_msat == 0


_BOLT402 = """
import json, sys
import bolt402
url, wallet, *bodies = sys.argv[1:]
client = bolt402.L402Client.with_lnd_rest(wallet, "00")
for body in bodies:
    answer = client.post(url, body)
    told = {"status": answer.status, "paid": answer.paid, "text": answer.text(),
            "spent": client.total_spent()}
    print(json.dumps(told), flush=True)
    sys.stdin.readline()
"""


class Bolt402:
    """One bolt402 client in a process of its own: it keeps the interpreter to itself while it
    waits, and so would keep a shop in the same process from answering."""

    def __init__(self, shop: ShopServer, *options: dict[str, Any], path: str = PATH) -> None:
        pytest.importorskip("bolt402", reason="bolt402 has no wheel for this platform")
        bodies = [json.dumps(wish) for wish in options]
        self._command = [sys.executable, "-c", _BOLT402, shop.url + path, wallet_url(shop), *bodies]

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def next_answer(self) -> dict[str, Any]:
        """What the next of its requests came to; the one after that waits for ``go_on``."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        answer: dict[str, Any] = json.loads(line)
        assert answer["status"] == 200, answer
        return answer

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")


async def test_bolt402_buys_a_call(shop: ShopServer) -> None:
    async with Bolt402(shop, say(ANSWERS)) as client:
        answer = await client.next_answer()

    assert answer["paid"] is True
    assert answer["spent"] == PRICE
    await assert_rang_and_charged(shop, [json.loads(answer["text"])])


async def test_bolt402_s_cached_credential_does_not_stop_its_next_call(shop: ShopServer) -> None:
    answers = []
    async with Bolt402(shop, say(ANSWERS), say(LISTENS), say(ANSWERS, n=2)) as client:
        for _ in range(3):
            answers.append(await client.next_answer())
            client.go_on()

    assert answers[-1]["spent"] == 3 * PRICE
    await assert_rang_and_charged(shop, [json.loads(answer["text"]) for answer in answers])


async def test_bolt402_buys_the_same_call_twice_when_the_window_is_over(shop: ShopServer) -> None:
    async with Bolt402(shop, say(ANSWERS), say(ANSWERS)) as client:
        first = await client.next_answer()
        await shop.advance(121)
        client.go_on()
        second = await client.next_answer()

    assert second["spent"] == 2 * PRICE
    await assert_rang_and_charged(shop, [json.loads(one["text"]) for one in (first, second)])


async def test_bolt402_buys_every_paid_service(shop: ShopServer) -> None:
    for service in await paid_examples(shop.http):
        async with Bolt402(shop, service.body, path=service.path) as client:
            answer = await client.next_answer()
        assert answer["paid"] is True, service
        assert answer["spent"] == json.loads(answer["text"])["price_sats"]


async def test_l402_requests_buys_every_paid_service(shop: ShopServer) -> None:
    for service in await paid_examples(shop.http):
        before = await shop.wallet_sats()
        async with l402_requests_client(wallet_url(shop), max_sats=5000) as client:
            answer = await client.post(shop.url + service.path, json=service.body)
        assert answer.status_code == 200, (service, answer.text)
        assert before - await shop.wallet_sats() == answer.json()["price_sats"]


async def test_l402_requests_buys_a_call(shop: ShopServer) -> None:
    async with l402_requests_client(wallet_url(shop)) as client:
        answer = await client.post(shop.url + PATH, json=say(ANSWERS))

    assert answer.status_code == 200
    await assert_rang_and_charged(shop, [answer.json()])


async def test_l402_requests_pays_anew_for_another_call(shop: ShopServer) -> None:
    answers = []
    async with l402_requests_client(wallet_url(shop)) as client:
        for wish in (say(ANSWERS), say(LISTENS), say(ANSWERS, n=2)):
            answer = await client.post(shop.url + PATH, json=wish)
            assert answer.status_code == 200
            answers.append(answer.json())

    await assert_rang_and_charged(shop, answers)


async def test_l402_requests_learns_what_is_wrong_without_paying(shop: ShopServer) -> None:
    before = await shop.wallet_sats()
    async with l402_requests_client(wallet_url(shop)) as client:
        answer = await client.post(shop.url + PATH, json=say("+19005550123"))

    assert (answer.status_code, answer.json()["error_code"]) == (422, "DESTINATION_REFUSED")
    assert await shop.wallet_sats() == before


async def test_ringbolt_s_own_buyer_buys_follows_and_claims(
    shop: ShopServer, tmp_path: Path
) -> None:
    from ringbolt.cli.buyer.refund import claim
    from ringbolt_client import AsyncRingbolt, PlayWallet
    from ringbolt_client.steps import run_async

    wallet = PlayWallet(shop.url)
    async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path / "state") as client:
        call = await client.call("+1234567801", "Hello.")
        busy = await call.wait()
    assert busy.refund is not None
    sats = await run_async(claim(busy.refund["lnurl_withdraw"], wallet), shop.http)

    assert (call.price_sats, busy.status, sats) == (PRICE, "busy", PRICE)
    placed = {"status_url": call.status_url}
    await shop.until(placed, lambda status: status["order_state"] == "returned")
    assert await shop.wallet_sats() == 10_000_000


async def test_l402_requests_buys_a_code_and_polls_it(shop: ShopServer) -> None:
    orders = OrderClient(shop)
    wanted = {"type": "receive-sms", "country": USA, "service": "tg"}
    before = await shop.wallet_sats()
    async with l402_requests_client(wallet_url(shop), max_sats=5000) as client:
        placed = await client.post(f"{shop.url}/v2/l402/order", json=wanted)
        assert placed.status_code == 200, placed.text
        address = placed.json()["status_url"]

        async def seen(name: str) -> Any:
            answer = await client.get(address)  # it sends the credential by itself
            assert answer.status_code == 200, answer.text
            return answer.json().get(name)

        number = await eventually(lambda: seen("number"))
        await orders.text_to(number, "Your code is 070051")
        assert await eventually(lambda: seen("code")) == "070051"

    assert before - await shop.wallet_sats() == placed.json()["price_sats"], "paid once"
