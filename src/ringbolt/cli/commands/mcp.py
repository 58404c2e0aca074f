"""``ringbolt mcp``: the tools for an agent program on this machine, on standard input."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import Final

from ringbolt.cli.agent.budget import Budget
from ringbolt.cli.agent.purses import InvoicePurse, KeyPurse, WalletPurse
from ringbolt.cli.agent.remote_door import RemoteDoor
from ringbolt.cli.buyer.errors import WrongInput
from ringbolt.cli.buyer.wallet import OpenWallet, WalletAddress, opened_wallet
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.named_shop import NamedShop, named_shop
from ringbolt.mcp.door import Door
from ringbolt.mcp.protocol import make_server, serve_stdio
from ringbolt.mcp.tools import Tool, sold_at, usable

KEY_VARIABLE: Final = "RINGBOLT_API_KEY"


async def serve_agent(
    server: str, wallet: WalletAddress, *, play_wallet: bool, budget_sats: int | None
) -> int:
    """Serve one agent program until it closes standard input. Raises ``ClientError``."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if (key or wallet.url or play_wallet) and budget_sats is None:
        raise WrongInput("Say with --budget-sats how much the agent may spend.")
    if key and (wallet.url or play_wallet):
        raise WrongInput(f"Name a wallet or {KEY_VARIABLE}, not both.")
    shop = await named_shop(server)
    door = RemoteDoor(shop.url, key)
    async with AsyncExitStack() as until_then:
        until_then.push_async_callback(door.close)
        purse = await _purse(until_then, _payer(shop, wallet, play_wallet), key, budget_sats)
        await serve_stdio(make_server(lambda _: (door, purse), _offered))
    return EXIT_OK


async def _offered(door: Door) -> list[Tool]:
    return usable(door, await sold_at(door))


def _payer(shop: NamedShop, wallet: WalletAddress, play_wallet: bool) -> WalletAddress:
    return WalletAddress(shop.play_wallet) if play_wallet else wallet


async def _purse(
    until_then: AsyncExitStack, payer: WalletAddress, key: str, budget_sats: int | None
) -> InvoicePurse:
    """What pays: a wallet, a prepaid key, or nothing here."""
    budget = Budget(budget_sats or 0)
    if payer.url:
        opened: OpenWallet = await until_then.enter_async_context(opened_wallet(payer))
        return WalletPurse(opened, budget)
    return KeyPurse(budget) if key else InvoicePurse()
