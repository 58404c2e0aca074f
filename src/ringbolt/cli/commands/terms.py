"""``ringbolt terms``: prices, rates, and what is sold, changed while the shop is open."""

from __future__ import annotations

import getpass
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.output import day, print_json, print_list
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.app.sales_terms import SalesTerms
    from ringbolt.settings import Settings
    from ringbolt.store.engine.db import Database, Tx

    Change = Callable[[Tx, SalesTerms], None]

app = typer.Typer(
    help="Prices, rates of calls, and what is sold: changed while the shop is open.\n\n"
    "A change is kept with its reason, your name and the time, and is in force within seconds in "
    "every process of the shop. Orders that have an invoice keep its price.",
    no_args_is_help=True,
)
_HOUR_MS: Final = 3_600_000
_NEITHER: Final = "Name a file with the new table, or --reset."

Reason = Annotated[str, typer.Option(help="Why; it is kept with the change.")]
Table = Annotated[str, typer.Argument(help="A CSV file, '-' for the standard input.")]
Reset = Annotated[bool, typer.Option("--reset", help="Return to what the settings say.")]
Preview = Annotated[bool, typer.Option("--preview", help="Only show what would change.")]
Services = Annotated[
    list[str] | None, typer.Argument(help="call, text, code, rent, email; none is everything.")
]
Countries = Annotated[
    list[str] | None, typer.Option("--country", help="Two letters, such as DE; several times.")
]


@app.command("show")
def show_command(
    what: Annotated[str, typer.Argument(help="prices, rates or sales; none is all.")] = "",
) -> None:
    """What is in force: prices and rates as CSV that can be edited and set again."""
    run_command(lambda settings: show(settings, what))


@app.command("prices")
def prices_command(
    file: Table = "", reason: Reason = "", reset: Reset = False, preview: Preview = False
) -> None:
    """Set every price of orders by a table kind,country,service,sats."""
    run_command(lambda settings: set_card(settings, "prices", file, reason, reset, preview))


@app.command("rates")
def rates_command(
    file: Table = "", reason: Reason = "", reset: Reset = False, preview: Preview = False
) -> None:
    """Set the rate card of calls: prefix,sats_per_minute,cost_sats_per_minute,label."""
    run_command(lambda settings: set_card(settings, "rates", file, reason, reset, preview))


@app.command("close")
def close_command(
    services: Services = None,
    country: Countries = None,
    hours: Annotated[
        float, typer.Option("--for", min=0, help="Open everything again after so many hours.")
    ] = 0,
    reason: Reason = "",
) -> None:
    """Sell nothing, or not these services, or nothing for these countries. Orders that were placed
    are carried out."""
    run_command(lambda settings: close(settings, services or [], country or [], hours, reason))


@app.command("open")
def open_command(services: Services = None, country: Countries = None, reason: Reason = "") -> None:
    """Sell these services or for these countries again; with none, everything."""
    run_command(lambda settings: reopen(settings, services or [], country or [], reason))


@app.command("history")
def history_command(
    setting: Annotated[str, typer.Argument(help="prices, rates or sales; none is all.")] = "",
) -> None:
    """What was changed, when, by whom and why: the latest first."""
    run_command(lambda settings: history(settings, setting))


@app.command("restore")
def restore_command(
    change: Annotated[int, typer.Argument(min=1, help="The number of a change (history).")],
    reason: Reason = "",
) -> None:
    """Put an earlier change in force again."""
    run_command(lambda settings: restore(settings, change, reason))


async def show(settings: Settings, what: str) -> int:
    document = await _terms(settings)
    if what in ("prices", "rates"):
        print(document[what], end="")
    else:
        print_json(document["sales"] if what == "sales" else document)
    return EXIT_OK


async def set_card(
    settings: Settings, card: str, file: str, reason: str, reset: bool, preview: bool
) -> int:
    """Raises ``SettingsError`` for a file that cannot be read, ``InvalidInput`` for its table."""
    from ringbolt.app.operator import change_terms

    table = "" if reset else _read(file)
    if preview:
        compare = {"prices": change_terms.compare_prices, "rates": change_terms.compare_rates}
        async with _open(settings) as (_, terms):
            lines = compare[card](terms, table)
        rows = [(line.name, line.before, line.after) for line in lines]
        documents = [{"name": n, "before": b, "after": a} for n, b, a in rows]
        return print_list("Changes", ("of", "before", "after"), rows, documents)

    def change(tx: Tx, terms: SalesTerms) -> None:
        if card == "prices":
            change_terms.change_prices(tx, terms, table, reason, _by())
        else:
            change_terms.change_rates(tx, table, reason, _by())

    body = {"csv": table, "reset": reset, "reason": reason, "by": _by()}
    await _change(settings, f"/terms/{card}", body, change)
    print(f"The {card} of the settings are in force." if reset else f"The new {card} are in force.")
    return EXIT_OK


async def close(
    settings: Settings, services: list[str], countries: list[str], hours: float, reason: str
) -> int:
    known = (await _terms(settings))["sales"]
    is_all = not services and not countries
    until_ms = round(datetime.now(UTC).timestamp() * 1000 + hours * _HOUR_MS) if hours else None
    return await _set_sales(
        settings,
        [*known["services"], *services],
        [*known["countries"], *countries],
        is_closed=is_all or known["is_closed"],
        until_ms=until_ms if is_all else known["until_ms"],
        reason=reason,
    )


async def reopen(settings: Settings, services: list[str], countries: list[str], reason: str) -> int:
    if (
        not services and not countries
    ):  # nothing is read: this is also the remedy for what cannot be
        return await _set_sales(settings, [], [], is_closed=False, until_ms=None, reason=reason)
    known = (await _terms(settings))["sales"]
    gone = {each.upper() for each in countries}
    return await _set_sales(
        settings,
        [each for each in known["services"] if each not in services],
        [each for each in known["countries"] if each not in gone],
        is_closed=known["is_closed"],
        until_ms=known["until_ms"],
        reason=reason,
    )


async def history(settings: Settings, setting: str) -> int:
    from ringbolt.app.operator.change_terms import list_changes
    from ringbolt.cli.commands.store_reader import read_store

    found = await read_store(settings, list_changes, setting)
    rows = [
        (each["id"], each["setting"], day(each["at_ms"]), each["by"], each["reason"])
        for each in found
    ]
    return print_list("Changes", ("change", "of", "on", "by", "why"), rows, found)


async def restore(settings: Settings, change_id: int, reason: str) -> int:
    """Raises ``NotFound``."""
    from ringbolt.app.operator import change_terms

    def change(tx: Tx, terms: SalesTerms) -> None:
        change_terms.restore(tx, change_id, reason, _by())

    body = {"id": change_id, "reason": reason, "by": _by()}
    await _change(settings, "/terms/restore", body, change)
    print(f"Change {change_id} is in force again.")
    return EXIT_OK


async def _set_sales(
    settings: Settings,
    services: list[str],
    countries: list[str],
    *,
    is_closed: bool,
    until_ms: int | None,
    reason: str,
) -> int:
    from ringbolt.app.operator import change_terms
    from ringbolt.core.closed_sales import ClosedSales

    closed = ClosedSales(tuple(services), tuple(countries), is_closed, until_ms, reason)

    def change(tx: Tx, terms: SalesTerms) -> None:
        change_terms.change_sales(tx, closed, reason, _by())

    body: dict[str, Any] = {
        "services": services,
        "countries": countries,
        "is_closed": is_closed,
        "until_ms": until_ms or 0,
        "reason": reason,
        "by": _by(),
    }
    await _change(settings, "/terms/sales", body, change)
    print_json((await _terms(settings))["sales"])
    return EXIT_OK


async def _terms(settings: Settings) -> dict[str, Any]:
    from ringbolt.app.operator.change_terms import terms_document

    async with _open(settings) as (db, terms):
        return await db.read(terms_document, terms)


async def _change(settings: Settings, path: str, body: dict[str, Any], change: Change) -> None:
    from ringbolt.bootstrap.cards import load_terms
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            await admin.ask("POST", path, body)
        else:
            await admin.tx(change, load_terms(settings))


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[tuple[Database, SalesTerms]]:
    """The store, and the terms in force."""
    from ringbolt.bootstrap.cards import load_terms
    from ringbolt.cli.commands.store_reader import open_store

    async with open_store(settings) as db:
        terms = load_terms(settings)
        await terms.refresh(db)
        yield db, terms


def _read(file: str) -> str:
    """Raises ``SettingsError``."""
    from ringbolt.settings import SettingsError

    if not file:
        raise SettingsError(_NEITHER)
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.") from None


def _by() -> str:
    """Who runs the command."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
