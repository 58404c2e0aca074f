"""``/operator``: what happens now, and what needs a person."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.operator.gone_parts import gone_parts, known_parts
from ringbolt.app.operator.money_report import money_by_day, report_money
from ringbolt.app.operator.overview import list_calls, list_orders
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.core.humanise import counted
from ringbolt.store import figures, part_states
from ringbolt.store.engine.db import Tx
from ringbolt.store.overview import Wanted
from ringbolt.store.webhook_log import count_in_state
from ringbolt.store.webhooks import WebhookState
from ringbolt.web.operator.chart import chart_of
from ringbolt.web.operator.frame import Frame

LIVE: Final = frozenset({CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS})
_SHOWN: Final = 20
_CALLS: Final = 200
CHART_DAYS: Final = 14


class Today:
    """The first page of the console."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._shop = frame.shop

    def routes(self) -> list[Route]:
        return [self._frame.show("", self.show)]

    async def show(self, request: Request) -> Response:
        shop = self._shop
        terms = (shop.rates, shop.text_costs)
        money = await shop.db.read(report_money, *terms)
        days = await shop.db.read(money_by_day, *terms, CHART_DAYS)
        orders, calls = await shop.db.read(_latest)
        return self._frame.page(
            request,
            "operator.html",
            needs=await shop.db.read(self._needs),
            money=[each.document() for each in money],
            chart=chart_of(days),
            orders=orders,
            calls=[each for each in calls if each["status"] in LIVE],
            node=await self._node(),
            closed=shop.terms.closed.is_all_closed(shop.clock.now_ms()),
            now_ms=shop.clock.now_ms(),
        )

    async def _node(self) -> dict[str, Any]:
        """The node's state in words."""
        try:
            info = await self._shop.node.info()
        except Unavailable as error:
            return {"name": self._shop.node_name, "why": error.message}
        return {
            "name": self._shop.node_name,
            "why": "" if info.synced else "It is not in step with the chain.",
            "network": info.network,
            "height": info.block_height,
            "alias": info.alias,
        }

    def _needs(self, tx: Tx) -> list[tuple[str, str]]:
        """What only a person can put right: a sentence, and the page about it."""
        found: list[tuple[str, str]] = []
        for place, state in part_states.listing(tx).items():
            if state.left_alone_until_ms > tx.now_ms:
                why = f"{place[1]} ({place[0]}) keeps failing and is left alone: {state.reason}"
                found.append((why, "/parts"))
        for part in gone_parts(tx, known_parts(self._shop)):
            orders = counted(part.count, "order")
            found.append((f"{orders} wait for {part.name}, which is not configured.", "/parts"))
        now = figures.snapshot(tx)
        dead = sum(count for (_, state), count in now.jobs.items() if state == "dead")
        if dead:
            found.append((f"{counted(dead, 'job')} given up after a fault.", "/jobs"))
        if now.dead_letters:
            found.append((f"{counted(now.dead_letters, 'event')} could not be applied.", "/jobs"))
        given_up = count_in_state(tx, WebhookState.GIVEN_UP)
        if given_up:
            found.append((f"{counted(given_up, 'webhook')} given up.", "/webhooks"))
        return found


def _latest(tx: Tx) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    calls = list_calls(tx, Wanted(limit=_CALLS), unmasked=False)
    return list_orders(tx, Wanted(limit=_SHOWN), unmasked=False), calls
