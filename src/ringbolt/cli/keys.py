"""``ringbolt keys``: API keys of prepaid accounts, made through the running shop or beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ringbolt.app.keys import SCOPES, create_key, list_keys, revoke_key
from ringbolt.cli.beside import OperatorClient, running_shop
from ringbolt.cli.output import EXIT_OK, is_terminal, print_facts, print_json, print_table
from ringbolt.clock import SystemClock
from ringbolt.core.money import sats_down
from ringbolt.settings import Settings
from ringbolt.store.db import Database
from ringbolt.store.opening import open_database

app = typer.Typer(
    help="API keys of prepaid accounts.\n\nThey are made by the running shop if there is one, "
    "else directly in its store. A key is shown once; only its hash is kept.",
    no_args_is_help=True,
)


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
            rows = [
                {
                    "id": key.id,
                    "label": key.label,
                    "scopes": sorted(key.scopes),
                    "balance_sats": sats_down(balance_msat),
                    "created_ms": key.created_ms,
                    "revoked_ms": key.revoked_ms,
                }
                for key, balance_msat in await list_keys(door)
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


@app.command("create")
def create_command(
    label: Annotated[str, typer.Option(help="What the key is for, in your words.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do: read, spend, fund. Repeat for several; default all."),
    ] = None,
) -> None:
    """Make a key and print it, once."""
    _run(lambda settings: create(settings, label, scope or sorted(SCOPES)))


@app.command("list")
def list_command() -> None:
    """Every key with its balance."""
    _run(listing)


@app.command("revoke")
def revoke_command(key_id: Annotated[str, typer.Argument(help="The key's id, see list.")]) -> None:
    """Refuse a key from now on."""
    _run(lambda settings: revoke(settings, key_id))


def _run(command: Any) -> None:
    from ringbolt.cli.main import finish, settings_or_exit  # noqa: PLC0415 - main imports us
    from ringbolt.cli.serve import run_in_loop  # noqa: PLC0415

    settings = settings_or_exit()
    finish(lambda: run_in_loop(command(settings)))
