"""``ringbolt withdrawals``: unused balance that was taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ringbolt.cli.commands.store_reader import AsJson, Limit, Unmasked, print_rows, read_store
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="Withdrawals: unused balance on its way out of prepaid accounts.\n\nRead from the store, "
    "beside a running shop. Addresses are masked, unless --unmasked.",
    no_args_is_help=True,
)

_COLUMNS = (
    ("id", "id"),
    ("account", "account"),
    ("state", "state"),
    ("amount_msat", "sats"),
    ("fee_msat", "fee"),
    ("address", "to"),
    ("reason", "reason"),
    ("created_ms", "begun (UTC)"),
    ("finished_ms", "over"),
)


@app.command("list")
def list_command(
    under_way: Annotated[
        bool, typer.Option("--under-way", help="Only those that are not over.")
    ] = False,
    limit: Limit = 50,
    unmasked: Unmasked = False,
    json: AsJson = False,
) -> None:
    """The newest withdrawals. open: no invoice was named yet; paying: one is being paid; failed:
    the money is on the balance again."""
    run_command(lambda settings: list_latest(settings, under_way, limit, unmasked, json))


async def list_latest(
    settings: Settings, under_way: bool, limit: int, unmasked: bool, as_json: bool
) -> int:
    from ringbolt.app.operator.withdrawal_list import list_withdrawals

    found = await read_store(
        settings, list_withdrawals, limit, unfinished_only=under_way, unmasked=unmasked
    )
    print_rows("Withdrawals", _COLUMNS, found, as_json)
    return EXIT_OK
