"""LND by its REST interface, and the play-money wallet of a simulated shop, which speaks it too.

Source: LND's ``routerrpc`` (``/v2/router/send``, ``/v2/router/track``).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx

from ringbolt_client.answers import document_of
from ringbolt_client.errors import NotPaid, NotReached, Refused
from ringbolt_client.invoice import Invoice
from ringbolt_client.steps import Send, Steps

_PAY_S: Final = 60
_NO_SUCH_PAYMENT: Final = 5
"""NOT_FOUND of gRPC."""
_NO_WALLET: Final = frozenset({404, 405})
NO_WALLET: Final = "NO_SUCH_WALLET"
"""The code of errors about an address at which there is none."""
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
_GIVEN_BACK: Final = "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS"
GIVEN_BACK: Final = "PAYMENT_GIVEN_BACK"
"""The code of ``NotPaid`` when the seller let a payment go that was held."""


class LndWallet:
    """``macaroon`` is hex, or the path of a macaroon file that may send payments. The certificate
    is checked by the client's own ``verify``."""

    def __init__(self, url: str, macaroon: str | Path) -> None:
        self._url = url.rstrip("/")
        path = Path(macaroon)
        given = path.read_bytes().hex() if isinstance(macaroon, Path) else macaroon
        self._headers = {"Grpc-Metadata-macaroon": given}

    def pay(self, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
        body = {
            "payment_request": invoice.text,
            "timeout_seconds": _PAY_S,
            "fee_limit_sat": str(fee_limit_sats),
            "no_inflight_updates": True,
        }
        # No time limit: a hold invoice stays in flight until the seller decides.
        url = f"{self._url}/v2/router/send"
        answer: httpx.Response = yield Send("POST", url, self._headers, json=body, read_s=None)
        if answer.status_code in _NO_WALLET:
            raise NotPaid(f"There is no wallet at {self._url}.", code=NO_WALLET)
        ended = _last_update(answer)
        if answer.status_code == 200 and ended.get("status"):
            return _preimage_of(ended)
        preimage = yield from self.find(invoice)  # refused: perhaps because it is paid
        if preimage is None:
            raise NotPaid(f"The wallet refused to pay: {_words(answer)}")
        return preimage

    def find(self, invoice: Invoice) -> Steps[str | None]:
        name = base64.urlsafe_b64encode(bytes.fromhex(invoice.payment_hash)).decode()
        url = f"{self._url}/v2/router/track/{name}?no_inflight_updates=true"
        answer: httpx.Response = yield Send("GET", url, self._headers, read_s=None)
        ended = _last_update(answer)
        if ended.get("status"):
            return _preimage_of(ended)
        fault = _fault(answer)
        if fault.get("code") == _NO_SUCH_PAYMENT or "isn't initiated" in str(fault.get("message")):
            return None
        raise NotReached(f"The wallet cannot say whether it has paid: {_words(answer)}")

    def balance_sats(self) -> Steps[int]:
        """What the channels can spend. Raises ``Refused``."""
        document = yield from self._read(Send("GET", self._at("balance/channels"), self._headers))
        return int(document["balance"])

    def invoice(self, sats: int, memo: str) -> Steps[str]:
        """An invoice to be paid into this wallet. Raises ``Refused``."""
        body = {"value": str(sats), "memo": memo}
        asked = Send("POST", self._at("invoices"), self._headers, json=body)
        document = yield from self._read(asked)
        return str(document["payment_request"])

    def _at(self, path: str) -> str:
        return f"{self._url}/v1/{path}"

    def _read(self, asked: Send) -> Steps[dict[str, Any]]:
        answer: httpx.Response = yield asked
        if answer.status_code in _NO_WALLET:
            raise Refused(f"There is no wallet at {self._url}.", code=NO_WALLET)
        if answer.status_code != 200:
            raise Refused(f"The wallet refused: {_words(answer)}", status=answer.status_code)
        return document_of(answer)


class PlayWallet(LndWallet):
    """The wallet with play money of a shop whose node is simulated."""

    def __init__(self, shop_url: str) -> None:
        super().__init__(f"{shop_url.rstrip('/')}/simulator/wallet", "00")


def _last_update(answer: httpx.Response) -> dict[str, Any]:
    """The last update of a payment in a stream of JSON lines; empty if it has none."""
    lines = [line for line in answer.text.splitlines() if line.strip()]
    try:
        found = json.loads(lines[-1]).get("result") if lines else None
    except (ValueError, AttributeError):
        found = None
    return found if isinstance(found, dict) else {}


def _preimage_of(ended: dict[str, Any]) -> str:
    if ended["status"] == "SUCCEEDED":
        return str(ended["payment_preimage"])
    if ended["status"] == "FAILED":
        reason = str(ended.get("failure_reason", ""))
        words = FAILURES.get(reason, "no reason given")
        code = GIVEN_BACK if reason == _GIVEN_BACK else ""
        raise NotPaid(f"The payment failed: {words} ({reason}).", code=code)
    raise NotReached("The wallet's answer ended while the payment was in flight.")


def _fault(answer: httpx.Response) -> dict[str, Any]:
    """LND's ``{"code", "message"}``, which a stream has inside ``error``."""
    document = document_of(answer)
    inner = document.get("error")
    return inner if isinstance(inner, dict) else document


def _words(answer: httpx.Response) -> str:
    said = _fault(answer).get("message")
    return f"{said}." if said else f"HTTP {answer.status_code} {answer.text[:200]}".strip()
