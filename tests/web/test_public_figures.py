"""Figures on the first page: only if the operator publishes them, and only of enough orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringbolt.store.engine.db import Tx
from support.clients.pages import PageClient
from support.databases.order_rows import put_order
from support.servers.shop import running_shop, settings_for


@pytest.mark.parametrize(
    ("is_published", "orders", "shown"), [(True, 50, True), (True, 49, False), (False, 50, False)]
)
async def test_figures_are_public_only_if_published_and_enough(
    tmp_path: Path, speech_dir: Path, is_published: bool, orders: int, shown: bool
) -> None:
    settings = settings_for(tmp_path / "shop", speech_dir, web={"figures": is_published})
    async with running_shop(settings) as running:

        def sell(tx: Tx) -> None:
            for n in range(orders):
                put_order(tx, "sms", "settled" if n % 2 else "returned")

        await running.shop.db.tx(sell)
        page = await PageClient(running).open("/")
        assert ("Texts delivered 50 % of 50 orders" in page.words) is shown
