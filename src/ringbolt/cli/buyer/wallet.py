"""A wallet by LND's REST interface: a real LND, or the simulated wallet."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
import msgspec

from ringbolt.cli.buyer.errors import NotPaid, NotReached, PurchaseError, WrongInput
from ringbolt.core.lightning import bolt11

_ANSWER_S: Final = 120.0
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNUSABLE_URL: Final = (httpx.InvalidURL, httpx.UnsupportedProtocol)
_NO_SUCH_PAYMENT: Final = 5
"""NOT_FOUND of gRPC."""

FAILURES: Final = MappingProxyType(
    {
        "FAILURE_REASON_TIMEOUT": "no way to the seller was found in time",
        "FAILURE_REASON_NO_ROUTE": "no route to the seller within the fee limit",
        "FAILURE_REASON_ERROR": "an error on the way to the seller",
        "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS": "the seller refused the payment or gave it "
        "back; the money is in the wallet",
        "FAILURE_REASON_INSUFFICIENT_BALANCE": "the wallet cannot spend that much",
        "FAILURE_REASON_CANCELED": "it was cancelled at the wallet",
    }
)
"""LND's reasons (``lnrpc.PaymentFailureReason``) in words."""


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


class Wallet:
    """Pays through LND's REST interface (``POST /v2/router/send``)."""

    def __init__(
        self, url: str, macaroon_hex: str = "00", tls: ssl.SSLContext | None = None
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Grpc-Metadata-macaroon": macaroon_hex},
            verify=True if tls is None else tls,
        )

    async def balance_sats(self) -> int:
        document = _read(await self._ask("GET", "/v1/balance/channels"))
        return int(document["balance"])

    async def create_invoice(self, amount_sats: int, memo: str) -> str:
        body = {"value": str(amount_sats), "memo": memo}
        return str(_read(await self._ask("POST", "/v1/invoices", body))["payment_request"])

    async def pay(self, invoice: str, fee_limit_sats: int) -> str:
        """The preimage in hex; also of an invoice that was paid before, or is being paid.

        Raises ``NotPaid`` if it is not paid and will not be, ``NotReached`` if that is not known,
        ``WrongInput`` for what is no invoice.
        """
        try:
            payment_hash = bolt11.decode(invoice).payment_hash
        except bolt11.Bolt11Error as error:
            raise WrongInput(str(error)) from None
        body = {
            "payment_request": invoice,
            "timeout_seconds": 60,
            "fee_limit_sat": str(fee_limit_sats),
            "no_inflight_updates": True,
        }
        try:
            # No time limit: a hold invoice stays in flight until the seller decides.
            answer = await self._ask("POST", "/v2/router/send", body, read_s=None)
        except NotReached as error:
            if not error.is_sent:
                raise
            preimage = await self.find(payment_hash)  # the answer was lost
            if preimage is None:
                raise
            return preimage
        if answer.status_code in (404, 405):
            raise WrongInput(f"There is no wallet at {self._http.base_url}.")
        if answer.status_code == 200 and (ended := _last_line(answer)).get("status"):
            return _preimage_of(ended)
        preimage = await self.find(payment_hash)  # refused: perhaps because it is paid
        if preimage is not None:
            return preimage
        raise NotPaid(f"The wallet refused to pay: {_words(answer)}")

    async def find(self, payment_hash: bytes) -> str | None:
        """The preimage of a payment that was sent before; waits while it is in flight. None if
        there is none. Raises ``NotPaid`` if it failed, ``NotReached`` if that is not known."""
        name = base64.urlsafe_b64encode(payment_hash).decode()
        path = f"/v2/router/track/{name}?no_inflight_updates=true"
        answer = await self._ask("GET", path, read_s=None)
        ended = _last_line(answer)
        if ended.get("status"):
            return _preimage_of(ended)
        fault = _fault(answer)
        if fault.get("code") == _NO_SUCH_PAYMENT or "isn't initiated" in str(fault.get("message")):
            return None
        raise NotReached(f"The wallet cannot say whether it has paid: {_words(answer)}")

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        read_s: float | None = _ANSWER_S,
    ) -> httpx.Response:
        where = self._http.base_url
        timeout = httpx.Timeout(10.0, read=read_s)
        try:
            return await self._http.request(method, path, json=body, timeout=timeout)
        except _UNUSABLE_URL as error:
            raise WrongInput(f"{where} is not the address of a wallet: {error}") from None
        except httpx.HTTPError as error:
            is_sent = not isinstance(error, _NOT_SENT)
            words = f"The wallet at {where} does not answer: {str(error) or repr(error)}"
            raise NotReached(words, is_sent=is_sent) from None

    async def close(self) -> None:
        await self._http.aclose()


def open_wallet(address: WalletAddress) -> Wallet:
    """A wallet by LND's REST interface. Raises ``WrongInput`` for a file that cannot be used."""
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
    try:
        trusted = address.tls_cert
        tls = ssl.create_default_context(cafile=trusted) if trusted else None
        return Wallet(address.url, macaroon or "00", tls)
    except (OSError, ssl.SSLError) as error:
        raise WrongInput(f"--tls-cert {trusted} is not a certificate: {error}") from None
    except httpx.InvalidURL as error:
        raise WrongInput(f"{address.url} is not the address of a wallet: {error}") from None


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The document of an answer. Raises ``PurchaseError`` if the wallet refused."""
    if answer.status_code == 200:
        return _object(answer.json)
    if answer.status_code in (404, 405):
        raise WrongInput(f"There is no wallet at {answer.url}.")
    raise PurchaseError(f"The wallet refused: {_words(answer)}")


def _last_line(answer: httpx.Response) -> dict[str, Any]:
    """The last update of a payment in a stream of JSON lines; empty if it has none."""
    lines = [line for line in answer.text.splitlines() if line.strip()]
    found = _object(lambda: json.loads(lines[-1])).get("result") if lines else None
    return found if isinstance(found, dict) else {}


def _preimage_of(ended: dict[str, Any]) -> str:
    """Raises ``NotPaid`` if the payment failed, ``NotReached`` if it is not known how it ended."""
    if ended["status"] == "SUCCEEDED":
        return str(ended["payment_preimage"])
    if ended["status"] == "FAILED":
        reason = str(ended.get("failure_reason", ""))
        raise NotPaid(f"The payment failed: {FAILURES.get(reason, 'no reason given')} ({reason}).")
    raise NotReached("The wallet's answer ended while the payment was in flight.")


def _fault(answer: httpx.Response) -> dict[str, Any]:
    """LND's ``{"code", "message"}``, which a stream has inside ``error``."""
    document = _object(answer.json)
    inner = document.get("error")
    return inner if isinstance(inner, dict) else document


def _words(answer: httpx.Response) -> str:
    """Why a wallet refused, in its own words."""
    said = _fault(answer).get("message")
    return f"{said}." if said else f"HTTP {answer.status_code} {answer.text[:200]}".strip()


def _object(read: Callable[[], Any]) -> dict[str, Any]:
    try:
        document = read()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
