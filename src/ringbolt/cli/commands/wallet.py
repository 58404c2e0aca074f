"""``ringbolt wallet``: a wallet by LND's REST interface or by Nostr, by default the play-money
one."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.options import Cert, Macaroon, Server, WalletUrl
from ringbolt.cli.output import is_terminal, print_facts, print_json
from ringbolt.cli.run import finish

if TYPE_CHECKING:
    from ringbolt.cli.buyer.wallet import OpenWallet

app = typer.Typer(
    help="Use a wallet: the play-money one of a shop, a real LND by its REST address, or a Nostr "
    "wallet.\n\n"
    "Without --wallet it is the play-money wallet of the shop that 'ringbolt call' would buy from.",
    no_args_is_help=True,
)

_HELD_AFTER_S = 10.0
Act = Callable[["OpenWallet"], Awaitable[dict[str, Any]]]


@app.command("balance")
def balance(
    wallet: WalletUrl = "", server: Server = "", macaroon: Macaroon = "", tls_cert: Cert = ""
) -> None:
    """What the wallet can spend."""
    _run(_Given(wallet, server, macaroon, tls_cert), _balance)


@app.command("pay")
def pay(
    invoice: Annotated[str, typer.Argument(help="A BOLT11 invoice.")],
    max_fee_sats: Annotated[int, typer.Option(min=0, help="The most to pay in routing fees.")] = 10,
    wallet: WalletUrl = "",
    server: Server = "",
    macaroon: Macaroon = "",
    tls_cert: Cert = "",
) -> None:
    """Pay an invoice and print the preimage, the proof of payment.

    An invoice that the wallet has paid before is not paid again: its preimage is printed.
    """
    given = _Given(wallet, server, macaroon, tls_cert)
    _run(given, lambda opened: _pay(opened, invoice, max_fee_sats))


@app.command("invoice")
def invoice(
    sats: Annotated[int, typer.Argument(min=1, help="The amount.")],
    memo: Annotated[str, typer.Option(help="What it is for.")] = "",
    wallet: WalletUrl = "",
    server: Server = "",
    macaroon: Macaroon = "",
    tls_cert: Cert = "",
) -> None:
    """Make an invoice to be paid into the wallet."""
    given = _Given(wallet, server, macaroon, tls_cert)
    _run(given, lambda opened: _invoice(opened, sats, memo))


@app.command("claim")
def claim(
    link: Annotated[str, typer.Argument(help="LNURL1... or its http address.")],
    wallet: WalletUrl = "",
    server: Server = "",
    macaroon: Macaroon = "",
    tls_cert: Cert = "",
) -> None:
    """Withdraw a refund into the wallet."""
    given = _Given(wallet, server, macaroon, tls_cert)
    _run(given, lambda opened: _withdraw(opened, link))


@dataclass(frozen=True, slots=True)
class _Given:
    """The options that name a wallet."""

    wallet: str
    server: str
    macaroon: str
    tls_cert: str


def _run(given: _Given, act: Act) -> None:
    from ringbolt.cli.buyer.errors import reported

    finish(reported(_use(given, act)))


async def _use(given: _Given, act: Act) -> int:
    """Do one thing with a wallet and print the result; the exit code."""
    from ringbolt.cli.buyer.wallet import WalletAddress, opened_wallet
    from ringbolt.cli.named_shop import named_shop

    url = given.wallet or (await named_shop(given.server)).play_wallet
    async with opened_wallet(WalletAddress(url, given.macaroon, given.tls_cert)) as opened:
        result = await act(opened)
    if is_terminal():
        print_facts(result)
    else:
        print_json(result)
    return EXIT_OK


async def _balance(wallet: OpenWallet) -> dict[str, Any]:
    return {"balance_sats": await wallet.balance_sats()}


async def _pay(wallet: OpenWallet, invoice: str, max_fee_sats: int) -> dict[str, Any]:
    import asyncio

    from ringbolt.cli.buyer.wallet import given_invoice

    paying = asyncio.create_task(wallet.pay(given_invoice(invoice), max_fee_sats))
    await asyncio.wait({paying}, timeout=_HELD_AFTER_S)
    if not paying.done():
        sys.stderr.write("The payment is held until the seller delivers or cancels: wait.\n")
    return {"preimage": await paying}


async def _invoice(wallet: OpenWallet, sats: int, memo: str) -> dict[str, Any]:
    return {"invoice": await wallet.create_invoice(sats, memo)}


async def _withdraw(wallet: OpenWallet, link: str) -> dict[str, Any]:
    from contextlib import suppress

    from ringbolt.cli.buyer.purchases import users_journal
    from ringbolt.cli.buyer.refund import claim, forget_refunded
    from ringbolt_client.errors import ClientError

    claimed = {"claimed_sats": await wallet.do(claim(link, wallet.wallet))}
    with suppress(ClientError):  # a file that stays is no loss
        await wallet.do(forget_refunded(link, users_journal()))
    return claimed
