"""Payments from the simulated wallet that a page begins."""

from __future__ import annotations

import asyncio
import json
from typing import Final

import structlog

from ringbolt.core.errors import InvalidInput
from ringbolt.upstream.exchange import Answer
from ringbolt.upstream.http import HttpClient
from ringbolt.upstream.world_client import bearer
from ringbolt.web.i18n import _

log = structlog.get_logger("ringbolt.web")

_PAY_WITHIN_S: Final = 60
_FEE_SATS: Final = "100"


class PlayPayments:
    """``url``: where the world is; ``token``: what it asks for. At most ``most`` are under way."""

    def __init__(self, url: str, token: str, most: int) -> None:
        self._url = f"{url}/simulator/wallet/v2/router/send"
        # A payment is answered when it ends, which may take as long as its order.
        self._client = HttpClient(bearer(token), timeout_s=_PAY_WITHIN_S + 3600)
        self._most = most
        self._paying: set[asyncio.Task[None]] = set()

    def begin(self, invoice: str) -> None:
        """Begin a payment. A held one goes on until its order is decided. Raises
        ``InvalidInput``."""
        if len(self._paying) >= self._most:
            raise InvalidInput(_("Too many payments are under way; wait for one of them."))
        task = asyncio.create_task(self._paid(invoice))
        self._paying.add(task)
        task.add_done_callback(self._paying.discard)

    async def _paid(self, invoice: str) -> None:
        body = {
            "payment_request": invoice,
            "timeout_seconds": _PAY_WITHIN_S,
            "fee_limit_sat": _FEE_SATS,
        }
        answer = await self._client.once("POST", self._url, json.dumps(body).encode())
        if not isinstance(answer, Answer):
            log.warning("the simulated wallet did not answer", reason=str(answer))


def invoice_of(written: str) -> str:
    """What was pasted into a form, as far as it may be an invoice. Raises ``InvalidInput``."""
    invoice = written.strip().lower().removeprefix("lightning:")
    if not invoice.startswith("ln"):
        raise InvalidInput(_("Paste a Lightning invoice: it begins with ln."))
    return invoice
