"""``/simulator``: a telephone, a wallet with play money, and a sender of texts, in the browser.

Only for shops with a simulated node. Everything is asked of the world over HTTP, wherever it runs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ringbolt.api.kit.phone_input import international
from ringbolt.core.errors import InvalidInput, RingboltError, Unavailable
from ringbolt.core.phone import EXAMPLE
from ringbolt.upstream.exchange import Answer
from ringbolt.upstream.world_client import world_client
from ringbolt.web.error_words import error_text
from ringbolt.web.forms import Form, read_form
from ringbolt.web.i18n import _
from ringbolt.web.play_payments import PlayPayments, invoice_of
from ringbolt.web.rendering import HEADERS, Renderer

_MOST_PAYMENTS: Final = 20
"""So many payments of the page may be under way."""
_SHOWN: Final = 8
_PHONE_ACTS: Final = ("answer", "decline", "hangup", "keys")
ACTS: Final = "/simulator/do"
"""Where the buttons send to: an address that no route of the world has."""
ACTIONS: Final = (*_PHONE_ACTS, "pay", "text", "clock")
_MOST_ADDRESS_CHARS: Final = 320
_MOST_INVOICE_CHARS: Final = 2000
KEYPAD: Final = (
    ("1", ""), ("2", "ABC"), ("3", "DEF"), ("4", "GHI"), ("5", "JKL"), ("6", "MNO"),
    ("7", "PQRS"), ("8", "TUV"), ("9", "WXYZ"), ("*", ""), ("0", "+"), ("#", ""),
)  # fmt: skip


class SimulatorPage:
    """``url``: where the world is; ``token``: what it asks for."""

    def __init__(self, renderer: Renderer, url: str, token: str) -> None:
        self._renderer = renderer
        self._url = url.rstrip("/")
        self._client = world_client(token)
        self._payments = PlayPayments(self._url, token, _MOST_PAYMENTS)

    async def show(self, request: Request) -> Response:
        return await self._page("simulator.html", request.query_params)

    async def parts(self, request: Request) -> Response:
        """The parts that change by themselves."""
        return await self._page("simulator_parts.html", request.query_params)

    def act_as(self, action: str) -> Callable[[Request], Awaitable[Response]]:
        """The button of that name: it does something with the telephone, the wallet, a text or the
        clock, and shows the page again."""

        async def act(request: Request) -> Response:
            form = await read_form(request)
            return await self._act(action, form, _number(form.values))

        return act

    async def _act(self, action: str, form: Form, number: str) -> Response:
        try:
            if action in _PHONE_ACTS:
                await self._use_phone(number, action, form)
            elif action == "pay":
                self._payments.begin(invoice_of(form.get("invoice")))
            elif action == "text":
                await self._send_text(form)
            else:
                seconds = form.number("seconds", 1, 86_400, 120)
                await self._post("/simulator/clock/advance", {"seconds": seconds})
        except RingboltError as error:
            values = {**form.values, "number": number}
            return await self._page("simulator.html", values, error_text(error), error.status)
        return RedirectResponse(f"/simulator?number={quote(number)}", 303, HEADERS)

    async def _page(
        self, template: str, query: Mapping[str, str], notice: str = "", status: int = 200
    ) -> Response:
        number, mailbox = _number(query), query.get("mailbox", "").strip()[:_MOST_ADDRESS_CHARS]
        phone, balance, payments, mails = await asyncio.gather(
            self._get(f"/simulator/phones/{quote(number)}"),
            self._get("/simulator/wallet/v1/balance/channels"),
            self._get("/simulator/wallet/v1/payments?reversed=true&include_incomplete=true"),
            self._mails(mailbox),
        )
        return self._renderer.page(
            template,
            status,
            number=number,
            notice=notice,
            calls=list(reversed(phone["calls"]))[:_SHOWN],
            texts=list(reversed(phone["messages"]))[:_SHOWN],
            balance=int(balance.get("local_balance", {}).get("sat", balance.get("balance", 0))),
            payments=payments.get("payments", [])[:_SHOWN],
            keypad=KEYPAD,
            invoice=query.get("invoice", "")[:_MOST_INVOICE_CHARS],
            mailbox=mailbox,
            mails=mails,
        )

    async def _mails(self, address: str) -> list[dict[str, Any]]:
        """The latest e-mails to an address, the last one first."""
        if not address:
            return []
        found = await self._get(f"/simulator/mailbox/{quote(address, safe='')}")
        return list(reversed(found["messages"]))[:_SHOWN]

    async def _use_phone(self, number: str, action: str, form: Form) -> None:
        body = {"digits": form.get("digits")} if action == "keys" else {}
        await self._post(f"/simulator/phones/{quote(number)}/{action}", body)

    async def _send_text(self, form: Form) -> None:
        to = international(form.get("to"))
        text = form.raw("text")
        if to is None or not text.strip():
            raise InvalidInput(_("A text needs a number with its country code, and words."))
        body = {"to": to, "from": form.get("sender") or "Simulator", "text": text}
        await self._post("/simulator/sms", body)

    async def _get(self, path: str) -> dict[str, Any]:
        """Raises ``Unavailable``."""
        return _document(await self._client.ask("GET", f"{self._url}{path}"))

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ``InvalidInput`` and ``Unavailable``."""
        exchange = await self._client.once("POST", f"{self._url}{path}", json.dumps(body).encode())
        return _document(exchange)


def _document(exchange: object) -> dict[str, Any]:
    if not isinstance(exchange, Answer):
        raise Unavailable("The simulated world does not answer.")
    try:
        document = json.loads(exchange.body)
    except ValueError:
        raise Unavailable("The simulated world does not answer.") from None
    if exchange.status >= 400:
        raise InvalidInput(str(document.get("message", "That was not possible.")))
    assert isinstance(document, dict), "the world answers objects"
    return document


def _number(values: Mapping[str, str]) -> str:
    """The telephone that is shown."""
    return international(str(values.get("number", ""))[:64]) or EXAMPLE
