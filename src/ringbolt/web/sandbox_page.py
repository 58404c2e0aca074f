"""``/simulator`` of a sandbox: play money for an invoice, and the numbers that act by themselves.

It shows nothing of what others have bought.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ringbolt.api.faucet import Faucet
from ringbolt.api.kit.http import client_address
from ringbolt.core.errors import RingboltError
from ringbolt.simulator.sms.script import SCRIPTED as SCRIPTED_TEXTS
from ringbolt.simulator.voice.script import SCRIPTED as SCRIPTED_CALLS
from ringbolt.web.error_words import error_text
from ringbolt.web.forms import read_form
from ringbolt.web.play_payments import PlayPayments, invoice_of
from ringbolt.web.rendering import HEADERS, Renderer

_MOST_PAYMENTS: Final = 200
"""So many payments of the page may be under way, of all visitors."""
_MOST_INVOICE_CHARS: Final = 2000


class SandboxPage:
    """``url`` and ``token``: of the simulated world, which pays from the ``faucet``."""

    def __init__(self, renderer: Renderer, url: str, token: str, faucet: Faucet) -> None:
        self._renderer = renderer
        self._payments = PlayPayments(url.rstrip("/"), token, _MOST_PAYMENTS)
        self._faucet = faucet

    async def show(self, request: Request) -> Response:
        invoice = request.query_params.get("invoice", "")[:_MOST_INVOICE_CHARS]
        return self._page(request, 200, invoice, is_paid="paid" in request.query_params)

    async def pay(self, request: Request) -> Response:
        form = await read_form(request)
        client = client_address(request.scope)
        try:
            invoice = invoice_of(form.get("invoice"))
            self._faucet.check(client)
            self._faucet.take(client, invoice)
            self._payments.begin(invoice)
        except RingboltError as error:
            written = form.get("invoice")[:_MOST_INVOICE_CHARS]
            return self._page(request, error.status, written, error_text(error))
        return RedirectResponse("/simulator?paid", 303, HEADERS)

    def _page(
        self,
        request: Request,
        status: int,
        invoice: str,
        notice: str = "",
        *,
        is_paid: bool = False,
    ) -> Response:
        return self._renderer.page(
            "sandbox.html",
            status,
            invoice=invoice,
            notice=notice,
            is_paid=is_paid,
            left_sats=self._faucet.left_sats(client_address(request.scope)),
            calls=[(number, each.description) for number, each in SCRIPTED_CALLS.items()],
            texts=[(number, each.description) for number, each in SCRIPTED_TEXTS.items()],
        )
