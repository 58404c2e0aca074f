"""``ringbolt wallet``: a wallet that speaks LND's REST interface, by default the play-money one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Use a wallet: the play-money one of a shop, or a real LND by its REST address.",
    no_args_is_help=True,
)

DEFAULT = "http://127.0.0.1:8402/simulator/wallet"
Url = Annotated[str, typer.Option("--wallet", help="The wallet's REST address.")]
Macaroon = Annotated[str, typer.Option(help="LND: a macaroon that may pay, file or hex.")]
Cert = Annotated[Path | None, typer.Option(help="LND: its tls.cert.")]


@app.command("balance")
def balance(wallet: Url = DEFAULT, macaroon: Macaroon = "", tls_cert: Cert = None) -> None:
    """What the wallet can spend."""
    _run(wallet, macaroon, tls_cert, lambda call, opened: call.balance(opened))


@app.command("pay")
def pay(
    invoice: Annotated[str, typer.Argument(help="A BOLT11 invoice.")],
    max_fee_sats: Annotated[int, typer.Option(min=0, help="The most to pay in routing fees.")] = 10,
    wallet: Url = DEFAULT,
    macaroon: Macaroon = "",
    tls_cert: Cert = None,
) -> None:
    """Pay an invoice and print the preimage, the proof of payment."""
    _run(wallet, macaroon, tls_cert, lambda call, opened: call.pay(opened, invoice, max_fee_sats))


@app.command("invoice")
def invoice(
    sats: Annotated[int, typer.Argument(min=1, help="The amount.")],
    memo: Annotated[str, typer.Option(help="What it is for.")] = "",
    wallet: Url = DEFAULT,
    macaroon: Macaroon = "",
    tls_cert: Cert = None,
) -> None:
    """Make an invoice to be paid into the wallet."""
    _run(wallet, macaroon, tls_cert, lambda call, opened: call.invoice(opened, sats, memo))


@app.command("claim")
def claim(
    link: Annotated[str, typer.Argument(help="LNURL1... or its http address.")],
    wallet: Url = DEFAULT,
    macaroon: Macaroon = "",
    tls_cert: Cert = None,
) -> None:
    """Withdraw a refund into the wallet."""
    _run(wallet, macaroon, tls_cert, lambda call, opened: call.withdraw(opened, link))


def _run(
    url: str,
    macaroon: str,
    tls_cert: Path | None,
    act: Callable[[Any, Any], Coroutine[Any, Any, dict[str, Any]]],
) -> None:
    # The commands load what they need when they run, so that help comes at once.
    from ringbolt.cli.commands import call  # noqa: PLC0415
    from ringbolt.cli.commands.serve import run_in_loop  # noqa: PLC0415
    from ringbolt.cli.running import finish  # noqa: PLC0415

    wallet = call.wallet_at(url, macaroon, tls_cert)
    finish(lambda: run_in_loop(call.with_wallet(wallet, lambda opened: act(call, opened))))
