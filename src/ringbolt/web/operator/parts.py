"""``/operator/parts``: carriers, providers and mail servers, and how calls end by destination."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.operator.destination_report import report_destinations
from ringbolt.app.operator.part_kinds import parts_of, served
from ringbolt.app.operator.part_report import KnownPart, report_parts
from ringbolt.web.operator.frame import Frame

_AREAS = ("calls", "sms", "numbers", "mail")


class PartPages:
    """What ``ringbolt carriers`` and ``ringbolt providers`` list."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._shop = frame.shop

    def routes(self) -> list[Route]:
        return [self._frame.show("/parts", self.show)]

    async def show(self, request: Request) -> Response:
        shop = self._shop
        settings = shop.settings
        known = [
            KnownPart(kind.area, part, settings.in_world(part), served(part) or kind.everywhere)
            for kind, part, _ in parts_of(settings)
        ]
        return self._frame.page(
            request,
            "operator_parts.html",
            parts=await shop.db.read(report_parts, known, _AREAS),
            destinations=await shop.db.read(report_destinations, shop.rates),
        )
