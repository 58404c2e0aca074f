"""``/readyz`` says what writes say: a database may answer, and yet store nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ringbolt.api.operator.health import StoreProbe, missing_parts
from ringbolt.core.errors import Unavailable
from ringbolt.store.engine.sqlite.connection import raw_connection
from support.servers.shop import ShopServer
from support.waiting import eventually


class Disk:
    """A database whose disk may be full; counts its writes."""

    def __init__(self) -> None:
        self.is_full = False
        self.writes = 0

    async def tx(self, *_: Any) -> None:
        self.writes += 1
        if self.is_full:
            raise Unavailable("The disk that holds the database is full.")


async def test_a_write_is_tried_now_and_then() -> None:
    now_s, disk = 0.0, Disk()
    database: Any = disk
    probe = StoreProbe(database, now_s=lambda: now_s)

    seen = [await probe.fault() for _ in range(10)]
    disk.is_full = True
    seen.append(await probe.fault())
    now_s = StoreProbe.every_s
    seen += [await probe.fault() for _ in range(10)]
    disk.is_full = False
    now_s += StoreProbe.every_s

    assert seen == [""] * 11 + ["The disk that holds the database is full."] * 10
    assert await probe.fault() == ""
    assert disk.writes == 3


@pytest.mark.parametrize(
    ("silent", "missing"),
    [
        (set(), []),
        ({"sms:phone", "inbound:phone"}, []),
        ({"sms:phone", "sms-poll:gateway"}, ["sms-poll:gateway", "sms:phone"]),
        ({"carrier:trunk"}, ["carrier:trunk"]),
        ({"node", "sms:phone"}, ["node"]),
        ({"store"}, ["store"]),
    ],
)
def test_one_of_several_carriers_may_be_silent(silent: set[str], missing: list[str]) -> None:
    names = (
        "store",
        "node",
        "holds",
        "carrier:trunk",
        "sms:phone",
        "inbound:phone",
        "sms-poll:gateway",
    )
    assert missing_parts({name: name not in silent for name in names}) == missing


async def test_a_shop_whose_database_is_read_only_is_not_ready(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreProbe, "every_s", 0.0)

    async def is_ready() -> bool:
        return (await shop.http.get("/readyz")).status_code == 200

    await eventually(is_ready)
    database: Any = shop.shop.db
    file = raw_connection(database._writer._connection)
    file.execute("PRAGMA query_only=ON")
    away = await shop.http.get("/readyz")
    file.execute("PRAGMA query_only=OFF")
    await eventually(is_ready)

    assert away.status_code == 503
    assert away.json()["parts"]["store"] is False
    assert "No answer from: store." in away.json()["detail"]
