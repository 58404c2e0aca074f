"""The world's file and clock: what was written is there, and time only moves forward."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringbolt.core.errors import Unavailable
from ringbolt.simulator.clock.world_clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.store.errors import StoreLocked
from support.waiting import PATIENCE_S


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WorldStore]:
    store = WorldStore.open(tmp_path / "world.db")
    yield store
    store.close()


def reopened(store: WorldStore, tmp_path: Path) -> WorldStore:
    store.close()
    return WorldStore.open(tmp_path / "world.db")


async def test_what_was_put_is_there_after_a_restart(store: WorldStore, tmp_path: Path) -> None:
    await store.put("call", "b", {"n": 2})
    await store.submit([("call", "a", {"n": 1}), ("call", "b", {"n": 3}), ("text", "a", {})])
    await store.put("text", "a", None)
    store = reopened(store, tmp_path)
    assert store.load("call") == {"a": {"n": 1}, "b": {"n": 3}}
    assert store.load("text") == {}
    assert store.get("call", "a") == {"n": 1}
    assert store.get("call", "c") is None
    assert store.page("call", "a", 10) == [("b", {"n": 3})]
    store.close()


@pytest.mark.parametrize("before", [None, 0o644])
def test_what_the_world_holds_is_its_owners_alone(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "world.db"
    if before is not None:
        path.touch()
        path.chmod(before)
    store = WorldStore.open(path)
    modes = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()}
    store.close()
    assert set(modes.values()) == {0}, modes


async def test_a_document_is_copied_when_it_is_put(store: WorldStore) -> None:
    doc = {"n": 1}
    written = store.submit([("call", "a", doc)])
    doc["n"] = 2
    await written
    assert store.get("call", "a") == {"n": 1}


async def test_a_log_counts_on_after_a_restart(store: WorldStore, tmp_path: Path) -> None:
    assert [await store.append("events", {"n": n}) for n in (1, 2)] == [1, 2]
    assert await store.append("others", {}) == 1
    store = reopened(store, tmp_path)
    assert await store.append("events", {"n": 3}) == 3
    assert store.scan("events", 1, 10) == [(2, {"n": 2}), (3, {"n": 3})]
    assert store.scan("events", 0, 1) == [(1, {"n": 1})]
    store.close()


async def test_many_writers_share_commits(store: WorldStore) -> None:
    await asyncio.gather(*(store.put("call", str(n), {}) for n in range(200)))
    assert len(store.load("call")) == 200
    assert store.commits < 100


async def test_a_second_opener_is_shown_what_to_do(store: WorldStore, tmp_path: Path) -> None:
    with pytest.raises(StoreLocked, match=f"in use by process {os.getpid()}") as refused:
        WorldStore.open(tmp_path / "world.db")
    assert "RINGBOLT_SIMULATOR_URL" in refused.value.suggestion


async def test_a_closed_store_refuses(store: WorldStore) -> None:
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        await store.put("call", "a", {})


async def test_genesis_is_made_once(store: WorldStore, tmp_path: Path) -> None:
    genesis = store.genesis
    assert len(bytes.fromhex(genesis["seed"])) == 32
    store = reopened(store, tmp_path)
    assert store.genesis == genesis
    store.close()


async def test_an_advance_outlives_a_restart(store: WorldStore, tmp_path: Path) -> None:
    clock = WorldClock(store)
    before_ms = clock.now_ms()
    assert await clock.advance(3600) == 3_600_000
    assert clock.now_ms() - before_ms >= 3_600_000
    assert clock.offset_ms == 3_600_000
    store = reopened(store, tmp_path)
    assert WorldClock(store).offset_ms == 3_600_000
    store.close()


async def test_advances_at_once_add_up(store: WorldStore) -> None:
    clock = WorldClock(store)
    await asyncio.gather(*(clock.advance(10) for _ in range(5)))
    assert clock.offset_ms == 50_000


@pytest.mark.parametrize("seconds", [0, -1, 0.0001])
async def test_time_does_not_run_back(store: WorldStore, seconds: float) -> None:
    with pytest.raises(ValueError, match="forward"):
        await WorldClock(store).advance(seconds)


async def test_a_sleeper_wakes_when_time_is_moved_over_it(store: WorldStore) -> None:
    clock = WorldClock(store)
    sleeper = asyncio.create_task(clock.sleep_until(clock.now_ms() + 60_000))
    await clock.advance(30)
    await asyncio.sleep(0)
    assert not sleeper.done()
    await clock.advance(31)
    async with asyncio.timeout(PATIENCE_S):
        await sleeper


async def test_a_follower_is_notified_of_a_change(store: WorldStore) -> None:
    clock = WorldClock(store)
    follower = asyncio.create_task(clock.wait_change(0, 60))
    await asyncio.sleep(0)
    await clock.advance(5)
    assert await follower == 5000
    assert await clock.wait_change(0, 60) == 5000
    assert await clock.wait_change(5000, 0.01) == 5000


def fill(store: WorldStore, *, is_full: bool = True) -> None:
    """No room is left for another page of the file; or there is again."""
    pages = 1 if is_full else 1_000_000
    store._writer.execute(f"PRAGMA max_page_count={pages}")


LARGE = {"text": "x" * 50_000}


async def test_what_failed_on_a_full_disk_is_written_when_there_is_room(
    store: WorldStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts' memory is ahead of the file meanwhile, and a restart would forget it."""
    monkeypatch.setattr("ringbolt.simulator.file.store.RETRY_S", 0.01)
    recovered = asyncio.Event()
    store.on_recovery.append(recovered.set)
    assert await store.append("events", {"n": 1}) == 1
    fill(store)

    for n in (2, 3):
        with pytest.raises(Unavailable, match="full"):
            await store.submit([("call", str(n), LARGE)], [("events", {"n": n})])
    assert store.load("call") == {}
    fill(store, is_full=False)
    async with asyncio.timeout(PATIENCE_S):
        await recovered.wait()

    assert await store.append("events", {"n": 4}) == 4
    store = reopened(store, tmp_path)
    assert store.load("call") == {"2": LARGE, "3": LARGE}
    assert [doc["n"] for _, doc in store.scan("events", 0, 10)] == [1, 2, 3, 4]
    store.close()


async def test_a_world_that_is_closed_on_a_full_disk_loses_only_what_it_refused(
    store: WorldStore, tmp_path: Path
) -> None:
    await store.put("call", "1", {})
    fill(store)
    with pytest.raises(Unavailable):
        await store.put("call", "2", LARGE)

    store = reopened(store, tmp_path)

    assert set(store.load("call")) == {"1"}
    store.close()


async def test_a_world_keeps_so_much_of_what_it_cannot_write_and_no_more(
    store: WorldStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbolt.simulator.file.store.MAX_UNWRITTEN", 2)
    fill(store)
    for n in range(6):
        with pytest.raises(Unavailable):
            await store.put("call", str(n), LARGE)

    assert len(store._unwritten) == 3
