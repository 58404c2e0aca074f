"""``ringbolt wallet``: a wallet that speaks LND's REST interface, by default the play-money one."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.output import EXIT_OK, fail, is_terminal, print_facts, print_json
from ringbolt.cli.run import finish

if TYPE_CHECKING:
    from ringbolt.cli.buyer.wallet import Wallet

app = typer.Typer(
    help="Use a wallet: the play-money one of a shop, or a real LND by its REST address.",
    no_args_is_help=True,
)

_HELD_AFTER_S = 10.0
DEFAULT = "http://127.0.0.1:8402/simulator/wallet"
Url = Annotated[str, typer.Option("--wallet", help="The wallet's REST address.")]
Macaroon = Annotated[str, typer.Option(help="LND: a macaroon that may pay, file or hex.")]
Cert = Annotated[Path | None, typer.Option(help="LND: its tls.cert.")]


@app.command("balance")
def balance(wallet: Url = DEFAULT, macaroon: Macaroon = "", tls_cert: Cert = None) -> None:
    """What the wallet can spend."""
    _run(wallet, macaroon, tls_cert, _balance)


@app.command("pay")
def pay(
    invoice: Annotated[str, typer.Argument(help="A BOLT11 invoice.")],
    max_fee_sats: Annotated[int, typer.Option(min=0, help="The most to pay in routing fees.")] = 10,
    wallet: Url = DEFAULT,
    macaroon: Macaroon = "",
    tls_cert: Cert = None,
) -> None:
    """Pay an invoice and print the preimage, the proof of payment."""
    _run(wallet, macaroon, tls_cert, lambda opened: _pay(opened, invoice, max_fee_sats))


@app.command("invoice")
def invoice(
    sats: Annotated[int, typer.Argument(min=1, help="The amount.")],
    memo: Annotated[str, typer.Option(help="What it is for.")] = "",
    wallet: Url = DEFAULT,
    macaroon: Macaroon = "",
    tls_cert: Cert = None,
) -> None:
    """Make an invoice to be paid into the wallet."""
    _run(wallet, macaroon, tls_cert, lambda opened: _invoice(opened, sats, memo))


@app.command("claim")
def claim(
    link: Annotated[str, typer.Argument(help="LNURL1... or its http address.")],
    wallet: Url = DEFAULT,
    macaroon: Macaroon = "",
    tls_cert: Cert = None,
) -> None:
    """Withdraw a refund into the wallet."""
    _run(wallet, macaroon, tls_cert, lambda opened: _withdraw(opened, link))


def _run(
    url: str,
    macaroon: str,
    tls_cert: Path | None,
    act: Callable[[Wallet], Awaitable[dict[str, Any]]],
) -> None:
    from ringbolt.cli.buyer.wallet import wallet_at

    finish(_use(wallet_at(url, macaroon, tls_cert), act))


async def _use(wallet: Wallet, act: Callable[[Wallet], Awaitable[dict[str, Any]]]) -> int:
    """Do one thing with a wallet and print the result; the exit code."""
    import httpx

    from ringbolt.cli.buyer.errors import PurchaseError

    try:
        result = await act(wallet)
    except (PurchaseError, httpx.HTTPError) as error:
        return fail(str(error) or repr(error))
    finally:
        await wallet.close()
    if is_terminal():
        print_facts(result)
    else:
        print_json(result)
    return EXIT_OK


async def _balance(wallet: Wallet) -> dict[str, Any]:
    return {"balance_sats": await wallet.balance_sats()}


async def _pay(wallet: Wallet, invoice: str, max_fee_sats: int) -> dict[str, Any]:
    import asyncio

    paying = asyncio.create_task(wallet.pay(invoice, max_fee_sats))
    await asyncio.wait({paying}, timeout=_HELD_AFTER_S)
    if not paying.done():
        sys.stderr.write("The payment is held until the seller delivers or cancels: wait.\n")
    return {"preimage": await paying}


async def _invoice(wallet: Wallet, sats: int, memo: str) -> dict[str, Any]:
    return {"invoice": await wallet.create_invoice(sats, memo)}


async def _withdraw(wallet: Wallet, link: str) -> dict[str, Any]:
    import httpx

    from ringbolt.cli.buyer.refund import claim

    async with httpx.AsyncClient(timeout=30) as http:
        return {"claimed_sats": await claim(http, link, wallet)}
