"""A message as Twilio's API shows it, and what it means for a text of ours.

https://www.twilio.com/docs/messaging/api/message-resource, and its error codes:
https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final

from ringbolt.core.outcome import Rejected
from ringbolt.core.pricing.amount import Amount
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptState

STATES: Final = MappingProxyType(
    {
        "accepted": ReceiptState.ENROUTE,
        "scheduled": ReceiptState.ENROUTE,
        "queued": ReceiptState.ENROUTE,
        "sending": ReceiptState.ENROUTE,
        "sent": ReceiptState.SENT,
        "delivered": ReceiptState.DELIVERED,
        "read": ReceiptState.DELIVERED,
        "undelivered": ReceiptState.FAILED,
        "failed": ReceiptState.FAILED,
        "canceled": ReceiptState.FAILED,
    }
)
"""What a status means; one that is not known decides nothing."""

_UNSUBSCRIBED: Final = 21610
BY_DESTINATION: Final = MappingProxyType(
    {
        21211: "there is no such number",
        _UNSUBSCRIBED: "the recipient unsubscribed",
        21614: "it is not the number of a mobile phone",
        21635: "it is the number of a landline",
    }
)
"""Errors that say of the number itself that it gets no text, whoever sends it."""
OF_THE_ACCOUNT: Final = frozenset({20003, 20005, 20429, 21611, 30001, 30002, 63038})
"""Errors of credentials, suspension, rates and quotas: they say nothing about the text."""
REASONS: Final = MappingProxyType(
    {
        "30001": "the queue is full",
        "30002": "the account is suspended",
        "30003": "the phone cannot be reached",
        "30004": "the recipient blocks such texts",
        "30005": "there is no such phone",
        "30006": "it is a landline, or its carrier cannot be reached",
        "30007": "the carrier filtered it",
        "30008": "unknown error",
        "30034": "the sender is not registered for this country",
        "30036": "it was not delivered in time",
    }
)


def refusal(rejected: Rejected, code: int | None) -> Rejected:
    """``rejected`` as the error ``code`` of the API makes it."""
    if code in OF_THE_ACCOUNT:
        return replace(rejected, permanent=False)
    if code is not None and code in BY_DESTINATION:
        reason = f"{BY_DESTINATION[code]} ({code})"
        opted_out = code == _UNSUBSCRIBED
        return Rejected(reason, permanent=True, by_destination=True, is_opted_out=opted_out)
    return rejected


def receipt_of(
    sid: str, status: str, error_code: str, ref: str, at_ms: int, cost: Amount | None = None
) -> DeliveryReceipt:
    """The receipt that a status is; ``error_code``: '' if none was told."""
    why = f" ({error_code}: {REASONS[error_code]})" if error_code in REASONS else ""
    if error_code and not why:
        why = f" ({error_code})"
    return DeliveryReceipt(
        event_id=f"{sid}:{status}",
        part_id=sid,
        ref=ref,
        n=1,
        state=STATES.get(status, ReceiptState.ENROUTE),
        raw=f"{status}{why}",
        at_ms=at_ms,
        is_whole=True,
        cost=cost,
    )


def cost_of(document: Mapping[str, Any]) -> Amount | None:
    """What the message costs; None as long as it does not say."""
    return Amount.read(document.get("price"), document.get("price_unit"))


def text_at(document: Mapping[str, Any], name: str) -> str:
    """A field as text; '' if it is missing, null, or no text or number."""
    value = document.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def created_ms(document: Mapping[str, Any]) -> int | None:
    """When the message was created (UTC), to the second; None if that cannot be read."""
    try:
        at = parsedate_to_datetime(text_at(document, "date_created"))
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
