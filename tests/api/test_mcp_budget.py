"""The budget of a prepaid key, whoever buys with it at once."""

from __future__ import annotations

import asyncio
from typing import Any

from support.clients.agent import agent_at
from support.clients.orders import OrderClient
from support.numbers import LISTENS
from support.servers.shop import ShopServer

TEXT = {"phone": LISTENS, "message": "Hello"}
TEXT_SATS = 1000


async def test_sessions_at_once_keep_within_one_budget(any_shop: ShopServer) -> None:
    """The budget and the balance are the database's, on each kind of it."""
    buyer = OrderClient(any_shop)
    key = await buyer.new_key(sats=5 * TEXT_SATS)
    budget = str(3 * TEXT_SATS)

    async def buy(session: int) -> list[dict[str, Any]]:
        async with agent_at(any_shop.url, X_API_Key=key, X_Budget_Sats=budget) as agent:
            texts = (TEXT | {"message": f"{session} {n}"} for n in range(4))
            bought = await asyncio.gather(
                *(agent.client.call_tool("send_text", each) for each in texts)
            )
            return [each.structured_content or {} for each in bought]

    answers = [each for session in await asyncio.gather(*map(buy, range(4))) for each in session]
    assert sum("order_id" in each for each in answers) == 3
    assert {each["error"] for each in answers if "error" in each} == {"BUDGET_EXCEEDED"}
    async with agent_at(any_shop.url, X_API_Key=key) as agent:
        assert (await agent.use("get_balance"))["balance_sats"] == 2 * TEXT_SATS
