"""``ringbolt mcp``: an agent program on this machine buys with a wallet or a prepaid key, and never
spends more than its budget."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from cli.conftest import Desk
from support.clients.agent import Agent, agent_of
from support.clients.phones import Phones
from support.numbers import ANSWERS, BUSY, LISTENS
from support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = {"phone": LISTENS, "message": "Hello"}
TEXT_SATS = 1000
FEE_SATS = 50
CALL_SATS = 50


@asynccontextmanager
async def agent(desk: Desk, *options: str, **environment: str) -> AsyncIterator[Agent]:
    command = [sys.executable, "-m", "ringbolt", "mcp", "--server", desk.url, *options]
    async with agent_of(command, desk.shop.environment | environment) as opened:
        yield opened


async def test_a_wallet_pays_and_never_more_than_the_budget(desk: Desk) -> None:
    phones = Phones(desk.shop)
    before = await phones.balance_msat()
    budget = 2 * (TEXT_SATS + FEE_SATS) + 5
    async with agent(desk, "--play-wallet", "--budget-sats", str(budget)) as buyer:
        for _ in range(2):
            order = await buyer.use("send_text", **TEXT)
            assert (order["paid"], "invoice" in order) == (True, False)
            assert (await buyer.wait(order))["is_delivered"] is True
        refused = await buyer.fail("send_text", **TEXT)
        by_invoice = await buyer.use("send_text", pay_by_invoice=True, **TEXT)

    assert (refused["error"], refused["budget_left_sats"]) == ("BUDGET_EXCEEDED", 5)
    assert by_invoice["invoice"]
    assert before - await phones.balance_msat() == 2 * TEXT_SATS * 1000


async def test_what_came_back_to_the_wallet_can_be_spent_again(desk: Desk) -> None:
    budget = str(CALL_SATS + 10)
    async with agent(desk, "--play-wallet", "--budget-sats", budget) as buyer:
        for number, delivered in ((BUSY, False), (ANSWERS, True)):
            order = await buyer.use("call_phone", phone=number, message="Hello")
            assert (await buyer.wait(order))["is_delivered"] is delivered
        refused = await buyer.fail("call_phone", phone=ANSWERS, message="Hello")
    assert refused["error"] == "BUDGET_EXCEEDED"


async def test_a_prepaid_key_pays_within_the_budget(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.url) as http:
        key = (await http.post("/simulator/keys")).json()["key"]
    budget = ("--budget-sats", str(TEXT_SATS))
    async with agent(desk, *budget, RINGBOLT_API_KEY=key) as buyer:
        assert "get_balance" in await buyer.names()
        empty = await buyer.fail("send_text", **TEXT)
        assert empty["error"] == "INSUFFICIENT_FUNDS"
        funding = await buyer.use("top_up", sats=3 * TEXT_SATS)
        await desk.run("wallet", "pay", funding["invoice"], "--wallet", desk.wallet)
        await buyer.wait(funding)
        assert (await buyer.use("send_text", **TEXT))["paid"] is True
        refused = await buyer.fail("send_text", **TEXT)
    assert (refused["error"], refused["budget_left_sats"]) == ("BUDGET_EXCEEDED", 0)


async def test_without_a_wallet_there_are_invoices(desk: Desk) -> None:
    async with agent(desk) as buyer:
        order = await buyer.use("send_text", **TEXT)
    assert order["invoice"].startswith("lnbc")


async def test_only_what_the_shop_sells_is_offered(desk: Desk) -> None:
    async with agent(desk) as buyer:
        before = await buyer.names()
        closed = await desk.run("terms", "close", "email")
        assert closed.code == 0, closed.err

        async def is_gone() -> bool:
            return set(before) - set(await buyer.names()) == {"send_email"}

        try:
            assert await eventually(is_gone)
        finally:
            await desk.run("terms", "open")


async def test_paying_needs_a_budget(desk: Desk) -> None:
    ran = await desk.run("mcp", "--server", desk.url, "--play-wallet")
    assert (ran.code, "--budget-sats" in ran.err) == (2, True)
