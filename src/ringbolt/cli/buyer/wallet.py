"""The wallet that the options of a command name, by LND's REST interface."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from ringbolt.cli.buyer.errors import WrongInput
from ringbolt_client.errors import Refused
from ringbolt_client.invoice import Invoice, read_invoice
from ringbolt_client.steps import Steps, run_async
from ringbolt_client.wallets import LndWallet, pay_or_find

T = TypeVar("T")


class WalletAddress(msgspec.Struct, frozen=True):
    """Where a wallet is and what opens it. ``macaroon`` is a file's path or hexadecimal; '' for the
    play-money wallet."""

    url: str
    macaroon: str = ""
    tls_cert: str = ""

    @property
    def macaroon_file(self) -> Path | None:
        """The macaroon's file, if it is one."""
        path = Path(self.macaroon)
        return path if self.macaroon and len(self.macaroon) < 256 and path.is_file() else None

    def to_be_kept(self) -> WalletAddress:
        """The same without a macaroon that is no file, which is a secret, and with full paths."""
        file = self.macaroon_file
        return WalletAddress(
            self.url,
            "" if file is None else str(file.absolute()),
            str(Path(self.tls_cert).absolute()) if self.tls_cert else "",
        )

    def options(self) -> list[str]:
        """The command-line options that name this wallet again."""
        given = {"--wallet": self.url, "--macaroon": self.macaroon, "--tls-cert": self.tls_cert}
        return [word for name, value in given.items() if value for word in (name, value)]


class OpenWallet:
    """A wallet, and the HTTP client that reaches it and shops. ``wallet`` is what buys."""

    def __init__(self, wallet: LndWallet, http: httpx.AsyncClient) -> None:
        self.wallet = wallet
        self.http = http

    async def balance_sats(self) -> int:
        return await self.do(self.wallet.balance_sats())

    async def create_invoice(self, sats: int, memo: str) -> str:
        return await self.do(self.wallet.invoice(sats, memo))

    async def pay(self, invoice: Invoice, fee_limit_sats: int) -> str:
        """The preimage in hex; also of an invoice that was paid before, or is being paid. Raises
        ``NotPaid`` if it is not paid and will not be, ``NotReached`` if that is not known."""
        return await self.do(pay_or_find(self.wallet, invoice, fee_limit_sats))

    async def do(self, steps: Steps[T]) -> T:
        return await run_async(steps, self.http)


@asynccontextmanager
async def opened_wallet(address: WalletAddress) -> AsyncIterator[OpenWallet]:
    """Raises ``WrongInput`` for an address or a file that cannot be used."""
    url = _url_of(address)
    wallet = LndWallet(address.url, _macaroon_of(address) or "00")
    async with httpx.AsyncClient(mounts=_mounts_of(url, address.tls_cert)) as http:
        yield OpenWallet(wallet, http)


def given_invoice(text: str) -> Invoice:
    """An invoice that was given to a command. Raises ``WrongInput``."""
    try:
        return read_invoice(text)
    except Refused as error:
        raise WrongInput(error.message) from None


def _macaroon_of(address: WalletAddress) -> str:
    file = address.macaroon_file
    try:
        macaroon = address.macaroon if file is None else file.read_bytes().hex()
        bytes.fromhex(macaroon)
    except ValueError:
        raise WrongInput(
            f"--macaroon {address.macaroon}: there is no such file, and it is not hexadecimal."
        ) from None
    except OSError as error:
        raise WrongInput(f"--macaroon {address.macaroon}: {error.strerror}.") from None
    return macaroon


def _url_of(address: WalletAddress) -> httpx.URL:
    try:
        url = httpx.URL(address.url)
    except httpx.InvalidURL as error:
        raise WrongInput(f"{address.url} is not the address of a wallet: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise WrongInput(f"{address.url} is not the address of a wallet.")
    return url


def _mounts_of(url: httpx.URL, certificate: str) -> dict[str, httpx.AsyncHTTPTransport]:
    """The way to a wallet with a certificate of its own, which is trusted for nothing else."""
    if not certificate:
        return {}
    try:
        tls = ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise WrongInput(f"--tls-cert {certificate} is not a certificate: {error}") from None
    return {f"{url.scheme}://{url.netloc.decode()}": httpx.AsyncHTTPTransport(verify=tls)}
