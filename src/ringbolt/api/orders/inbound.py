"""Texts that came to the operator's own numbers, handed in by their phones and modems."""

from __future__ import annotations

from ringbolt.api.kit.request import Request
from ringbolt.api.orders import schema
from ringbolt.api.orders.documents import Done
from ringbolt.app.numbers.receive_own_text import receive_own_text
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound
from ringbolt.sms.carrier import InboundSms

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
        text = InboundSms(
            event_id=params.id,
            to=params.to,
            sender=params.from_,
            text=params.text,
            at_ms=shop.clock.now_ms() if params.at is None else params.at,
        )
        policy = shop.policies.receiving
        if not await shop.db.tx(receive_own_text, policy, request.key.id, text):
            raise NotFound(
                "to is not one of this shop's numbers.",
                code="UNKNOWN_NUMBER",
                field="to",
                suggestion="Add it to the pool of own numbers first.",
            )
        return Done()
