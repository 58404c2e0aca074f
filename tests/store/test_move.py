"""A shop moves from SQLite to PostgreSQL whole, or stays where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict
from ringbolt.store import audit, cursors, ledger, move, shop_facts
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.errors import StoreLocked, StoreUnsound
from ringbolt.store.move import move_to_postgres
from ringbolt.store.schema.tables import transfer
from upgrade.dump import Dump
from upgrade.load import load_shop

DUMP = Path(__file__).parents[1] / "upgrade" / "versions" / "0007.json"


@pytest.fixture
async def shop(tmp_path: Path) -> Path:
    """The file of a shop that was killed with calls, orders, balances and refunds under way."""
    path = tmp_path / "shop.db"
    await load_shop(Dump(**json.loads(DUMP.read_text())), f"sqlite:///{path}")
    database = await open_database(f"sqlite:///{path}", SystemClock())
    await database.tx(cursors.set, "with a NUL", "a\0b")
    await database.close()
    return path


def transfers(tx: Tx) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.run(select(transfer).order_by(transfer.c.id))]


def book(tx: Tx, idem: str) -> int:
    """A new transfer; returns its number."""
    names = {"idem": idem, "debit": "node", "credit": "escrow", "kind": "payment"}
    values = {**names, "amount_msat": 1, "state": "posted", "at_ms": tx.now_ms}
    tx.run(transfer.insert(), values)
    return int(tx.run(select(transfer.c.id).where(transfer.c.idem == idem)).scalar_one())


async def test_everything_moves_and_the_books_go_on(shop: Path, empty_postgres_url: str) -> None:
    before = await open_database(f"sqlite:///{shop}", SystemClock(), readonly=True)
    books, rows = await before.read(audit.books), await before.read(transfers)
    await before.close()

    moved = await move_to_postgres(shop, empty_postgres_url, SystemClock())

    assert (moved.was_there, moved.changed) == (False, 1)
    after = await open_database(empty_postgres_url, SystemClock())
    assert await after.read(audit.books) == books
    assert await after.read(transfers) == rows
    assert await after.read(ledger.recompute) == []
    assert await after.read(cursors.get, "with a NUL") == "ab"
    assert await after.tx(book, "one more") == rows[-1][0] + 1
    await after.close()
    assert moved.rows["transfer"] == len(rows) > 10
    assert moved.rows["orders"] > 5


async def test_the_file_is_no_shop_any_more(shop: Path, empty_postgres_url: str) -> None:
    await move_to_postgres(shop, empty_postgres_url, SystemClock())
    with pytest.raises(StoreUnsound, match="was moved to postgresql"):
        await open_database(f"sqlite:///{shop}", SystemClock())


async def test_a_database_with_another_shop_is_refused(shop: Path, postgres_url: str) -> None:
    other = await open_database(postgres_url, SystemClock())
    await other.tx(book, "theirs")
    await other.close()
    with pytest.raises(Conflict, match="holds a shop"):
        await move_to_postgres(shop, postgres_url, SystemClock())
    await (await open_database(f"sqlite:///{shop}", SystemClock())).close()
    other = await open_database(postgres_url, SystemClock())
    assert len(await other.read(transfers)) == 1
    await other.close()


async def test_a_running_shop_is_not_moved(shop: Path, empty_postgres_url: str) -> None:
    running = await open_database(f"sqlite:///{shop}", SystemClock())
    with pytest.raises(StoreLocked):
        await move_to_postgres(shop, empty_postgres_url, SystemClock())
    await running.close()


@pytest.mark.parametrize("point", ["_set_floors", "_differences", "_counts"])
async def test_a_failure_leaves_the_file_the_shop(
    shop: Path, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError(point)

    with monkeypatch.context() as patch:
        patch.setattr(move, point, fail)
        with pytest.raises(RuntimeError):
            await move_to_postgres(shop, empty_postgres_url, SystemClock())
    moved = await move_to_postgres(shop, empty_postgres_url, SystemClock())
    assert moved.was_there is False


async def test_a_death_after_the_commit_is_made_good_by_a_second_run(
    shop: Path, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(shop_facts, "keep", fail)
        with pytest.raises(RuntimeError):
            await move_to_postgres(shop, empty_postgres_url, SystemClock())
    assert (await move_to_postgres(shop, empty_postgres_url, SystemClock())).was_there
    with pytest.raises(StoreUnsound):
        await open_database(f"sqlite:///{shop}", SystemClock())
