"""API keys, through the running shop if there is one, else directly in its store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from ringbolt.app.keys import DEFAULT_SCOPES, create_key, key_document, list_keys, revoke_key
from ringbolt.cli.beside import OperatorClient, running_shop
from ringbolt.cli.output import EXIT_OK, is_terminal, print_facts, print_json, print_table
from ringbolt.clock import SystemClock
from ringbolt.settings import Settings
from ringbolt.store.db import Database
from ringbolt.store.opening import open_database


@asynccontextmanager
async def _door(settings: Settings) -> AsyncIterator[OperatorClient | Database]:
    """The running shop, or its store while it is closed."""
    shop = await running_shop(settings)
    if shop is not None:
        client = OperatorClient(settings, shop)
        try:
            yield client
        finally:
            await client.close()
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = await open_database(settings.database, SystemClock())
    try:
        yield db
    finally:
        await db.close()


async def create(settings: Settings, label: str, scopes: list[str]) -> int:
    """Make a key; no scopes means the usual ones."""
    scopes = scopes or sorted(DEFAULT_SCOPES)
    async with _door(settings) as door:
        if isinstance(door, OperatorClient):
            made = await door.ask("POST", "/keys", {"label": label, "scopes": scopes})
        else:
            key = await create_key(door, label, frozenset(scopes))
            made = {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}
    if is_terminal():
        print_facts({**made, "scopes": " ".join(made["scopes"])})
        print("Keep the key now: it is not shown again.")
    else:
        print_json(made)
    return EXIT_OK


async def listing(settings: Settings) -> int:
    async with _door(settings) as door:
        if isinstance(door, OperatorClient):
            rows: list[dict[str, Any]] = await door.ask("GET", "/keys")
        else:
            rows = [key_document(key, balance_msat) for key, balance_msat in await list_keys(door)]
    if not is_terminal():
        print_json(rows)
        return EXIT_OK
    print_table(
        "API keys",
        ("id", "label", "scopes", "balance (sats)", "created", "revoked"),
        [
            (
                row["id"],
                row["label"],
                " ".join(row["scopes"]),
                row["balance_sats"],
                _day(row["created_ms"]),
                _day(row["revoked_ms"]),
            )
            for row in rows
        ],
    )
    return EXIT_OK


async def revoke(settings: Settings, key_id: str) -> int:
    async with _door(settings) as door:
        if isinstance(door, OperatorClient):
            await door.ask("DELETE", f"/keys/{key_id}")
        else:
            await revoke_key(door, key_id)
    if is_terminal():
        print(f"{key_id} is revoked.")
    else:
        print_json({"id": key_id, "revoked": True})
    return EXIT_OK


def _day(ms: int | None) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
