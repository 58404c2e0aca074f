"""LND by its REST interface, and the play-money wallet of a simulated shop, which speaks it too.

Source: LND's ``routerrpc`` (``/v2/router/send``, ``/v2/router/track``).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import httpx

from ringbolt_client.challenge import document_of
from ringbolt_client.errors import NotPaid, NotReached
from ringbolt_client.invoice import Invoice
from ringbolt_client.steps import Send, Steps

_PAY_S: Final = 60
_NO_SUCH_PAYMENT: Final = 5
"""NOT_FOUND of gRPC."""
_FAILURES: Final = {
    "FAILURE_REASON_TIMEOUT": "no way to the seller was found in time",
    "FAILURE_REASON_NO_ROUTE": "no route to the seller within the fee limit",
    "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS": "the seller gave the payment back",
    "FAILURE_REASON_INSUFFICIENT_BALANCE": "the wallet cannot spend that much",
}


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
        raise NotPaid(f"The payment failed: {_FAILURES.get(reason, reason or 'no reason given')}.")
    raise NotReached("The wallet's answer ended while the payment was in flight.")


def _fault(answer: httpx.Response) -> dict[str, Any]:
    """LND's ``{"code", "message"}``, which a stream has inside ``error``."""
    document = document_of(answer)
    inner = document.get("error")
    return inner if isinstance(inner, dict) else document


def _words(answer: httpx.Response) -> str:
    said = _fault(answer).get("message")
    return f"{said}." if said else f"HTTP {answer.status_code} {answer.text[:200]}".strip()
