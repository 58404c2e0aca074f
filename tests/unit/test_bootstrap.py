"""What a shop refuses to open with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from ringbolt.bootstrap import load_rate_card, refuse_unlimited_real_money
from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.node import LightningNode, NodeInfo
from ringbolt.settings import LndSettings, Settings, SettingsError


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
