"""``ringbolt webhooks``: what was told to the outside, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from ringbolt.settings import Settings

app = typer.Typer(
    help="What was told to buyers' webhooks, and how it went.\n\nThe running shop is asked if "
    "there is one, else its store. What waits is sent by a shop or worker that runs.",
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
    _run(lambda desk, settings: desk.listing(settings, order, failed, limit))


@app.command("resend")
def resend_command(
    webhook_id: Annotated[str, typer.Argument(help="The webhook's id, see list: msg_...")],
) -> None:
    """Send one again, whether it was delivered or given up; one that waits is tried now."""
    _run(lambda desk, settings: desk.resend(settings, webhook_id))


def _run(command: Callable[[Any, Settings], Coroutine[Any, Any, int]]) -> None:
    # The commands load what they need when they run, so that help comes at once.
    from ringbolt.cli.commands import webhook_desk  # noqa: PLC0415
    from ringbolt.cli.commands.serve import run_in_loop  # noqa: PLC0415
    from ringbolt.cli.running import finish, settings_or_exit  # noqa: PLC0415

    settings = settings_or_exit()
    finish(lambda: run_in_loop(command(webhook_desk, settings)))
