"""Notify a call's buyer: of every status, and at its end of the keys that were pressed.

Each notice is stored in the transaction that makes it true, and sent by ``send_webhook``. Statuses
and digits have separate queues: a slow receiver of one does not delay the other.
"""

from __future__ import annotations

from typing import Final

from ringbolt.app.requests.digits import answered_digits
from ringbolt.app.webhooks import notify
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.commands import CallOrder
from ringbolt.core.notices import CallNotice, DigitsNotice
from ringbolt.store import calls, orders
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx

STATUS: Final = "status"
DIGITS: Final = "digits"
"""The topics."""


def changed(tx: Tx, order_id: str, at_ms: int | None = None) -> None:
    """Notify the receivers of an order's call, if it has any, of its status at ``at_ms`` (or now).

    Call it in every transaction that changes a call's status, after the change: the changed row
    stays locked until the commit, so that no notice is sent twice or out of order.
    """
    order = orders.by_id(tx, order_id)
    call = calls.call_of(tx, order_id)
    if order is None or call is None:
        return
    command = order.command_as(CallOrder)
    if order.webhook_url:
        notify.changed(tx, order_id)
    if command.status_url:
        notice = CallNotice(
            order_id=order_id,
            sid=call.sid,
            to=call.to_number,
            status=call.status.value,
            at_ms=tx.now_ms if at_ms is None else at_ms,
            digits=_answered(command, call),
            talked_ms=talked_ms(call, tx.now_ms),
            cause=call.cause,
            metadata=command.metadata,
        )
        notify.enqueue(tx, order_id, command.status_method, command.status_url, notice, STATUS)
    if command.digits_url and command.gathers and call.status.is_final:
        _tell_digits(tx, command, call)


def _tell_digits(tx: Tx, command: CallOrder, call: Call) -> None:
    """Send the digits once, whatever the carrier reports after the end of the call."""
    notice = DigitsNotice(
        sid=call.sid,
        to=call.to_number,
        status=call.status.value,
        digits=answered_digits(command, call.digits),
        metadata=command.metadata,
    )
    notify.enqueue(tx, call.order_id, "GET", command.digits_url, notice, DIGITS)


def _answered(command: CallOrder, call: Call) -> str:
    """The digits so far; '' if the call asks for none: such keys may be a secret, typed into the
    wrong call."""
    asked_for = bool(command.gathers) or not command.steps
    return answered_digits(command, call.digits) if asked_for else ""
