"""``/operator/orders``: found, followed, hung up, exported. Numbers are masked until they are asked
for, which is recorded."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.operator.overview import SHOWN_DIGITS, find_orders, list_orders, show_order
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.core.timestamps import iso_seconds
from ringbolt.store.overview import Wanted, orders_named
from ringbolt.web.forms import Form
from ringbolt.web.operator.frame import Frame, back_to, csv_answer, sentence
from ringbolt.web.operator.today import LIVE

log = structlog.get_logger("ringbolt.operator")

_LIST: Final = 100
_EXPORT: Final = 100_000
_COLUMNS: Final = ("id", "kind", "state", "to", "part", "method", "family", "price_msat", "reason")
_TIMES: Final = ("created_ms", "moved_ms", "finished_ms")


class Orders:
    """The pages of orders. Everything that shows a whole number or leaves the shop is recorded."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._db = frame.shop.db

    def routes(self) -> list[Route]:
        frame = self._frame
        return [
            frame.show("/orders", self.latest),
            frame.send("/orders", self.find),
            frame.show("/orders.csv", self.export),
            frame.show("/orders/{name}", self.show),
            frame.send("/orders/{name}/unmask", self.unmask),
            frame.send("/orders/{name}/hang-up", self.hang_up),
        ]

    async def latest(self, request: Request) -> Response:
        """By state and kind; see ``find`` for one."""
        wanted = _wanted(Form(dict(request.query_params)), _LIST)
        found = await self._db.read(lambda tx: list_orders(tx, wanted, unmasked=False))
        return self._list(request, found, wanted)

    async def find(self, request: Request, form: Form) -> Response:
        """By a number, an address, a payment hash or an id. It is sent as a form, so that numbers
        are in no address and no log."""
        keyring, text = self._frame.shop.keyring, form.get("find")
        try:
            found = await self._db.read(
                lambda tx: find_orders(tx, keyring, text, _LIST, unmasked=False)
            )
        except RingboltError as error:
            return self._list(request, [], Wanted(), error.status, problem=sentence(error))
        if len(found) == 1:
            return back_to(f"/orders/{found[0]['id']}")
        return self._list(request, found, Wanted(), found_by=text)

    async def export(self, request: Request) -> Response:
        """The same list, longer, as CSV. Times are ISO 8601."""
        wanted = _wanted(Form(dict(request.query_params)), _EXPORT)
        found = await self._db.read(lambda tx: list_orders(tx, wanted, unmasked=False))
        await self._frame.record("export", f"{len(found)} orders")
        return csv_answer("orders.csv", orders_csv(found))

    async def show(self, request: Request) -> Response:
        return await self._show(request, unmasked=False)

    async def unmask(self, request: Request, form: Form) -> Response:
        """The same page with numbers and reasons whole."""
        answer = await self._show(request, unmasked=True)
        await self._frame.record("unmask", f"order {request.path_params['name'][:SHOWN_DIGITS]}")
        return answer

    async def hang_up(self, request: Request, form: Form) -> Response:
        name = str(request.path_params["name"])
        lines = await self._db.read(orders_named, name)
        if len(lines) != 1:
            raise NotFound(f"There is no order {name[:SHOWN_DIGITS]}.")
        await hang_up_call(self._frame.shop, lines[0].id)
        await self._frame.record("hang up", f"order {lines[0].id[:SHOWN_DIGITS]}")
        log.warning("the operator hangs up a call", order=lines[0].id[:SHOWN_DIGITS])
        return back_to(f"/orders/{lines[0].id[:SHOWN_DIGITS]}")

    def _list(
        self,
        request: Request,
        found: list[dict[str, Any]],
        wanted: Wanted,
        status: int = 200,
        **more: str,
    ) -> Response:
        return self._frame.page(
            request,
            "operator_orders.html",
            status,
            orders=found,
            wanted=wanted,
            is_all=len(found) < _LIST,
            states=list(OrderState),
            kinds=list(OrderKind),
            **{"found_by": "", **more},
        )

    async def _show(self, request: Request, *, unmasked: bool) -> Response:
        name = str(request.path_params["name"])
        order = await self._db.read(lambda tx: show_order(tx, name, unmasked=unmasked))
        call = order["call"]
        is_live = call is not None and call["ended_ms"] is None and call["status"] in LIVE
        order["id"] = order["id"][:SHOWN_DIGITS]
        return self._frame.page(
            request, "operator_order.html", order=order, is_live=is_live, unmasked=unmasked
        )


def orders_csv(orders: list[dict[str, Any]]) -> str:
    """A table of order documents. A field that a spreadsheet would run as a formula gets a quote in
    front."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow((*_COLUMNS, *(name.removesuffix("_ms") for name in _TIMES)))
    for order in orders:
        times = (order[name] for name in _TIMES)
        table.writerow(
            [
                *(_harmless(order[name]) for name in _COLUMNS),
                *("" if ms is None else iso_seconds(ms // 1000) for ms in times),
            ]
        )
    return out.getvalue()


def _harmless(value: Any) -> Any:
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t")
    return f"'{value}" if is_formula else value


def _wanted(form: Form, limit: int) -> Wanted:
    state, kind = form.get("state"), form.get("kind")
    return Wanted(
        state=state if state in set(OrderState) else "",
        kind=kind if kind in set(OrderKind) else "",
        limit=limit,
    )
