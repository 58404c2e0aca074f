"""A call as its account is told of it. Amounts are satoshis; times are UTC, as in the envelope."""

from __future__ import annotations

from typing import Any

import msgspec

from ringbolt.api.voice.envelope import moment
from ringbolt.app.calls.charge_call import minutes_begun
from ringbolt.app.requests.digits import told_digits
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.commands import CallOrder
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.calls import Call
from ringbolt.store.orders import Order
from ringbolt.store.recordings import Recording


def call_document(
    order: Order, command: CallOrder, call: Call, recordings: list[Recording], now_ms: int
) -> dict[str, Any]:
    """The call and its money as they stand; ``command`` is what was ordered."""
    return {
        "callId": call.sid,
        "to": call.to_number,
        "status": call.status,
        "digits": told_digits(command, call.digits) if command.gathers else "",
        "dtmf": bool(command.gathers),
        "duration": -(-talked_ms(call, now_ms) // 1000),
        "cause": call.cause,
        "createdAt": moment(order.created_ms),
        "ringingAt": moment(call.ringing_ms),
        "answeredAt": moment(call.answered_ms),
        "endedAt": moment(call.ended_ms),
        "price": sats_up(order.price_msat),
        "cost": _cost(order, call),
        "notes": list(call.notes),
        "recordings": [
            {"id": each.id, "duration": -(-each.duration_ms // 1000)} for each in recordings
        ],
        "metaData": metadata_of(command.metadata),
    }


def metadata_of(text: str) -> Any:
    """The client's own object; None if it gave none."""
    return msgspec.json.decode(text) if text else None


def _cost(order: Order, call: Call) -> int:
    """What was taken: for an answered call that is over, else nothing (yet)."""
    if order.state is not OrderState.SETTLED:
        return 0
    return sats_up(order.price_msat // call.minutes * minutes_begun(call, call.minutes))
