"""``ringbolt carriers`` and ``ringbolt providers``: state, success, cost, and a test of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.commands.store_reader import AsJson, print_rows, read_store
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

_READ = (
    "Read from the store, beside a running shop: what became of the orders of the last 7 days. "
    "cost: what is booked; not booked: in a currency without a rate ([costs] sats_per); earned: by "
    "the orders that it delivered. Amounts are in sats."
)
app = typer.Typer(
    help="Carriers of calls and texts, and mail servers: state, success, cost, earnings (list, "
    f"also without a word), and a test of each.\n\n{_READ}",
)
providers = typer.Typer(
    help="Providers of numbers: state, success, cost and earnings (list, also without a word)."
    f"\n\n{_READ}",
)

CARRIER_AREAS = ("calls", "sms", "mail")
PROVIDER_AREAS = ("numbers",)
_COLUMNS = (
    ("area", "for"),
    ("name", "name"),
    ("type", "type"),
    ("serves", "serves"),
    ("state", "state"),
    ("asked", "asked"),
    ("success_percent", "success %"),
    ("refused", "refused"),
    ("unclear", "unclear"),
    ("open", "open"),
    ("cost_msat", "cost"),
    ("earned_msat", "earned"),
    ("spent_today_msat", "cost today"),
    ("reason", "why"),
)
_DESTINATIONS = (
    ("prefix", "prefix"),
    ("name", "destination"),
    ("calls", "calls"),
    ("answered_percent", "answered %"),
    ("success_percent", "success %"),
)


@app.callback(invoke_without_command=True)
def carriers_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_command()


@providers.callback(invoke_without_command=True)
def providers_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_providers_command()


@app.command("list")
def list_command(json: AsJson = False) -> None:
    """Every carrier of calls and texts and every mail server.

    state: asked; 'left alone' while it keeps failing, for half a minute to five; 'spent' when it
    has cost its daily_spend; 'gone' if it is not in the settings any more and orders wait for it.
    """
    run_command(lambda settings: list_parts(settings, CARRIER_AREAS, json))


@app.command("test")
def test_command(
    name: Annotated[str, typer.Argument(help="The carrier's or mail server's name.")],
    to: Annotated[str, typer.Argument(help="Your own number (E.164) or address.")],
    json: AsJson = False,
) -> None:
    """Place a test call, or send a test text or e-mail, to yourself.

    It costs what the carrier bills, and is no order: it is in no list of them and in no books. A
    call says a sentence. The shop must run: far ends call it back.
    """
    run_command(lambda settings: test_part(settings, name, to, json))


@app.command("destinations")
def destinations_command(json: AsJson = False) -> None:
    """How calls of the last 7 days ended, by destination as the rate card names it."""
    run_command(lambda settings: list_destinations(settings, json))


@providers.command("list")
def list_providers_command(json: AsJson = False) -> None:
    """Every provider of numbers; the columns are those of 'ringbolt carriers list'."""
    run_command(lambda settings: list_parts(settings, PROVIDER_AREAS, json))


async def list_parts(settings: Settings, areas: tuple[str, ...], as_json: bool) -> int:
    """Print the parts of these areas, with how they do."""
    from ringbolt.app.operator.part_kinds import parts_of, served
    from ringbolt.app.operator.part_report import KnownPart, report_parts

    known = [
        KnownPart(kind.area, part, settings.in_world(part), served(part) or kind.everywhere)
        for kind, part, _ in parts_of(settings)
        if kind.area in areas
    ]
    found = await read_store(settings, report_parts, known, areas)
    title = "Providers" if areas == PROVIDER_AREAS else "Carriers"
    print_rows(title, _columns(found), found, as_json)
    return EXIT_OK


def _columns(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The end of a pause, the limit of a day, and costs that could not be booked have a column if
    any part has them."""
    columns = list(_COLUMNS)
    if any(each["left_alone_until_ms"] for each in found):
        place = columns.index(("state", "state")) + 1
        columns.insert(place, ("left_alone_until_ms", "until (UTC)"))
    if any(each["daily_spend_msat"] for each in found):
        place = columns.index(("spent_today_msat", "cost today")) + 1
        columns.insert(place, ("daily_spend_msat", "at most"))
    if any(each["cost_unbooked"] for each in found):
        place = columns.index(("cost_msat", "cost")) + 1
        columns.insert(place, ("cost_unbooked", "not booked"))
    return columns


async def list_destinations(settings: Settings, as_json: bool) -> int:
    """Print where calls and texts go, and how they end there."""
    from ringbolt.app.operator.destination_report import report_destinations
    from ringbolt.bootstrap.cards import load_terms
    from ringbolt.cli.commands.store_reader import open_store

    async with open_store(settings) as db:
        terms = load_terms(settings)
        await terms.refresh(db)
        found = await db.read(report_destinations, terms.rates)
    print_rows("Destinations", _DESTINATIONS, found, as_json)
    return EXIT_OK


async def test_part(settings: Settings, name: str, to: str, as_json: bool) -> int:
    """Test a part by a call, text or e-mail to the operator's own address."""
    from ringbolt.cli.commands.part_test import run_test

    return await run_test(settings, name, to, as_json)
