"""``ringbolt orders``: what becomes of orders."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.commands.store_reader import (
    AsJson,
    Limit,
    Unmasked,
    cell,
    open_store,
    print_rows,
    read_store,
)
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.output import is_terminal, print_facts, print_json, print_json_line
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings
    from ringbolt.store.overview import StepLine, Wanted

app = typer.Typer(
    help="Orders: what was bought, how far each one is, and what happens now.\n\nRead from the "
    "store, beside a running shop. Numbers and addresses are masked, unless --unmasked.",
    no_args_is_help=True,
)

_LOOK_EVERY_S = 0.5
_OVERLAP = 200
"""Steps that ``tail`` reads again."""
_AT_ONCE = 5000

_COLUMNS = (
    ("id", "order"),
    ("kind", "kind"),
    ("state", "state"),
    ("to", "to"),
    ("part", "part"),
    ("price_msat", "sats"),
    ("method", "paid by"),
    ("created_ms", "placed (UTC)"),
    ("moved_ms", "changed"),
    ("reason", "why"),
)
_STEPS = (("at_ms", "at (UTC)"), ("from", "from"), ("to", "to"), ("ms", "after ms"),
          ("cause", "cause"))  # fmt: skip
_ATTEMPTS = (("created_ms", "asked (UTC)"), ("part", "part"), ("state", "state"),
             ("finished_ms", "over"), ("cost", "cost"), ("cost_msat", "sats"),
             ("reason", "why"))  # fmt: skip
_TRANSFERS = (("at_ms", "at (UTC)"), ("kind", "transfer"), ("amount_msat", "sats"),
              ("state", "state"), ("captured_msat", "captured"))  # fmt: skip


@app.command("list")
def list_command(
    state: Annotated[str, typer.Option(help="Only orders in this state, e.g. failed.")] = "",
    kind: Annotated[str, typer.Option(help="call, sms, email, activation, rental or fund.")] = "",
    limit: Limit = 50,
    unmasked: Unmasked = False,
    json: AsJson = False,
) -> None:
    """The newest orders."""
    from ringbolt.core.order import OrderKind, OrderState
    from ringbolt.store.overview import Wanted

    wanted = Wanted(
        state=one_of(OrderState, state, "--state"),
        kind=one_of(OrderKind, kind, "--kind"),
        limit=limit,
    )
    run_command(lambda settings: list_latest(settings, wanted, unmasked, json))


@app.command("find")
def find_command(
    what: Annotated[
        str,
        typer.Argument(
            help="A number (E.164), an e-mail address, a payment hash, or digits of an id."
        ),
    ],
    limit: Limit = 50,
    unmasked: Unmasked = False,
    json: AsJson = False,
) -> None:
    """Orders by what somebody has at hand: whom they reached, or how they were paid."""
    run_command(lambda settings: find(settings, what, limit, unmasked, json))


@app.command("show")
def show_command(
    order: Annotated[str, typer.Argument(help="Its id, or the first digits of it; CA.., SM..")],
    unmasked: Unmasked = False,
    json: AsJson = False,
) -> None:
    """One order: its steps, attempts and money."""
    run_command(lambda settings: show(settings, order, unmasked, json))


@app.command("tail")
def tail_command(
    lines: Annotated[int, typer.Option(min=0, max=1000, help="Steps to begin with.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = True,
    json: AsJson = False,
) -> None:
    """The steps of all orders as they happen."""
    run_command(lambda settings: tail(settings, lines, follow, json))


def one_of(allowed: Any, written: str, option: str) -> str:
    """``written`` if it is one of ``allowed`` or empty. Raises ``typer.BadParameter``."""
    if written and written not in list(allowed):
        names = ", ".join(each.value for each in allowed)
        raise typer.BadParameter(f"{written!r} is none of: {names}.", param_hint=option)
    return written


async def list_latest(settings: Settings, wanted: Wanted, unmasked: bool, as_json: bool) -> int:
    """Print the latest orders."""
    from ringbolt.app.operator.overview import list_orders

    found = await read_store(settings, list_orders, wanted, unmasked=unmasked)
    print_rows("Orders", _COLUMNS, found, as_json)
    return EXIT_OK


async def find(settings: Settings, what: str, limit: int, unmasked: bool, as_json: bool) -> int:
    """Raises ``InvalidInput``, and ``SettingsError`` without the shop's secret."""
    from ringbolt.app.operator.overview import find_orders
    from ringbolt.settings.secret import load_keyring

    keyring = load_keyring(settings, create=False)
    found = await read_store(settings, find_orders, keyring, what, limit, unmasked=unmasked)
    print_rows("Orders", _COLUMNS, found, as_json)
    return EXIT_OK


async def show(settings: Settings, name: str, unmasked: bool, as_json: bool) -> int:
    """Raises ``NotFound``, ``Conflict``, ``InvalidInput``."""
    from ringbolt.app.operator.overview import show_order

    found = await read_store(settings, show_order, name, unmasked=unmasked)
    if as_json or not is_terminal():
        print_json(found)
    else:
        print_order(found)
    return EXIT_OK


def print_order(found: dict[str, Any]) -> None:
    """An order on a terminal."""
    facts = {heading: cell(name, found) for name, heading in _COLUMNS}
    facts |= {"refund": found["refund"] or "none", "API": found["family"]}
    print_facts(facts)
    print_rows("\nSteps", _STEPS, found["steps"], as_json=False)
    print_rows("\nAsked", _ATTEMPTS, found["attempts"], as_json=False)
    print_rows("\nMoney", _TRANSFERS, found["transfers"], as_json=False)


async def tail(settings: Settings, lines: int, follow: bool, as_json: bool) -> int:
    """Print the latest ``lines`` steps, and with ``follow`` every later one."""
    from ringbolt.store import overview

    async with open_store(settings) as db:
        first = await db.read(overview.latest_steps, max(lines, 1))
        _tell(first[len(first) - lines :], as_json)
        seen = SeenSteps(first)
        while follow:
            await asyncio.sleep(_LOOK_EVERY_S)
            _tell(seen.new(await db.read(overview.steps_after, seen.after, _AT_ONCE)), as_json)
    return EXIT_OK


class SeenSteps:
    """Which steps were printed. On PostgreSQL, one of several transactions at the same time may be
    committed with a lower number than one that was seen: so the last ones are read again."""

    def __init__(self, steps: list[StepLine]) -> None:
        self._places = {step.place for step in steps}
        self._from = min(self._places, default=1) - 1

    @property
    def after(self) -> int:
        """Read on from here."""
        return max(self._from, max(self._places, default=0) - _OVERLAP)

    def new(self, steps: list[StepLine]) -> list[StepLine]:
        """Those of ``steps`` that were not seen, which now are."""
        new = [step for step in steps if step.place not in self._places]
        self._places |= {step.place for step in new}
        self._places = {place for place in self._places if place > self.after}
        return new


def _tell(steps: list[StepLine], as_json: bool) -> None:
    from ringbolt.app.operator.overview import step_document

    for document in map(step_document, steps):
        if as_json or not is_terminal():
            print_json_line(document)
        else:
            print(
                f"{cell('at_ms', document)}  {document['order']}  {document['kind']:<10}  "
                f"{document['from'] or 'new'} -> {document['to']}"
                f"{' by ' + document['part'] if document['part'] else ''}: {document['cause']}",
                flush=True,
            )
