"""A call as its account sees it. Amounts are satoshis; times are UTC, as in the envelope."""

from __future__ import annotations

from typing import Any

import msgspec

from ringbolt.api.voice.documents import CallDocument, Recorded
from ringbolt.app.calls.charge_call import minutes_begun
from ringbolt.app.requests.digits import answered_digits
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.commands import CallOrder
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.timestamps import iso
from ringbolt.store.calls import Call
from ringbolt.store.orders import Order
from ringbolt.store.recordings import Recording


def call_document(
    order: Order, command: CallOrder, call: Call, kept: list[Recording], now_ms: int
) -> CallDocument:
    """The call and its money as they are now; ``command`` is what was ordered, ``kept`` what was
    recorded."""
    return CallDocument(
        call_id=call.sid,
        to=call.to_number,
        status=call.status,
        digits=answered_digits(command, call.digits) if command.gathers else "",
        dtmf=bool(command.gathers),
        duration=-(-talked_ms(call, now_ms) // 1000),
        cause=call.cause,
        created_at=iso(order.created_ms, zone=""),
        ringing_at=iso(call.ringing_ms, zone=""),
        answered_at=iso(call.answered_ms, zone=""),
        ended_at=iso(call.ended_ms, zone=""),
        price=sats_up(order.price_msat),
        cost=_cost(order, call),
        notes=list(call.notes),
        recordings=[Recorded(id=each.id, duration=-(-each.duration_ms // 1000)) for each in kept],
        meta_data=metadata_of(command.metadata),
    )


def metadata_of(text: str) -> Any:
    """The client's own object; None if it gave none."""
    return msgspec.json.decode(text) if text else None


def _cost(order: Order, call: Call) -> int:
    """Satoshis charged: for an answered call that has ended; until then, and otherwise, 0."""
    if order.state is not OrderState.SETTLED:
        return 0
    return sats_up(order.price_msat // call.minutes * minutes_begun(call, call.minutes))
