"""``ringbolt webhooks``: what was sent to buyers' webhooks, through the running shop if there is
one, else in its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.output import day, is_terminal, print_json, print_table
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="What was sent to buyers' webhooks, and how it went.\n\nThe running shop is asked if "
    "there is one, else its store. What is queued is sent by a running shop or worker.",
    no_args_is_help=True,
)


@app.command("list")
def list_command(
    order: Annotated[str, typer.Option(help="Only those of this order, by its id.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those given up, or failing at present.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """The latest webhooks, each with its last try. In a pipe: as JSON, with every try."""
    run_command(lambda settings: list_latest(settings, order, failed, limit))


@app.command("resend")
def resend_command(
    webhook_id: Annotated[str, typer.Argument(help="The webhook's id, see list: msg_...")],
) -> None:
    """Send one again, whether it was delivered or given up; a queued one is tried now."""
    run_command(lambda settings: resend(settings, webhook_id))


async def list_latest(settings: Settings, order_id: str, failed: bool, limit: int) -> int:
    """Print the latest webhooks, and what became of them."""
    from ringbolt.app.webhooks.webhook_list import list_webhooks
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings, reads=True) as admin:
        if isinstance(admin, OperatorClient):
            query = {"order_id": order_id, "failed": int(failed), "limit": limit}
            found: dict[str, Any] = await admin.ask("GET", f"/webhooks?{urlencode(query)}")
        else:
            found = await admin.read(list_webhooks, order_id, failed, "", limit)
    rows: list[dict[str, Any]] = found["webhooks"]
    if not is_terminal():
        print_json(rows)
        return EXIT_OK
    print_table(
        "Webhooks",
        ("id", "order", "to", "state", "tries", "last try", "created"),
        [
            (
                row["id"],
                row["order_id"][:12],
                row["url"],
                row["state"],
                row["tries"],
                _last_try(row["log"]),
                day(row["created_ms"]),
            )
            for row in rows
        ],
    )
    return EXIT_OK


async def resend(settings: Settings, webhook_id: str) -> int:
    """Send a webhook again. Raises ``NotFound``."""
    from ringbolt.app.webhooks import resend_webhook
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            await admin.ask("POST", f"/webhooks/{webhook_id}/resend")
        else:
            await admin.tx(resend_webhook.resend, webhook_id)
    if is_terminal():
        print(f"{webhook_id} is sent again.")
    else:
        print_json({"id": webhook_id, "resent": True})
    return EXIT_OK


def _last_try(log: list[dict[str, Any]]) -> str:
    if not log:
        return ""
    last = log[0]
    return f"{last['error'] or last['status']} ({last['took_ms']} ms)"
