"""API keys, through the running shop if there is one, else directly in its store."""

from __future__ import annotations

from typing import Any

from ringbolt.app.accounts.keys import (
    DEFAULT_SCOPES,
    create_key,
    key_document,
    list_keys,
    revoke_key,
)
from ringbolt.cli.operator_access import OperatorClient, open_admin
from ringbolt.cli.output import EXIT_OK, day, is_terminal, print_facts, print_json, print_table
from ringbolt.settings import Settings


async def create(settings: Settings, label: str, scopes: list[str]) -> int:
    """Make a key; no scopes means the usual ones."""
    scopes = scopes or sorted(DEFAULT_SCOPES)
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            made = await opened.ask("POST", "/keys", {"label": label, "scopes": scopes})
        else:
            key = await create_key(opened, label, frozenset(scopes))
            made = {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}
    if is_terminal():
        print_facts({**made, "scopes": " ".join(made["scopes"])})
        print("Keep the key now: it is not shown again.")
    else:
        print_json(made)
    return EXIT_OK


async def listing(settings: Settings) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            rows: list[dict[str, Any]] = await opened.ask("GET", "/keys")
        else:
            rows = [
                key_document(key, balance_msat) for key, balance_msat in await list_keys(opened)
            ]
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
                day(row["created_ms"]),
                day(row["revoked_ms"]),
            )
            for row in rows
        ],
    )
    return EXIT_OK


async def revoke(settings: Settings, key_id: str) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            await opened.ask("DELETE", f"/keys/{key_id}")
        else:
            await revoke_key(opened, key_id)
    if is_terminal():
        print(f"{key_id} is revoked.")
    else:
        print_json({"id": key_id, "revoked": True})
    return EXIT_OK
