"""Refuse to record a call where that is not possible."""

from __future__ import annotations

from ringbolt.app.checkout.routes import call_route
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import Record
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput, Role

RECORDING_OFF = "RECORDING_OFF"


def check_recordings(shop: Shop, command: CallOrder) -> None:
    """Raises ``InvalidInput`` if the call is to be recorded, and the operator does not allow it or
    no carrier that calls the number is able to."""
    is_allowed = shop.policies.calls.has_recordings
    if not any(isinstance(step, Record) for step in command.steps):
        return
    if is_allowed and call_route(shop, command):
        return
    raise InvalidInput(
        "The carrier of this shop cannot record calls."
        if is_allowed
        else "Calls are not recorded here.",
        code=RECORDING_OFF,
        role=Role.PLAN,
        suggestion="Leave record out, or ask the operator to turn recordings on. "
        "Nothing was charged.",
    )
