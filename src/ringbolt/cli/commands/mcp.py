"""``ringbolt mcp``: the tools for an agent program on this machine, on standard input."""

from __future__ import annotations

import os
from typing import Final

from ringbolt.cli.agent.budget import Budget
from ringbolt.cli.agent.purses import InvoicePurse, KeyPurse, WalletPurse
from ringbolt.cli.agent.remote_door import RemoteDoor
from ringbolt.cli.buyer.errors import WrongInput
from ringbolt.cli.buyer.wallet import Wallet, WalletAddress, open_wallet
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.named_shop import NamedShop, named_shop
from ringbolt.mcp.protocol import make_server, serve_stdio
from ringbolt.mcp.tools import usable

KEY_VARIABLE: Final = "RINGBOLT_API_KEY"


async def serve_agent(
    server: str, wallet: WalletAddress, *, play_wallet: bool, budget_sats: int | None
) -> int:
    """Serve one agent program until it closes standard input. Raises ``PurchaseError``."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if (key or wallet.url or play_wallet) and budget_sats is None:
        raise WrongInput("Say with --budget-sats how much the agent may spend.")
    if key and (wallet.url or play_wallet):
        raise WrongInput(f"Name a wallet or {KEY_VARIABLE}, not both.")
    shop = await named_shop(server)
    door = RemoteDoor(shop.url, key)
    opened = _open(shop, wallet, play_wallet)
    budget = Budget(budget_sats or 0)
    purse = InvoicePurse()
    if opened is not None:
        purse = WalletPurse(opened, budget)
    elif key:
        purse = KeyPurse(budget)
    try:
        await serve_stdio(make_server(lambda _: (door, purse), usable))
    finally:
        await door.close()
        if opened is not None:
            await opened.close()
    return EXIT_OK


def _open(shop: NamedShop, wallet: WalletAddress, play_wallet: bool) -> Wallet | None:
    if play_wallet:
        return open_wallet(WalletAddress(shop.play_wallet))
    return open_wallet(wallet) if wallet.url else None
