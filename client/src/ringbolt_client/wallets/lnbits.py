"""LNbits by its HTTP API (``/api/v1/payments``)."""

from __future__ import annotations

from typing import Final

import httpx

from ringbolt_client.answers import document_of
from ringbolt_client.errors import NotPaid, NotReached
from ringbolt_client.invoice import Invoice
from ringbolt_client.steps import Send, Sleep, Steps

_LOOK_S: Final = 1.0


class LNbitsWallet:
    """``admin_key`` is the wallet's key that may pay. LNbits keeps to its own fee limit."""

    def __init__(self, url: str, admin_key: str) -> None:
        self._url = f"{url.rstrip('/')}/api/v1/payments"
        self._headers = {"X-Api-Key": admin_key}

    def pay(self, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
        body = {"out": True, "bolt11": invoice.text}
        answer: httpx.Response = yield Send(
            "POST", self._url, self._headers, json=body, read_s=None
        )
        preimage = yield from self.find(invoice)
        if preimage is not None:
            return preimage
        said = document_of(answer).get("detail") or f"HTTP {answer.status_code}"
        if answer.status_code >= 500:
            # 520 is its own refusal ("Payment failed"); what a proxy says tells nothing.
            if answer.status_code != 520:
                raise NotReached(f"It is not known whether LNbits paid: {said}")
        elif answer.status_code < 300:
            raise NotReached("LNbits took the payment, and does not list it.")
        raise NotPaid(f"LNbits did not pay: {said}")

    def find(self, invoice: Invoice) -> Steps[str | None]:
        while True:
            url = f"{self._url}/{invoice.payment_hash}"
            answer: httpx.Response = yield Send("GET", url, self._headers)
            if answer.status_code == 404:
                return None
            document = document_of(answer)
            if answer.status_code != 200:
                raise NotReached(
                    f"LNbits cannot say whether it has paid: HTTP {answer.status_code}"
                )
            details = document.get("details") or {}
            if document.get("paid") is True:
                preimage = str(document.get("preimage") or details.get("preimage") or "")
                if not preimage.strip("0"):
                    raise NotReached("LNbits has paid, and does not show the preimage.")
                return preimage
            status = str(document.get("status") or details.get("status") or "")
            if status == "failed":
                raise NotPaid("LNbits could not pay: the payment failed.")
            yield Sleep(_LOOK_S)
