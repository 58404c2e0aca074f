"""``ringbolt numbers``: the operator's own numbers, through the running shop if there is one, else
in its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.output import day, print_done, print_list
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="The operator's own numbers, which orders with realphone lease.\n\nTheir texts are handed "
    "in at POST /v1/inbound/texts, with a key that has the scope inbound.",
    no_args_is_help=True,
)


@app.command("add")
def add_command(
    number: Annotated[str, typer.Argument(help="The number, E.164: +12025550123.")],
    country: Annotated[
        str, typer.Option(help="The country to offer it under. Default: the number's own.")
    ] = "",
    label: Annotated[str, typer.Option(help="A note for yourself.")] = "",
) -> None:
    """Offer a number of your own from now on."""
    run_command(lambda settings: add(settings, number, country, label))


@app.command("list")
def list_command() -> None:
    """Your numbers."""
    run_command(list_own)


@app.command("remove")
def remove_command(number: Annotated[str, typer.Argument(help="The number, E.164.")]) -> None:
    """Offer it no longer; an order that has it keeps it to its end."""
    run_command(lambda settings: remove(settings, number))


@app.command("doubtful")
def doubtful_command() -> None:
    """Numbers that a provider may have leased to us, and may charge for, although its answer was
    lost: compare them with its account. Their buyers have their money back."""
    run_command(list_doubtful)


async def add(settings: Settings, number: str, country: str, label: str) -> int:
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            body = {"number": number, "country": country, "label": label}
            added = await admin.ask("POST", "/numbers", body)
        else:
            added = await admin.tx(own_numbers.add_number, number, country, label)
    return print_done(added, f"{number} is offered from now on, under {added['country']}.")


async def list_own(settings: Settings) -> int:
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings, reads=True) as admin:
        if isinstance(admin, OperatorClient):
            found: list[dict[str, Any]] = await admin.ask("GET", "/numbers")
        else:
            found = await admin.read(own_numbers.list_numbers)
    rows = [(row["number"], row["country"], row["label"], day(row["added_ms"])) for row in found]
    return print_list("Numbers", ("number", "country", "label", "since"), rows, found)


async def remove(settings: Settings, number: str) -> int:
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            await admin.ask("POST", "/numbers/remove", {"number": number})
        else:
            await admin.tx(own_numbers.remove_number, number)
    return print_done({"number": number, "removed": True}, f"{number} is offered no longer.")


async def list_doubtful(settings: Settings) -> int:
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings, reads=True) as admin:
        if isinstance(admin, OperatorClient):
            found: list[dict[str, Any]] = await admin.ask("GET", "/numbers/doubtful")
        else:
            found = await admin.read(own_numbers.list_doubtful)
    names = ("provider", "ref", "order", "service", "country", "asked", "why")
    rows = [
        (row["provider"], row["ref"], row["order_id"], row["service"], row["country"],
         day(row["asked_ms"]), row["why"])
        for row in found
    ]  # fmt: skip
    return print_list("Perhaps leased, for no order", names, rows, found)
