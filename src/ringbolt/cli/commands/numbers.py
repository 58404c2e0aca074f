"""``ringbolt numbers``: the operator's own numbers, through the running shop if there is one, else
in its store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.output import day, fail, print_done, print_list
from ringbolt.cli.run import run_command
from ringbolt.core.humanise import counted

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="The operator's own numbers, which orders with realphone lease.\n\nTheir texts come "
    "by a phone with SMSGate or by Twilio ([[sms.carriers]]), or are handed in at "
    "POST /v1/inbound/texts, with a key that has the scope inbound.",
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


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="The CSV; '-' is standard input.")],
) -> None:
    """Offer many numbers of your own from now on: a CSV with the columns number, country and label
    (the last two may be missing). All are added, or none and the reason is told; numbers that are
    offered already stay as they are."""
    run_command(lambda settings: import_file(settings, file))


@app.command("list")
def list_command() -> None:
    """Your numbers, and whether each can be leased now: ready, leased, resting (for ten minutes
    after a lease, or when its phone is back) or silent (its phone gives no sign of life)."""
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


@app.command("callbacks")
def callbacks_command() -> None:
    """The URLs to give to providers that can call one when a text comes (type handler_api).
    Anybody who knows such a URL can make the shop look for a text, no more."""
    run_command(list_callbacks)


async def list_callbacks(settings: Settings) -> int:
    """Print the addresses at which parts are called back."""
    from ringbolt.api.callbacks import callback_prefixes
    from ringbolt.numbers.handler_api.callbacks import PATH
    from ringbolt.settings.secret import load_keyring

    keyring = load_keyring(settings, create=False)
    base_url = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    rows = [
        (each.name, f"{base_url}{callback_prefixes(keyring, 'numbers', each.name)[0]}{PATH}")
        for each in settings.numbers.providers
        if each.type == "handler_api"
    ]
    found = [{"provider": name, "url": url} for name, url in rows]
    return print_list("Callbacks", ("provider", "url"), rows, found)


async def add(settings: Settings, number: str, country: str, label: str) -> int:
    """Add a number of the operator's own. Raises ``InvalidInput``."""
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            body = {"number": number, "country": country, "label": label}
            added = await admin.ask("POST", "/numbers", body)
        else:
            added = await admin.tx(own_numbers.add_number, number, country, label)
    return print_done(added, f"{number} is offered from now on, under {added['country']}.")


async def import_file(settings: Settings, file: Path) -> int:
    """Add the numbers of a CSV file; a file with a fault adds none."""
    from ringbolt.app.operator import import_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        return fail(f"{file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        return fail(f"{file} is not in UTF-8: save it so, and try again.")
    if not text.strip():
        return fail(f"{file} is empty: write number,country,label, and a number a line below it.")
    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            done = await admin.ask("POST", "/numbers/import", {"csv": text})
        else:
            done = await admin.tx(import_numbers.import_numbers, text)
    known = f", {done['known']} were offered already" if done["known"] else ""
    return print_done(done, f"{counted(done['added'], 'number')} added{known}.")


async def list_own(settings: Settings) -> int:
    """Print the operator's own numbers."""
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings, reads=True) as admin:
        if isinstance(admin, OperatorClient):
            found: list[dict[str, Any]] = await admin.ask("GET", "/numbers")
        else:
            found = await admin.read(own_numbers.list_numbers)
    rows = [
        (row["number"], row["country"], row["label"], row["phone"], row["state"],
         day(row["added_ms"]))
        for row in found
    ]  # fmt: skip
    names = ("number", "country", "label", "phone", "state", "since")
    return print_list("Numbers", names, rows, found)


async def remove(settings: Settings, number: str) -> int:
    """Stop offering an own number. Raises ``NotFound``."""
    from ringbolt.app.operator import own_numbers
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            await admin.ask("POST", "/numbers/remove", {"number": number})
        else:
            await admin.tx(own_numbers.remove_number, number)
    return print_done({"number": number, "removed": True}, f"{number} is offered no longer.")


async def list_doubtful(settings: Settings) -> int:
    """Print the numbers that a provider may have leased without our knowing."""
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
