"""``--wallet nwc``: the commands pay from a Nostr wallet, whose address is kept nowhere."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cli.conftest import Desk
from ringbolt_client.nostr.keys import Keys
from support.clients.agent import agent_of
from support.numbers import ANSWERS, BUSY
from support.servers.nostr_wallet import CLIENT_SECRET, NostrWallet, running_wallet
from support.servers.relay import running_relay

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHODS = "pay_invoice lookup_invoice get_balance make_invoice"
NWC = ("--wallet", "nwc")


class PlayMoney:
    """Answers as a wallet service, from the play-money wallet of a shop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.is_broken = False

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        match method:
            case "get_balance":
                balance = httpx.get(f"{self._url}/v1/balance/channels").json()["balance"]
                return {"result": {"balance": int(balance) * 1000}}
            case "make_invoice":
                asked = {"value": str(params["amount"] // 1000), "memo": params["description"]}
                made = httpx.post(f"{self._url}/v1/invoices", json=asked).json()
                return {"result": {"type": "incoming", "invoice": made["payment_request"]}}
            case "pay_invoice" if not self.is_broken:
                asked = {"payment_request": params["invoice"], "timeout_seconds": 60}
                sent = httpx.post(f"{self._url}/v2/router/send", json=asked).json()
                return {"result": {"preimage": sent["result"]["payment_preimage"]}}
            case "lookup_invoice" if not self.is_broken:
                return {"error": {"code": "NOT_FOUND", "message": "no such payment"}}
        return {"error": {"code": "INTERNAL", "message": "the node is away"}}


@pytest.fixture
def money(desk: Desk) -> PlayMoney:
    return PlayMoney(desk.wallet)


@pytest_asyncio.fixture(loop_scope="module")
async def wallet(money: PlayMoney) -> AsyncIterator[NostrWallet]:
    async with (
        running_relay() as relay,
        running_wallet(relay, money.answer, methods=METHODS) as running,
    ):
        yield running


async def test_it_pays_is_paid_and_tells_its_balance(
    desk: Desk, wallet: NostrWallet, tmp_path: Path
) -> None:
    with_wallet = {"NWC_URL": wallet.uri, "XDG_STATE_HOME": str(tmp_path)}
    before = (await desk.run("wallet", "balance", *NWC, **with_wallet)).json["balance_sats"]

    bought = await desk.run("call", ANSWERS, "Hello.", *NWC, **with_wallet)
    assert (bought.code, bought.json["status"]) == (0, "completed"), bought.err

    failed = await desk.run("call", BUSY, "Hello.", *NWC, **with_wallet)
    assert (failed.code, "--wallet nwc" in failed.json["claim"]) == (4, True), failed.err
    link = failed.json["refund"]["lnurl_withdraw"]
    claimed = await desk.run("wallet", "claim", link, *NWC, **with_wallet)
    assert claimed.json == {"claimed_sats": 50}, claimed.err

    after = (await desk.run("wallet", "balance", *NWC, **with_wallet)).json["balance_sats"]
    assert before - after == 50


async def test_a_purchase_goes_on_with_its_wallet_and_keeps_no_secret(
    desk: Desk, money: PlayMoney, wallet: NostrWallet, tmp_path: Path
) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    money.is_broken = True
    begun = await desk.run("call", ANSWERS, "Hello.", "--wallet", wallet.uri, **state)
    assert begun.code == 5, begun.err
    (kept,) = tmp_path.glob("ringbolt/purchases/*.json")
    assert CLIENT_SECRET not in kept.read_text() + begun.err + begun.out

    alone = await desk.run("call", "--resume", **state)
    assert (alone.code, "Set NWC_URL" in alone.err) == (2, True)
    other = wallet.uri.replace(wallet.keys.public, Keys("4" * 64).public)
    wrong = await desk.run("call", "--resume", NWC_URL=other, **state)
    assert (wrong.code, "another wallet" in wrong.err) == (2, True)
    money.is_broken = False
    resumed = await desk.run("call", "--resume", NWC_URL=wallet.uri, **state)
    assert (resumed.code, resumed.json["status"]) == (0, "completed"), resumed.err


async def test_an_agent_pays_within_its_budget(desk: Desk, wallet: NostrWallet) -> None:
    before = (await desk.run("wallet", "balance")).json["balance_sats"]
    command = [sys.executable, "-m", "ringbolt", "mcp", "--server", desk.url, *NWC]
    environment = {**desk.shop.environment, "NWC_URL": wallet.uri}
    async with agent_of([*command, "--budget-sats", "65"], environment) as buyer:
        order = await buyer.use("call_phone", phone=ANSWERS, message="Hello")
        assert (await buyer.wait(order))["is_delivered"] is True
        refused = await buyer.fail("call_phone", phone=ANSWERS, message="Hello")
    assert (refused["error"], refused["budget_left_sats"]) == ("BUDGET_EXCEEDED", 5)
    assert before - (await desk.run("wallet", "balance")).json["balance_sats"] == 50


@pytest.mark.parametrize(
    ("address", "options", "words"),
    [
        ("", (), "Set NWC_URL"),
        ("https://wallet", (), "not the address of a Nostr wallet"),
        ("nostr+walletconnect://x", ("--macaroon", "00"), "for LND"),
    ],
)
async def test_what_cannot_be_used_is_named(
    desk: Desk, address: str, options: tuple[str, ...], words: str
) -> None:
    ran = await desk.run("wallet", "balance", *NWC, *options, NWC_URL=address)
    assert (ran.code, words in ran.err) == (2, True), ran.err
