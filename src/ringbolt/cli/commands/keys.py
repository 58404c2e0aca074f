"""``ringbolt keys``: API keys of prepaid accounts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from ringbolt.settings import Settings

app = typer.Typer(
    help="API keys of prepaid accounts.\n\nThey are made by the running shop if there is one, "
    "else directly in its store. A key is shown once; only its hash is kept.",
    no_args_is_help=True,
)


@app.command("create")
def create_command(
    label: Annotated[str, typer.Option(help="What the key is for, in your words.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            "--scopes",
            help="What it may do: read, spend, fund, inbound (hand in texts that came to your own "
            "numbers). Repeat it, or separate them by commas; default: read,spend,fund.",
        ),
    ] = None,
) -> None:
    """Make a key and print it, once."""
    scopes = [each.strip() for text in scope or [] for each in text.split(",")]
    _run(lambda desk, settings: desk.create(settings, label, scopes))


@app.command("list")
def list_command() -> None:
    """Every key with its balance."""
    _run(lambda desk, settings: desk.listing(settings))


@app.command("revoke")
def revoke_command(key_id: Annotated[str, typer.Argument(help="The key's id, see list.")]) -> None:
    """Refuse a key from now on."""
    _run(lambda desk, settings: desk.revoke(settings, key_id))


def _run(command: Callable[[Any, Settings], Coroutine[Any, Any, int]]) -> None:
    # The commands load what they need when they run, so that help comes at once.
    from ringbolt.cli.commands import key_desk  # noqa: PLC0415
    from ringbolt.cli.commands.serve import run_in_loop  # noqa: PLC0415
    from ringbolt.cli.running import finish, settings_or_exit  # noqa: PLC0415

    settings = settings_or_exit()
    finish(lambda: run_in_loop(command(key_desk, settings)))
