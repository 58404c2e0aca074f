"""``ringbolt keys``: API keys, through the running shop if there is one, else in its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.output import day, is_terminal, print_facts, print_json, print_table
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="API keys of prepaid accounts.\n\nThey are made by the running shop if there is one, "
    "else directly in its store. A key is shown once; only its hash is kept.",
    no_args_is_help=True,
)


@app.command("create")
def create_command(
    label: Annotated[str, typer.Option(help="What the key is for, in your words.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            "--scopes",
            help="What it may do: read, spend, fund, inbound (hand in texts that came to your own "
            "numbers). Repeat it, or separate them by commas; default: read,spend,fund.",
        ),
    ] = None,
) -> None:
    """Make a key and print it, once."""
    scopes = [each.strip() for text in scope or [] for each in text.split(",")]
    run_command(lambda settings: create(settings, label, scopes))


@app.command("list")
def list_command() -> None:
    """Every key with its balance."""
    run_command(list_all)


@app.command("revoke")
def revoke_command(key_id: Annotated[str, typer.Argument(help="The key's id, see list.")]) -> None:
    """Refuse a key from now on."""
    run_command(lambda settings: revoke(settings, key_id))


@app.command("replace")
def replace_command(key_id: Annotated[str, typer.Argument(help="The key's id, see list.")]) -> None:
    """Make another key for the same account, and print it, once. The former one ends at once."""
    run_command(lambda settings: replace(settings, key_id))


async def create(settings: Settings, label: str, scopes: list[str]) -> int:
    """Make a key; no scopes means the usual ones."""
    from ringbolt.app.accounts.keys import DEFAULT_SCOPES, create_key
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    scopes = scopes or sorted(DEFAULT_SCOPES)
    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            made = await admin.ask("POST", "/keys", {"label": label, "scopes": scopes})
        else:
            key = await create_key(admin, label, frozenset(scopes))
            made = {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}
    _print_key(made)
    return EXIT_OK


async def list_all(settings: Settings) -> int:
    """Print the API keys and their balances."""
    from ringbolt.app.accounts.keys import key_document, list_keys
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings, reads=True) as admin:
        if isinstance(admin, OperatorClient):
            rows: list[dict[str, Any]] = await admin.ask("GET", "/keys")
        else:
            rows = [key_document(key, balance_msat) for key, balance_msat in await list_keys(admin)]
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
    """Revoke an API key. Raises ``NotFound``."""
    from ringbolt.app.accounts.keys import revoke_key
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            await admin.ask("DELETE", f"/keys/{key_id}")
        else:
            await revoke_key(admin, key_id)
    if is_terminal():
        print(f"{key_id} is revoked.")
    else:
        print_json({"id": key_id, "revoked": True})
    return EXIT_OK


async def replace(settings: Settings, key_id: str) -> int:
    from ringbolt.app.accounts.keys import replace_key
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            made = await admin.ask("POST", f"/keys/{key_id}/replace")
        else:
            key = await replace_key(admin, key_id)
            made = {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}
    _print_key(made)
    return EXIT_OK


def _print_key(made: dict[str, Any]) -> None:
    if is_terminal():
        print_facts({**made, "scopes": " ".join(made["scopes"])})
        print("Keep the key now: it is not shown again.")
    else:
        print_json(made)
