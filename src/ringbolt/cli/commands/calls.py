"""``ringbolt calls``: the calls of this shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ringbolt.cli.commands.orders import one_of, print_order
from ringbolt.cli.commands.store_reader import (
    AsJson,
    Limit,
    Unmasked,
    cell,
    print_rows,
    read_store,
)
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.output import is_terminal, print_facts, print_json
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings
    from ringbolt.store.overview import Wanted

app = typer.Typer(
    help="Calls: whom the shop called, how it went, who carried it.\n\nRead from the store, beside "
    "a running shop. Numbers are masked, unless --unmasked.",
    no_args_is_help=True,
)

_COLUMNS = (
    ("sid", "call"),
    ("order_id", "order"),
    ("to", "to"),
    ("status", "status"),
    ("cause", "cause"),
    ("part", "carrier"),
    ("queued_ms", "queued (UTC)"),
    ("answered_ms", "answered"),
    ("talked_ms", "talked"),
    ("price_msat", "sats"),
)


@app.command("list")
def list_command(
    status: Annotated[str, typer.Option(help="Only calls with this status, e.g. busy.")] = "",
    limit: Limit = 50,
    unmasked: Unmasked = False,
    json: AsJson = False,
) -> None:
    """The newest calls."""
    from ringbolt.core.calls.call import CallStatus
    from ringbolt.store.overview import Wanted

    wanted = Wanted(status=one_of(CallStatus, status, "--status"), limit=limit)
    run_command(lambda settings: list_latest(settings, wanted, unmasked, json))


@app.command("show")
def show_command(
    call: Annotated[str, typer.Argument(help="Its id (CA..), or that of its order.")],
    unmasked: Unmasked = False,
    json: AsJson = False,
) -> None:
    """One call, with its order's steps, attempts and money."""
    run_command(lambda settings: show(settings, call, unmasked, json))


async def list_latest(settings: Settings, wanted: Wanted, unmasked: bool, as_json: bool) -> int:
    """Print the latest calls."""
    from ringbolt.app.operator.overview import list_calls

    found = await read_store(settings, list_calls, wanted, unmasked=unmasked)
    print_rows("Calls", _COLUMNS, found, as_json)
    return EXIT_OK


async def show(settings: Settings, name: str, unmasked: bool, as_json: bool) -> int:
    """Raises ``NotFound``, ``Conflict``, ``InvalidInput``."""
    from ringbolt.app.operator.overview import show_call

    found = await read_store(settings, show_call, name, unmasked=unmasked)
    if as_json or not is_terminal():
        print_json(found)
        return EXIT_OK
    print_facts({heading: cell(name, found) for name, heading in _COLUMNS})
    print()
    print_order(found["order"])
    return EXIT_OK
