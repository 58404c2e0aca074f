"""Texts that came to the operator's own numbers, as their phones and modems tell of them."""

from __future__ import annotations

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.api.orders.purchase import key_of
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound
from ringbolt.core.phone import EXAMPLE, is_e164
from ringbolt.numbers.provider import InboundText
from ringbolt.store import pool, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey

SCOPE = "inbound"
MAX_TEXT_CHARS = 8000
MAX_ID_CHARS = 128
_LATEST_MS = 10**14


class InboundTexts:
    """``POST /v1/inbound/texts``."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def take(self, asked: Asked) -> Reply:
        """Tell of a text that came to a number of the operator's own.

        The same id is taken once, however often it is told. The key needs the scope `inbound`.
        """
        key = await key_of(self._shop, asked, SCOPE)
        text = self._read(asked, key)
        own = self._shop.own_numbers
        source = "own" if own is None else own.name
        await self._shop.db.tx(_take, self._shop.policies.receiving, source, text)
        return ok({"status": "OK"})

    def _read(self, asked: Asked, key: ApiKey) -> InboundText:
        said = asked.fields
        event_id = fields.line(said, "id", MAX_ID_CHARS)
        if not event_id:
            raise fields.missing("id", "The same for the same text, so that it counts once.")
        number = fields.line(said, "to", 32)
        if not is_e164(number):
            error = fields.missing("to", f"The number that got the text, for example {EXAMPLE}.")
            error.message = f"to is not a number in E.164 format: {number!r}."
            raise error
        text = fields.foreign_text(said, "text", MAX_TEXT_CHARS)
        if not text:
            raise fields.missing("text", "What the text says.")
        at_ms = fields.whole_number(said, "at", 0, _LATEST_MS)
        return InboundText(
            event_id=f"{key.id}:{event_id}",
            number=number,
            lease_id="",
            sender=" ".join(fields.foreign_text(said, "from", 64).split()),
            text=text,
            code="",
            at_ms=self._shop.clock.now_ms() if at_ms is None else at_ms,
        )


def _take(tx: Tx, policy: ReceivingPolicy, source: str, text: InboundText) -> None:
    lease = receiving_orders.open_lease_of_number(tx, text.number)
    is_lent_by_us = lease is not None and lease.provider == source
    is_ours = any(own.number == text.number for own in pool.listing(tx))
    if not (is_lent_by_us or is_ours or text.number in policy.senders):
        raise NotFound(
            "to is no number of this shop's.",
            code="UNKNOWN_NUMBER",
            field="to",
            suggestion="Add it to the pool of own numbers first.",
        )
    receive_texts(tx, policy, source, [text])
