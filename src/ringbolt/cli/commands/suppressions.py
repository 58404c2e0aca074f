"""``ringbolt suppressions``: numbers and addresses that must not be contacted, through the running
shop if there is one, else in its store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.output import day, print_done, print_list
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="Numbers and addresses that get no calls, texts or e-mails from this shop.",
    no_args_is_help=True,
)


@app.command("add")
def add_command(
    to: Annotated[str, typer.Argument(help="A number (E.164) or an e-mail address.")],
    why: Annotated[str, typer.Option(help="A note for yourself.")] = "by the operator",
) -> None:
    """Send nothing there from now on."""
    run_command(lambda settings: add(settings, to, why))


@app.command("bounce")
def bounce_command() -> None:
    """Read a bounced e-mail from the standard input, as a mail server pipes it to a program: if its
    mailbox does not exist, send nothing there from now on."""
    from ringbolt.mail.bounce import MOST_BYTES

    raw = sys.stdin.buffer.read(MOST_BYTES)
    while sys.stdin.buffer.read(MOST_BYTES):  # a pipe that is closed early is a failed delivery
        pass
    run_command(lambda settings: bounce(settings, raw))


@app.command("list")
def list_command() -> None:
    """Who is suppressed, by hashes: the numbers and addresses themselves are not kept."""
    run_command(list_all)


@app.command("remove")
def remove_command(
    to: Annotated[str, typer.Argument(help="A number (E.164) or an e-mail address.")],
) -> None:
    """Send there again."""
    run_command(lambda settings: remove(settings, to))


async def add(settings: Settings, to: str, why: str) -> int:
    """Have a receiver get no messages any more."""
    from ringbolt.app.operator import suppressions
    from ringbolt.cli.operator_access import OperatorClient, open_admin
    from ringbolt.settings.secret import load_keyring

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            added = await admin.ask("POST", "/suppressions", {"to": to, "why": why})
        else:
            keyring = load_keyring(settings, create=True)
            added = await admin.tx(suppressions.suppress, keyring, to, why)
    return print_done(added, f"{to} gets no messages from now on.")


async def bounce(settings: Settings, raw: bytes) -> int:
    """What is no bounce of ours is not an error: a mail server would report that in turn."""
    from ringbolt.app.operator import suppressions
    from ringbolt.cli.operator_access import OperatorClient, open_admin
    from ringbolt.core.errors import NotFound
    from ringbolt.mail.bounce import read_bounce

    found = read_bounce(raw)
    if found is None or not found.is_final:
        why = "It is no bounce." if found is None else f"Status {found.status} may pass."
        return print_done({"suppressed": False, "why": why}, f"Nothing is changed: {why}")
    try:
        async with open_admin(settings) as admin:
            if isinstance(admin, OperatorClient):
                body = {"ref": found.ref, "status": found.status}
                done = await admin.ask("POST", "/suppressions/bounced", body)
            else:
                done = await admin.tx(suppressions.record_bounce, found.ref, found.status)
    except NotFound as error:
        return print_done({"suppressed": False, "why": error.message}, error.message)
    return print_done(done, f"{found.status}: its recipient gets no e-mails from now on.")


async def list_all(settings: Settings) -> int:
    """Print the receivers that get no messages."""
    from ringbolt.app.operator import suppressions
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings, reads=True) as admin:
        if isinstance(admin, OperatorClient):
            found: list[dict[str, Any]] = await admin.ask("GET", "/suppressions")
        else:
            found = await admin.read(suppressions.list_suppressed)
    rows = [(row["channel"], row["hash"], row["why"], day(row["at_ms"])) for row in found]
    return print_list("Suppressed", ("channel", "hash", "why", "since"), rows, found)


async def remove(settings: Settings, to: str) -> int:
    """Have a receiver get messages again. Raises ``NotFound``."""
    from ringbolt.app.operator import suppressions
    from ringbolt.cli.operator_access import OperatorClient, open_admin
    from ringbolt.settings.secret import load_keyring

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            removed = await admin.ask("POST", "/suppressions/remove", {"to": to})
        else:
            keyring = load_keyring(settings, create=True)
            removed = await admin.tx(suppressions.allow_again, keyring, to)
    return print_done(removed, f"{to} gets messages again.")
