"""What a shop refuses to open with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from ringbolt.bootstrap import load_rate_card, open_shop, refuse_unlimited_real_money
from ringbolt.clock import SystemClock
from ringbolt.core.chart_of_accounts import ESCROW, NODE, PAYMENT
from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.node import LightningNode, NodeInfo
from ringbolt.settings import LndSettings, Settings, SettingsError
from ringbolt.store import ledger, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.opening import open_database
from support.rigs.payouts import an_order


class Node:
    """A node that says on which network it is, or nothing."""

    def __init__(self, network: str) -> None:
        self._network = network
        self.was_asked = False

    async def info(self) -> NodeInfo:
        self.was_asked = True
        if not self._network:
            raise NodeUnavailable("it does not answer.")
        return NodeInfo("a node", "02" * 33, "1", self._network, synced=True, block_height=1)


def shop(limits: str) -> Settings:
    return Settings(limits=cast(Any, limits), lnd=LndSettings(url="https://node.example:8080"))


@pytest.mark.parametrize("network", ["mainnet", ""])
async def test_without_limits_no_shop_opens_on_real_or_unknown_money(network: str) -> None:
    with pytest.raises(SettingsError, match="RINGBOLT_LIMITS=off"):
        await refuse_unlimited_real_money(shop("off"), cast(LightningNode, Node(network)))


@pytest.mark.parametrize(("limits", "network"), [("off", "regtest"), ("on", "mainnet")])
async def test_limits_may_be_off_for_play_money_only(limits: str, network: str) -> None:
    node = Node(network)
    await refuse_unlimited_real_money(shop(limits), cast(LightningNode, node))
    assert node.was_asked == (limits == "off")


def test_the_operators_own_rate_card_is_used(tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    card.write_text('[[rate]]\nprefix = "49"\nsats_per_minute = 7\ncost_sats_per_minute = 5\n')

    rates = load_rate_card(Settings(calls=cast(Any, {"rate_card": str(card)})))

    assert rates.price("+4930123456", 2).sats == 14


def with_node(data_dir: Path, *, real: bool) -> Settings:
    """A shop in ``data_dir``; nothing listens at its real node's address."""
    lnd = LndSettings(url="http://127.0.0.1:1", macaroon=SecretStr("00"))
    return Settings(data_dir=data_dir, lnd=lnd if real else LndSettings())


async def open_and_close(settings: Settings, *, paid: bool = False) -> None:
    """``paid``: a payment is booked while the shop is open."""
    async with open_shop(settings, "http://127.0.0.1:8402", with_worker=False) as opened:
        if paid:
            await opened.shop.db.tx(_pay)


def _pay(tx: Tx) -> None:
    ledger.post(tx, idem="inv:1", debit=NODE, credit=ESCROW, amount_msat=1000, kind=PAYMENT)


@pytest.mark.parametrize("is_real", [False, True])
async def test_balances_of_one_kind_of_money_are_never_worth_the_other(
    tmp_path: Path, is_real: bool
) -> None:
    await open_and_close(with_node(tmp_path, real=is_real), paid=True)

    with pytest.raises(SettingsError, match="must not mix"):
        await open_and_close(with_node(tmp_path, real=not is_real))

    await open_and_close(with_node(tmp_path, real=is_real))


async def test_a_shop_that_booked_nothing_may_change_to_real_money(tmp_path: Path) -> None:
    await open_and_close(with_node(tmp_path, real=False))
    await open_and_close(with_node(tmp_path, real=True), paid=True)

    with pytest.raises(SettingsError, match="must not mix"):
        await open_and_close(with_node(tmp_path, real=False))


async def test_play_money_of_an_earlier_version_is_known_by_its_node(tmp_path: Path) -> None:
    await open_and_close(with_node(tmp_path, real=False), paid=True)
    with closing(sqlite3.connect(tmp_path / "ringbolt.db")) as db, db:
        db.execute("DELETE FROM cursor WHERE name = 'money'")
    url = f"sqlite:///{tmp_path / 'ringbolt.db'}"
    database = await open_database(url, SystemClock())
    await database.tx(orders.insert, an_order(node="simulated"), "paid")
    await database.close()

    with pytest.raises(SettingsError, match="must not mix"):
        await open_and_close(with_node(tmp_path, real=True))
