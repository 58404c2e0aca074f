"""Whether a call that is to be recorded can be."""

from __future__ import annotations

from ringbolt.app.requests.call_order import CallOrder, RecordStep
from ringbolt.app.shop import Shop
from ringbolt.core.errors import InvalidInput
from ringbolt.voice.carrier import SupportsRecording

RECORDING_OFF = "RECORDING_OFF"


def can_record(shop: Shop) -> bool:
    """The operator allows it and the carrier is able to."""
    return shop.settings.voice.recordings and isinstance(shop.carrier, SupportsRecording)


def check_recordings(shop: Shop, command: CallOrder) -> None:
    """Raises ``InvalidInput`` if the call is to be recorded, and cannot be."""
    if can_record(shop) or not any(isinstance(step, RecordStep) for step in command.steps):
        return
    raise InvalidInput(
        "Calls are not recorded here."
        if not shop.settings.voice.recordings
        else "The carrier of this shop cannot record calls.",
        code=RECORDING_OFF,
        field="plan",
        suggestion="Leave record out, or ask the operator to turn recordings on. "
        "Nothing was charged.",
    )
