"""The operator's own numbers, as their phones and modems tell of them: texts that came, and signs
of life."""

from __future__ import annotations

from ringbolt.api.kit.request import Request
from ringbolt.api.orders.documents import Done
from ringbolt.api.orders.inbound_schema import Heartbeat, InboundText
from ringbolt.app.numbers.receive_own_text import receive_own_text
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound
from ringbolt.sms.carrier import InboundSms
from ringbolt.store import pool
from ringbolt.store.engine.db import Tx

SCOPE = "inbound"


class InboundTexts:
    """``POST /v1/inbound/texts`` and ``POST /v1/inbound/heartbeats``."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def hand_in(self, request: Request[InboundText]) -> Done:
        """Hand in a text that came to one of the operator's own numbers.

        A text with the same id counts once, however often it is sent. The key needs the scope
        `inbound`.
        """
        shop, params = self._shop, request.params
        text = InboundSms(
            event_id=params.id,
            to=params.to,
            sender=params.from_,
            text=params.text,
            at_ms=shop.clock.now_ms() if params.at is None else params.at,
        )
        policy = shop.policies.receiving
        if not await shop.db.tx(receive_own_text, policy, request.key.id, text):
            raise _not_ours()
        return Done()

    async def is_alive(self, request: Request[Heartbeat]) -> Done:
        """Say that the telephone of one of the operator's own numbers is alive.

        From the first time on the number is leased only while this is said at least every five
        minutes. The key needs the scope `inbound`.
        """
        key, number = request.key, request.params.number
        if not await self._shop.db.tx(_heard, number, key.label or key.id):
            raise _not_ours("number")
        return Done()


def _heard(tx: Tx, number: str, by: str) -> bool:
    """False if the number is not in the pool."""
    if not pool.has(tx, number):
        return False
    pool.heard(tx, [number], by)
    return True


def _not_ours(field: str = "to") -> NotFound:
    return NotFound(
        f"{field} is not one of this shop's numbers.",
        code="UNKNOWN_NUMBER",
        field=field,
        suggestion="Add it to the pool of own numbers first.",
    )
