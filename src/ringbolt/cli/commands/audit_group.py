"""``ringbolt audit`` and ``ringbolt audit acknowledge``."""

from __future__ import annotations

from typing import Annotated

import typer

from ringbolt.cli.run import run_command

app = typer.Typer()


@app.callback(invoke_without_command=True)
def audit_command(context: typer.Context) -> None:
    """Prove that sats in = settled + returned + owed, and that orders, attempts and node agree.

    Calls, texts, codes, rented numbers, e-mails and top-ups alike. The sums are grouped by how it
    was paid: l402 (paid before the call), holds (hold invoices of orders), balances (prepaid keys),
    and referrers' shares (paid and owed). Reads only; works while a shop is running. Exit code 0 if
    everything agrees, else 1 with each difference.
    """
    if context.invoked_subcommand is None:
        from ringbolt.cli.commands.audit import audit

        run_command(audit)


@app.command("acknowledge")
def acknowledge_command(
    ids: Annotated[list[str], typer.Argument(help="Ids of differences, as the audit shows them.")],
    reason: Annotated[str, typer.Option(help="How it came about; it is kept.")],
) -> None:
    """Close differences with a reason: the audit no longer counts them, and goes on listing them.

    Kept with the reason, your name and the time. Nothing is booked: the amounts stay as they are,
    and if one changes, it is another difference.
    """
    from ringbolt.cli.commands.audit import acknowledge

    run_command(lambda settings: acknowledge(settings, ids, reason))
