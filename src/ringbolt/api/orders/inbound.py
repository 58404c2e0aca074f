"""Texts that came to the operator's own numbers, handed in by their phones and modems."""

from __future__ import annotations

from ringbolt.api.kit.request import Request
from ringbolt.api.orders import schema
from ringbolt.api.orders.documents import Done
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound
from ringbolt.numbers.provider import InboundText
from ringbolt.store import pool, receiving_orders
from ringbolt.store.engine.db import Tx

SCOPE = "inbound"


class InboundTexts:
    """``POST /v1/inbound/texts``."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def hand_in(self, request: Request[schema.InboundText]) -> Done:
        """Hand in a text that came to one of the operator's own numbers.

        A text with the same id counts once, however often it is sent. The key needs the scope
        `inbound`.
        """
        shop, params = self._shop, request.params
        text = InboundText(
            event_id=f"{request.key.id}:{params.id}",
            number=params.to,
            lease_id="",
            sender=" ".join(params.from_.split()),
            text=params.text,
            code="",
            at_ms=shop.clock.now_ms() if params.at is None else params.at,
        )
        source = "own" if shop.own_numbers is None else shop.own_numbers.name
        await shop.db.tx(_receive, shop.policies.receiving, source, text)
        return Done()


def _receive(tx: Tx, policy: ReceivingPolicy, source: str, text: InboundText) -> None:
    lease = receiving_orders.open_lease_of_number(tx, text.number)
    is_leased_here = lease is not None and lease.provider == source
    is_ours = any(own.number == text.number for own in pool.listing(tx))
    if not (is_leased_here or is_ours or text.number in policy.senders):
        raise NotFound(
            "to is not one of this shop's numbers.",
            code="UNKNOWN_NUMBER",
            field="to",
            suggestion="Add it to the pool of own numbers first.",
        )
    receive_texts(tx, policy, source, [text])
