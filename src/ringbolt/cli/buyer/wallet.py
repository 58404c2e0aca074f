"""The wallet that the options of a command name: by LND's REST interface, or a Nostr wallet."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import httpx
import msgspec

from ringbolt.cli.buyer.errors import WrongInput
from ringbolt_client.errors import Refused
from ringbolt_client.invoice import Invoice, read_invoice
from ringbolt_client.steps import Steps, run_async
from ringbolt_client.wallets import FullWallet, LndWallet, pay_or_find

if TYPE_CHECKING:
    from ringbolt_client.wallets.nwc import NwcWallet

T = TypeVar("T")


NWC: Final = "nwc"
"""The Nostr wallet whose address is in ``NWC_VARIABLE``: the address is a secret."""
NWC_VARIABLE: Final = "NWC_URL"
_NWC_SCHEME: Final = "nostr+walletconnect"


class WalletAddress(msgspec.Struct, frozen=True):
    """Where a wallet is and what opens it: a URL of LND, or ``nwc``, or ``nwc:`` and the public key
    of the wallet that has to be meant, or ``nostr+walletconnect://...``. ``macaroon`` is a file's
    path or hexadecimal; '' for the play-money wallet."""

    url: str
    macaroon: str = ""
    tls_cert: str = ""

    @property
    def is_nostr(self) -> bool:
        return self.url.partition(":")[0] in (NWC, _NWC_SCHEME)

    @property
    def macaroon_file(self) -> Path | None:
        """The macaroon's file, if it is one."""
        path = Path(self.macaroon)
        return path if self.macaroon and len(self.macaroon) < 256 and path.is_file() else None

    def to_be_kept(self) -> WalletAddress:
        """The same without what is secret, a macaroon that is no file or a Nostr wallet's address,
        and with full paths. Raises ``WrongInput``."""
        if self.is_nostr:
            return WalletAddress(f"{NWC}:{_nostr_wallet(self.url).service}")
        file = self.macaroon_file
        return WalletAddress(
            self.url,
            "" if file is None else str(file.absolute()),
            str(Path(self.tls_cert).absolute()) if self.tls_cert else "",
        )

    def options(self) -> list[str]:
        """The command-line options that name this wallet again."""
        url = NWC if self.is_nostr else self.url
        given = {"--wallet": url, "--macaroon": self.macaroon, "--tls-cert": self.tls_cert}
        return [word for name, value in given.items() if value for word in (name, value)]


class OpenWallet:
    """A wallet, and the HTTP client that reaches it and shops. ``wallet`` is what buys."""

    def __init__(self, wallet: FullWallet, http: httpx.AsyncClient) -> None:
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
    wallet, mounts = _wallet_of(address)
    async with httpx.AsyncClient(mounts=mounts) as http:
        yield OpenWallet(wallet, http)


def given_invoice(text: str) -> Invoice:
    """An invoice that was given to a command. Raises ``WrongInput``."""
    try:
        return read_invoice(text)
    except Refused as error:
        raise WrongInput(error.message) from None


def _wallet_of(
    address: WalletAddress,
) -> tuple[FullWallet, dict[str, httpx.AsyncHTTPTransport]]:
    """The wallet, and the ways that its HTTP client has to have."""
    if not address.is_nostr:
        url, macaroon = _url_of(address), _macaroon_of(address)
        return LndWallet(address.url, macaroon or "00"), _mounts_of(url, address.tls_cert)
    if address.macaroon or address.tls_cert:
        raise WrongInput("--macaroon and --tls-cert are for LND, not for a Nostr wallet.")
    return _nostr_wallet(address.url), {}


def _nostr_wallet(url: str) -> NwcWallet:
    """Raises ``WrongInput`` if the address is missing, wrong, or another wallet's."""
    from ringbolt_client.wallets.nwc import NwcWallet

    scheme, _, wanted = url.partition(":")
    secret = url if scheme == _NWC_SCHEME else os.environ.get(NWC_VARIABLE, "")
    if not secret:
        raise WrongInput(
            f"Set {NWC_VARIABLE} to the address of the Nostr wallet ({_NWC_SCHEME}://...)."
        )
    try:
        wallet = NwcWallet(secret)
    except Refused as error:
        raise WrongInput(error.message) from None
    if scheme == NWC and wanted not in ("", wallet.service):
        raise WrongInput(
            f"{NWC_VARIABLE} is another wallet than the purchase was begun with. To go on with "
            f"this one all the same, add --wallet {NWC}."
        )
    return wallet


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
