"""``/operator/prices`` and ``/operator/sales``: changed here, previewed first, with a history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Final, ParamSpec

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.operator import change_terms
from ringbolt.app.operator.change_terms import MOST_CARD_CHARS, CardLine
from ringbolt.app.sales_terms import PRICES, RATES, SALES
from ringbolt.core.closed_sales import SERVICES, ClosedSales
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.store.engine.db import Tx
from ringbolt.web.forms import Form
from ringbolt.web.operator.frame import BY, Frame, back_to, sentence

P = ParamSpec("P")
_CARDS: Final = {PRICES: "Prices of orders", RATES: "Rates of calls"}
_MOST_BYTES: Final = 4 * MOST_CARD_CHARS
_HOUR_MS: Final = 3_600_000
_HOURS: Final = {"0": "until I open it", "1": "1 hour", "4": "4 hours", "12": "12 hours",
                 "24": "a day", "168": "a week"}  # fmt: skip
_AS_STORED: Final[Mapping[str, Any]] = {}
_SHOWN: Final = 100
"""How many lines of a preview."""


class Terms:
    """Forms that change what ``SalesTerms`` holds; each answer shows what is in force."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._db = frame.shop.db
        self._terms = frame.shop.terms

    def routes(self) -> list[Route]:
        frame = self._frame
        return [
            frame.show("/prices", self.show_cards),
            frame.send("/prices/{card}", self.change_card, _MOST_BYTES),
            frame.show("/sales", self.show_sales),
            frame.send("/sales", self.change_sales),
            frame.show("/changes", self.changes),
            frame.send("/changes/{change}/restore", self.restore),
        ]

    async def show_cards(self, request: Request) -> Response:
        return await self._cards(request)

    async def change_card(self, request: Request, form: Form) -> Response:
        """Preview a table, put it in force, or return to that of the settings."""
        card = str(request.path_params["card"])
        if card not in _CARDS:
            raise NotFound("There is no such list of prices.")
        table = "" if form.has("reset") else form.raw("table")
        try:
            lines = self._compare(card, table)
            if form.has("apply") or form.has("reset"):
                await self._change_card(card, table, form.get("reason"))
                return back_to("/prices")
        except RingboltError as error:
            return await self._cards(
                request, error.status, card=card, table=table, problem=sentence(error)
            )
        return await self._cards(request, card=card, table=table, preview=lines)

    async def show_sales(self, request: Request) -> Response:
        return await self._sales(request)

    async def change_sales(self, request: Request, form: Form) -> Response:
        hours = int(form.get("hours")) if form.get("hours") in _HOURS else 0
        now_ms = self._frame.shop.clock.now_ms()
        closed = ClosedSales(
            services=tuple(name for name in SERVICES if not form.has(f"sell_{name}")),
            countries=tuple(form.get("countries").replace(",", " ").split()),
            is_closed=form.has("close") or (form.has("stay") and not form.has("open")),
            until_ms=self._until_ms(form, now_ms, hours),
            reason=form.get("reason"),
        )
        try:
            await self._changed(change_terms.change_sales, closed, closed.reason, BY)
        except RingboltError as error:
            typed = {
                "services": list(closed.services),
                "countries": list(closed.countries),
                "reason": closed.reason,
            }
            return await self._sales(request, error.status, typed, problem=sentence(error))
        return back_to("/sales")

    async def changes(self, request: Request) -> Response:
        found = await self._db.read(change_terms.list_changes)
        return self._frame.page(request, "operator_changes.html", changes=found)

    async def restore(self, request: Request, form: Form) -> Response:
        change = str(request.path_params["change"])
        if not (change.isascii() and change.isdigit() and len(change) < 16):
            raise NotFound("There is no such change.")
        await self._changed(change_terms.restore, int(change), f"change {change} again", BY)
        return back_to("/changes")

    def _until_ms(self, form: Form, now_ms: int, hours: int) -> int | None:
        if form.has("close"):
            return now_ms + hours * _HOUR_MS if hours else None
        return self._terms.closed.until_ms if form.has("stay") else None

    def _compare(self, card: str, table: str) -> list[CardLine]:
        if card == PRICES:
            return change_terms.compare_prices(self._terms, table)
        return change_terms.compare_rates(self._terms, table)

    async def _change_card(self, card: str, table: str, reason: str) -> None:
        if card == PRICES:
            await self._changed(change_terms.change_prices, self._terms, table, reason, BY)
        else:
            await self._changed(change_terms.change_rates, table, reason, BY)

    async def _changed(
        self, change: Callable[Concatenate[Tx, P], None], *args: P.args, **named: P.kwargs
    ) -> None:
        await self._db.tx(change, *args, **named)
        await self._terms.refresh(self._db)

    async def _cards(
        self, request: Request, status: int = 200, card: str = "", table: str = "", **more: Any
    ) -> Response:
        terms = await self._document()
        tables = {name: terms[name] for name in _CARDS} | ({card: table} if table else {})
        return self._frame.page(
            request,
            "operator_prices.html",
            status,
            cards=_CARDS,
            tables=tables,
            changed=terms["changed"],
            previewed=card,
            shown=_SHOWN,
            **{"preview": None, **more},
        )

    async def _sales(
        self,
        request: Request,
        status: int = 200,
        typed: Mapping[str, Any] = _AS_STORED,
        **more: Any,
    ) -> Response:
        terms = await self._document()
        return self._frame.page(
            request,
            "operator_sales.html",
            status,
            sales={**terms["sales"], **typed},
            changed=terms["changed"].get(SALES),
            services=SERVICES,
            hours=_HOURS,
            **more,
        )

    async def _document(self) -> dict[str, Any]:
        await self._terms.refresh(self._db)
        return await self._db.read(change_terms.terms_document, self._terms)
