"""Tell a call's buyer what becomes of it: every status, and at its end what was pressed.

Both are written down in the transaction that makes them true, and sent as ``send_webhook`` does.
They are queues of their own: a receiver of digits waits for no receiver of statuses.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ringbolt.app.requests.digits import told_digits
from ringbolt.app.webhooks import notify
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.commands import CallOrder
from ringbolt.core.timestamps import iso
from ringbolt.store import calls, orders, webhooks
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

STATUS: Final = "status"
DIGITS: Final = "digits"
"""The topics."""
STATUS_FIELDS: Final = frozenset(
    {
        "callId", "to", "status", "sequence", "timestamp", "digits", "dtmf", "duration", "cause",
        "metaData",
    }
)  # fmt: skip
DIGITS_FIELDS: Final = frozenset({"callId", "to", "dtmf", "status", "metaData"})
"""What is told of each by GET: in a receiver's own query these names are not kept."""

_encode = msgspec.json.Encoder().encode


class _LastTold(msgspec.Struct, frozen=True):
    status: CallStatus


_decode = msgspec.json.Decoder(_LastTold).decode


def changed(tx: Tx, order_id: str, at_ms: int | None = None) -> None:
    """Tell the receivers of an order's call, if it has any, what it came to ``at_ms``, or now.

    Call it in every transaction that changes a call's status, behind the change: who has changed
    a call keeps others from it until the commit, so that nothing is told twice or out of order.
    """
    order = orders.by_id(tx, order_id)
    call = calls.call_of(tx, order_id)
    if order is None or call is None:
        return
    command = order.command_as(CallOrder)
    if command.status_url:
        _tell_status(tx, order, command, call, tx.now_ms if at_ms is None else at_ms)
    if command.digits_url and command.gathers and call.status.is_final:
        _tell_digits(tx, command, call)


def _tell_status(tx: Tx, order: Order, command: CallOrder, call: Call, at_ms: int) -> None:
    last = webhooks.last_told(tx, order.id, STATUS)
    if last is not None and last.body and _decode(last.body).status is call.status:
        return
    document: dict[str, Any] = {
        "callId": call.sid,
        "to": call.to_number,
        "status": call.status,
        "sequence": 1 if last is None else last.seq + 1,
        "timestamp": iso(at_ms),
        **_digits(command, call),
        "duration": -(-talked_ms(call, tx.now_ms) // 1000),
        "cause": call.cause,
        "metaData": _metadata(command),
    }
    if order.family == "l402":  # the names that its answers have
        document |= {"call_id": order.id, "sid": call.sid}
    body = _encode(document)
    notify.tell(tx, order.id, command.status_method, command.status_url, body, STATUS)


def _tell_digits(tx: Tx, command: CallOrder, call: Call) -> None:
    """Once, whatever is heard of the call after its end."""
    if webhooks.last_told(tx, call.order_id, DIGITS) is not None:
        return
    document = {
        "callId": call.sid,
        "to": call.to_number,
        "dtmf": told_digits(command, call.digits),
        "status": call.status,
        "metaData": _metadata(command),
    }
    notify.tell(tx, call.order_id, "GET", command.digits_url, _encode(document), DIGITS)


def _digits(command: CallOrder, call: Call) -> dict[str, str]:
    """The digits so far, by the name of the status document and by that of the GET."""
    # Keys that nobody asked for may be a secret, typed into the wrong call.
    asked_for = bool(command.gathers) or not command.steps
    digits = told_digits(command, call.digits) if asked_for else ""
    return {"digits": digits, "dtmf": digits}


def _metadata(command: CallOrder) -> msgspec.Raw | None:
    """The buyer's own JSON, as they wrote it."""
    return msgspec.Raw(command.metadata.encode()) if command.metadata else None
