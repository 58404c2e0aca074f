"""What the commands that only read share: the store, beside a running shop, and how to print."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

from ringbolt.cli.output import is_terminal, print_json_line, print_table

if TYPE_CHECKING:
    from ringbolt.settings import Settings
    from ringbolt.store.engine.db import Database, Tx

P = ParamSpec("P")
T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="JSON, one document a line, as in a pipe.")]
Unmasked = Annotated[
    bool,
    typer.Option("--unmasked", help="Show numbers, addresses and order ids whole."),
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Database]:
    """The shop's store, read only: works while a shop is running, on both databases. Raises
    ``SettingsError`` if there is none."""
    from ringbolt.cli.operator_access import require_shop
    from ringbolt.clock import SystemClock
    from ringbolt.store.engine.opening import open_database

    require_shop(settings)
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        yield db
    finally:
        await db.close()


async def read_store(
    settings: Settings, read: Callable[Concatenate[Tx, P], T], *args: P.args, **named: P.kwargs
) -> T:
    """One read of the shop's store. Raises ``SettingsError`` if there is none."""
    async with open_store(settings) as db:
        return await db.read(read, *args, **named)


def print_rows(
    title: str, columns: Sequence[tuple[str, str]], documents: list[dict[str, Any]], as_json: bool
) -> None:
    """A table of the named fields (field, heading) on a terminal; one document a line in a
    pipe."""
    if as_json or not is_terminal():
        for document in documents:
            print_json_line(document)
        return
    rows = [[cell(name, document) for name, _ in columns] for document in documents]
    print_table(title, [heading for _, heading in columns], rows)


def cell(name: str, document: dict[str, Any]) -> str:
    """A field as a table shows it: times to the second (UTC), amounts in sats."""
    value = document.get(name)
    if value is None:
        return ""
    if name.endswith("_msat"):
        return sats(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "talked_ms":
        return f"{value / 1000:.0f} s"
    if name.endswith("_ms"):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%m-%d %H:%M:%S")
    return str(value)


def sats(amount_msat: int) -> str:
    """An amount in sats; parts of a sat are shown where there are any."""
    return f"{amount_msat / 1000:,.3f}".removesuffix(".000")
