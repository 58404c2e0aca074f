"""phoenixd by its HTTP API (``/payinvoice``, ``/payments/outgoingbyhash``)."""

from __future__ import annotations

import base64

import httpx

from ringbolt_client.answers import document_of
from ringbolt_client.errors import NotPaid, NotReached
from ringbolt_client.invoice import Invoice
from ringbolt_client.steps import Send, Steps


class PhoenixdWallet:
    """``password`` is ``http-password`` of phoenix.conf; its fee is fixed by its channel."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url.rstrip("/")
        pair = base64.b64encode(f":{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"}

    def pay(self, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
        url = f"{self._url}/payinvoice"
        data = {"invoice": invoice.text}
        answer: httpx.Response = yield Send("POST", url, self._headers, data=data, read_s=None)
        document = document_of(answer)
        if answer.status_code == 200 and document.get("paymentPreimage"):
            return str(document["paymentPreimage"])
        said = document.get("reason")
        if answer.status_code == 200 and said:  # the payment is over
            raise NotPaid(f"phoenixd did not pay: {said}")
        preimage = yield from self.find(invoice)
        if preimage is not None:
            return preimage
        if answer.status_code >= 500:
            raise NotReached(f"It is not known whether phoenixd paid: HTTP {answer.status_code}")
        raise NotPaid(f"phoenixd did not pay: {answer.text[:200] or answer.status_code}")

    def find(self, invoice: Invoice) -> Steps[str | None]:
        url = f"{self._url}/payments/outgoingbyhash/{invoice.payment_hash}"
        answer: httpx.Response = yield Send("GET", url, self._headers)
        document = document_of(answer)
        if answer.status_code == 404 or (answer.status_code == 200 and not document):
            return None
        if answer.status_code != 200:
            raise NotReached(f"phoenixd cannot say whether it has paid: HTTP {answer.status_code}")
        if document.get("isPaid") and document.get("preimage"):
            return str(document["preimage"])
        if document.get("completedAt"):
            raise NotPaid("phoenixd could not pay: the payment failed.")
        raise NotReached("phoenixd has begun this payment, and it is not over.")
