"""Charge a call on a balance for its started minutes, which are known when it has ended."""

from __future__ import annotations

from ringbolt.app.payments.decide_outcome import charge
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.commands import CallOrder
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.store import calls, orders
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx

_MINUTE_MS = 60_000


def minutes_begun(call: Call, held: int) -> int:
    """The started minutes of the call: at least 1, at most ``held``."""
    if call.ended_ms is None:
        return 1
    return max(1, min(held, -(-talked_ms(call, call.ended_ms) // _MINUTE_MS)))


def charge_call(tx: Tx, order_id: str) -> bool:
    """Charge an answered call in the transaction that ends it; False if there is nothing to charge:
    not answered, not over, paid another way, or charged before."""
    order = orders.by_id(tx, order_id)
    call = calls.call_of(tx, order_id)
    if order is None or call is None or call.ended_ms is None:
        return False
    if order.method is not PaymentMethod.BALANCE or order.state is not OrderState.FULFILLED:
        return False
    held = order.command_as(CallOrder).minutes
    begun = minutes_begun(call, held)
    return charge(tx, order, order.price_msat // held * begun, f"{begun} minutes begun")
