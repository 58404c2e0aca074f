"""``/operator/audit``: do the books, the orders and the node agree?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.operator.acknowledge import acknowledge, find_difference
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.operator.audit_report import AuditReport
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.web.forms import Form
from ringbolt.web.operator.frame import BY, Frame, back_to, sentence


class Audit:
    """The audit, made when the page is asked for."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._shop = frame.shop

    def routes(self) -> list[Route]:
        return [
            self._frame.show("/audit", self.show),
            self._frame.send("/audit/{id}/acknowledge", self.acknowledge),
        ]

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def acknowledge(self, request: Request, form: Form) -> Response:
        """Close a difference with a reason; the amounts stay as they are."""
        try:
            report = await self._compare()
            difference = find_difference(report.found, str(request.path_params["id"]))
            await self._shop.db.tx(acknowledge, difference, form.get("reason"), BY)
        except RingboltError as error:
            return await self._page(request, error.status, sentence(error))
        await self._frame.record("acknowledge", f"difference {difference.id}")
        return back_to("/audit")

    async def _page(self, request: Request, status: int = 200, problem: str = "") -> Response:
        report, why = None, ""
        try:
            report = await self._compare()
        except Unavailable as error:
            why = error.message
        return self._frame.page(
            request, "operator_audit.html", status, report=report, why=why, problem=problem
        )

    async def _compare(self) -> AuditReport:
        shop = self._shop
        return await audit_shop(
            shop.db,
            shop.keyring,
            shop.node,
            shop.payer,
            shop.node_name,
            shared_node=shop.settings.shared_node,
        )
