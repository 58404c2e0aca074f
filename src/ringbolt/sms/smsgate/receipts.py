"""What the app says about a text, as receipts: its states, and its webhooks.

The app has one id for a text, however many parts it has, and it is our reference. "Delivered" is
told for each part, and with an error if the network could not confirm it.
"""

from __future__ import annotations

from ringbolt.sms.carrier import DeliveryReceipt, ReceiptState
from ringbolt.sms.smsgate.wire import MessageState, ms_of

_TOLD = {
    "Sent": ReceiptState.SENT,
    "Delivered": ReceiptState.DELIVERED,
    "Failed": ReceiptState.FAILED,
    "Cancelled": ReceiptState.FAILED,
}
"""Pending, Processed and Cancelling decide nothing: the app may stay in any of them for ever."""


def receipt(ref: str, state: str, reason: str, at_ms: int) -> DeliveryReceipt | None:
    """The receipt for a state of the app's; None if the state decides nothing.

    ``reason``: why it failed. A delivery with a reason is none: the network could not confirm it.
    """
    told = _TOLD.get(state)
    if told is None:
        return None
    raw = f"{state}: {reason}" if reason else state
    if told is ReceiptState.DELIVERED and reason:
        told = ReceiptState.SENT
    return DeliveryReceipt(f"{ref}:{told}", ref, ref, 0, told, raw, at_ms, is_whole=True)


def receipts_of(found: MessageState, ref: str, now_ms: int) -> tuple[DeliveryReceipt, ...]:
    """Everything that the app knows of a text, in the order of time.

    Of an app that once told "Delivered" and now "Failed" only the latter counts.
    """
    states = {found.state: "", **found.states}
    if found.state in ("Failed", "Cancelled"):
        states.pop("Delivered", None)
    made = (
        receipt(ref, state, found.error if state == found.state else "", ms_of(at, now_ms))
        for state, at in states.items()
    )
    return tuple(sorted((each for each in made if each is not None), key=lambda each: each.at_ms))
