"""``ringbolt numbers`` and ``ringbolt suppressions``: what is lent, and who is spared."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from ringbolt.settings import Settings

numbers = typer.Typer(
    help="The operator's own numbers, lent to orders with realphone.\n\nTheir texts are handed in "
    "at POST /v1/inbound/texts, with a key that has the scope inbound.",
    no_args_is_help=True,
)
suppressions = typer.Typer(
    help="Who gets no texts or e-mails from this shop, whoever pays for them.",
    no_args_is_help=True,
)


@numbers.command("add")
def add_command(
    number: Annotated[str, typer.Argument(help="The number, E.164: +12025550123.")],
    country: Annotated[
        str, typer.Option(help="The country to offer it under. Default: the number's own.")
    ] = "",
    label: Annotated[str, typer.Option(help="A note for yourself.")] = "",
) -> None:
    """Lend a number of your own from now on."""
    _run(lambda desk, settings: desk.add_number(settings, number, country, label))


@numbers.command("list")
def list_command() -> None:
    """Your numbers."""
    _run(lambda desk, settings: desk.list_numbers(settings))


@numbers.command("remove")
def remove_command(
    number: Annotated[str, typer.Argument(help="The number, E.164.")],
) -> None:
    """Lend it no more; an order that has it keeps it to its end."""
    _run(lambda desk, settings: desk.remove_number(settings, number))


@numbers.command("doubtful")
def doubtful_command() -> None:
    """Numbers that a provider may have lent, and may charge for, without telling: compare them
    with its account. Their buyers have their money back."""
    _run(lambda desk, settings: desk.list_doubtful(settings))


@suppressions.command("add")
def suppress_command(
    to: Annotated[str, typer.Argument(help="A number (E.164) or an e-mail address.")],
    why: Annotated[str, typer.Option(help="A note for yourself.")] = "by the operator",
) -> None:
    """Send nothing there any more."""
    _run(lambda desk, settings: desk.suppress(settings, to, why))


@suppressions.command("list")
def suppressed_command() -> None:
    """Who is spared, by hashes: the numbers and addresses themselves are not kept."""
    _run(lambda desk, settings: desk.list_suppressed(settings))


@suppressions.command("remove")
def allow_command(
    to: Annotated[str, typer.Argument(help="A number (E.164) or an e-mail address.")],
) -> None:
    """Send there again."""
    _run(lambda desk, settings: desk.allow(settings, to))


def _run(command: Callable[[Any, Settings], Coroutine[Any, Any, int]]) -> None:
    # The commands load what they need when they run, so that help comes at once.
    from ringbolt.cli.commands import number_desk  # noqa: PLC0415
    from ringbolt.cli.commands.serve import run_in_loop  # noqa: PLC0415
    from ringbolt.cli.running import finish, settings_or_exit  # noqa: PLC0415

    settings = settings_or_exit()
    finish(lambda: run_in_loop(command(number_desk, settings)))
