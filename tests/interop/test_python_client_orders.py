"""The client distribution orders numbers by held payments and from balances, sends messages, and
keeps to its budget whoever asks at once."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ringbolt_client import (
    AsyncRingbolt,
    BudgetExceeded,
    FunctionWallet,
    PlayWallet,
    Refused,
    Ringbolt,
    Undelivered,
)
from support.clients.orders import OrderClient
from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import eventually

CALL, CODE, RENT = 50, 3000, 15_000
PHONE = "+12025550130"
CLIENT = Path(__file__).parents[2] / "client" / "src"


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as running:
        yield running


async def test_a_code_comes_and_is_paid_for_then(shop: ShopServer, tmp_path: Path) -> None:
    wallet, before = PlayWallet(shop.url), await shop.wallet_sats()
    async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path / "state") as client:
        order = await client.receive_code("sim-code")
        result = (await order.wait()).or_fail()
        assert (result.is_delivered, len(result.code)) == (True, 6)
        assert result.code in result.text
        assert client.unfinished() == []

    async def is_paid() -> bool:
        return before - await shop.wallet_sats() == CODE

    assert await eventually(is_paid)
    assert (await shop.audit()).differences == []


async def test_an_order_that_is_not_over_is_found_again(shop: ShopServer, tmp_path: Path) -> None:
    before, state = await shop.wallet_sats(), tmp_path / "state"
    async with AsyncRingbolt(shop.url, wallet=PlayWallet(shop.url), state_dir=state) as client:
        first = await client.rent(187)
        assert (await first.wait()).number.startswith("+1")
    # Another process, after a crash.
    async with AsyncRingbolt(shop.url, wallet=PlayWallet(shop.url), state_dir=state) as client:
        again = await client.rent(187)
        assert (again.id, [each.key for each in client.unfinished()] != []) == (first.id, True)
        await shop.advance(121)  # before that, no number is taken back
        assert (await again.cancel()).state in ("failed", "returned")
        assert client.unfinished() == []

    async def is_back() -> bool:
        return await shop.wallet_sats() == before

    assert await eventually(is_back)


async def test_a_balance_pays_within_the_budget(shop: ShopServer, tmp_path: Path) -> None:
    key = await OrderClient(shop).new_key(3 * CODE)
    async with AsyncRingbolt(
        shop.url, api_key=key, budget_sats_per_day=CODE + 1, state_dir=tmp_path / "state"
    ) as client:
        order = await client.receive_code("sim-code")
        assert (await order.wait()).or_fail().code
        assert client.budget_left_sats == 1
        with pytest.raises(Refused) as refused:
            await client.receive_code("sim-code", name="second")
        assert (refused.value.code, client.unfinished()) == ("PRICE_TOO_HIGH", [])
    balance = await shop.http.get("/balance", headers={"X-API-Key": key})
    assert balance.json()["balance"] == 2 * CODE


async def test_a_text_is_spoken_into_a_file(shop: ShopServer, tmp_path: Path) -> None:
    wallet = PlayWallet(shop.url)
    async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path / "state") as client:
        order = await client.speak("Your table is ready.", format="wav")
        result = (await order.wait()).or_fail()
        file = await client.audio(result)
        assert (result.media_type, file[:4], order.price_sats) == ("audio/wav", b"RIFF", 50)
        assert len(file) == pytest.approx(result.duration_seconds * 48_000, rel=0.1)
        assert client.unfinished() == []


def send(url: str, state: Path) -> list[str]:
    with Ringbolt(url, wallet=PlayWallet(url), state_dir=state) as client:
        text = client.send_sms(PHONE, "Hello").wait()
        mail = client.send_email("ann@inbox.example", "Hello").wait()
        free = client.request("GET", "/price")
        spoken = client.audio(client.speak("Hello").wait())
        return [text.status, mail.or_fail().status, str(free["send"]), str(len(spoken) > 1000)]


async def test_messages_are_sent_without_asyncio(shop: ShopServer, tmp_path: Path) -> None:
    said = await asyncio.to_thread(send, shop.url, tmp_path / "state")
    assert said == ["delivered", "sent", "1000", "True"]


async def test_purchases_at_once_do_not_exceed_the_budget(shop: ShopServer, tmp_path: Path) -> None:
    before, budget = await shop.wallet_sats(), 3 * (CALL + 10)
    async with AsyncRingbolt(
        shop.url,
        wallet=PlayWallet(shop.url),
        budget_sats_per_day=budget,
        state_dir=tmp_path / "state",
    ) as client:
        calls = (client.call(ANSWERS, "Hello.", name=str(number)) for number in range(8))
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(each, BudgetExceeded) for each in done) == 5
        assert client.budget_left_sats == 0
    assert before - await shop.wallet_sats() == 3 * CALL


async def test_a_wallet_of_ones_own_may_fail_without_paying_twice(
    shop: ShopServer, tmp_path: Path
) -> None:
    paid: dict[str, str] = {}

    async def pay(invoice: str) -> str:
        async with httpx.AsyncClient(timeout=60) as http:
            url = f"{shop.url}/simulator/wallet/v2/router/send"
            answer = await http.post(url, json={"payment_request": invoice, "timeout_seconds": 60})
        ended = answer.json()["result"]
        paid[ended["payment_hash"]] = ended["payment_preimage"]
        raise ConnectionError("the answer was lost")

    before, state = await shop.wallet_sats(), tmp_path / "state"
    wallet = FunctionWallet(pay)
    async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=state) as client:
        for _ in range(2):  # it cannot say whether it has paid, and is not asked to pay again
            with pytest.raises(Undelivered, match="not known"):
                await client.call(ANSWERS, "Hello.")
    async with AsyncRingbolt(
        shop.url, wallet=FunctionWallet(pay, paid.get), state_dir=state
    ) as client:
        order = await client.call(ANSWERS, "Hello.")
        assert (await order.wait()).or_fail().charged_sats == CALL
    assert before - await shop.wallet_sats() == CALL


async def test_the_guides_examples_run_as_printed(shop: ShopServer, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/client.md").read_text(encoding="utf-8")
    program = "\n".join(re.findall(r"^```python\n(.*?)^```", guide, re.DOTALL | re.MULTILINE))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program.replace("http://127.0.0.1:8402", shop.url)),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(CLIENT), "XDG_STATE_HOME": str(tmp_path)},
    )
    output, _ = await process.communicate()
    call, code, text, same, webhook = output.decode().splitlines()
    assert call == "completed 1 50"
    assert (len(code), text, same, webhook) == (6, "delivered", "True", "WEBHOOK_REFUSED")
