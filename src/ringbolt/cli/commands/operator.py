"""``ringbolt operator``: sign in on the web, and sign out everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="The operator's pages (/operator).\n\nA link signs one device in for 12 hours; it works "
    "once, for 10 minutes.",
    no_args_is_help=True,
)
_NOT_RUNNING: Final = "No shop runs on this data folder: start it with 'ringbolt serve'."


@app.command("link")
def link_command() -> None:
    """Print a link that signs you in on the web, once."""
    run_command(link)


@app.command("sign-out")
def sign_out_command() -> None:
    """End every session on the web, and the newest link."""
    run_command(sign_out)


async def link(settings: Settings) -> int:
    """Raises ``Unavailable`` if no shop is running: nobody could open the link."""
    from ringbolt.cli.operator_access import OperatorClient, open_admin
    from ringbolt.core.errors import Unavailable

    async with open_admin(settings, reads=True) as admin:
        if not isinstance(admin, OperatorClient):
            raise Unavailable(_NOT_RUNNING)
        made = await admin.ask("POST", "/links")
    print(made["url"])
    return EXIT_OK


async def sign_out(settings: Settings) -> int:
    """End every session on the operator's pages."""
    from ringbolt.app.operator.sign_in import end_sessions
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            await admin.ask("POST", "/sign-out")
        else:
            await admin.tx(end_sessions)
    print("Every session on the web is over.")
    return EXIT_OK
