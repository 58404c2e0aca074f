"""``/operator/money``: what came in, went back, was earned and cost, day by day."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.operator.money_report import DayOfMoney, money_by_day, report_money
from ringbolt.web.forms import Form
from ringbolt.web.operator.chart import chart_of
from ringbolt.web.operator.frame import Frame, csv_answer

_USUAL: Final = 14
_MOST: Final = 366
_CHOICES: Final = (7, 14, 31, 92)


class Money:
    """Sums and days, as a chart, as tables and as CSV."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._shop = frame.shop

    def routes(self) -> list[Route]:
        return [
            self._frame.show("/money", self.show),
            self._frame.show("/money.csv", self.export),
        ]

    async def show(self, request: Request) -> Response:
        shop = self._shop
        days = await self._days(request)
        money = await shop.db.read(report_money, shop.rates, shop.text_costs)
        return self._frame.page(
            request,
            "operator_money.html",
            money=[each.document() for each in money],
            days=[each.document() for each in reversed(days)],
            chart=chart_of(days),
            chosen=len(days),
            choices=_CHOICES,
        )

    async def export(self, request: Request) -> Response:
        """The days as CSV, in whole sats."""
        days = await self._days(request)
        await self._frame.record("export", f"{len(days)} days of money")
        return csv_answer("money.csv", _csv(days))

    async def _days(self, request: Request) -> list[DayOfMoney]:
        shop = self._shop
        count = Form(dict(request.query_params)).number("days", 1, _MOST, _USUAL)
        return await shop.db.read(money_by_day, shop.rates, shop.text_costs, count)


def _csv(days: list[DayOfMoney]) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("day", "in_msat", "returned_msat", "earned_msat", "cost_msat", "margin_msat"))
    for day in days:
        date = datetime.fromtimestamp(day.at_ms // 1000, UTC).date().isoformat()
        table.writerow((date, day.received, day.returned, day.earned, day.cost, day.margin))
    return out.getvalue()
