"""One message of the simulated Twilio-compatible API, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from ringbolt.core.texts import segments
from ringbolt.simulator.twilio.accounts import AccountState
from ringbolt.simulator.twilio.call import API_VERSION, date
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptState

_ERRORS: Final = {"failed": 30008, "undelivered": 30003}
"""Why a message came to such an end, by its status."""


class TwilioMessage(Struct):
    """``form``: the parameters that it was created with; for one that came to a number of the
    account, ``From``, ``To`` and ``Body``."""

    sid: str
    account_sid: str
    form: dict[str, str]
    created_ms: int
    is_inbound: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        return segments.split(self.form.get("Body", ""))


class Course(Struct):
    """What has become of each part, from what the mobile network told so far."""

    states: dict[int, DeliveryReceipt]

    def status_after(self, receipt: DeliveryReceipt, parts: int) -> str:
        """The status of the message after this receipt; '' if it is about a part among others
        that are not so far."""
        known = self.states.get(receipt.n)
        if known is None or _RANK[receipt.state] >= _RANK[known.state]:
            self.states[receipt.n] = receipt
        if receipt.state is ReceiptState.FAILED:
            return _status(receipt)
        wanted = _RANK[receipt.state]
        reached = sum(_RANK[each.state] >= wanted for each in self.states.values())
        return _status(receipt) if reached == parts else ""


_RANK: Final = {
    ReceiptState.ENROUTE: 0,
    ReceiptState.SENT: 1,
    ReceiptState.DELIVERED: 2,
    ReceiptState.FAILED: 3,
}


def _status(receipt: DeliveryReceipt) -> str:
    match receipt.state:
        case ReceiptState.ENROUTE:
            return "queued"
        case ReceiptState.FAILED:
            return "undelivered" if receipt.raw.startswith("undelivered") else "failed"
        case state:
            return state.value


def status_of(receipts: Iterable[DeliveryReceipt], parts: int) -> tuple[str, int | None]:
    """The present status, and when it was sent."""
    course, status, sent_ms = Course({}), "queued", None
    for receipt in sorted(receipts, key=lambda each: _RANK[each.state]):
        status = course.status_after(receipt, parts) or status
        if receipt.state is ReceiptState.SENT:
            sent_ms = receipt.at_ms
    return status, sent_ms


def error_of(status: str) -> int | None:
    return _ERRORS.get(status)


def shown(
    made: TwilioMessage, receipts: Iterable[DeliveryReceipt], account: AccountState, now_ms: int
) -> dict[str, Any]:
    """The message as the API shows it: counts and prices are texts, dates as in RFC 2822."""
    form, parts = made.form, len(made.parts)
    status, sent_ms = status_of(receipts, parts)
    if made.is_inbound:
        status, sent_ms = "received", made.created_ms
    is_priced = (
        account.price
        and sent_ms is not None
        and now_ms >= sent_ms + round(account.price_after_s * 1000)
    )
    error = error_of(status)
    uri = f"/{API_VERSION}/Accounts/{made.account_sid}/Messages/{made.sid}"
    return {
        "sid": made.sid,
        "account_sid": made.account_sid,
        "api_version": API_VERSION,
        "body": form.get("Body", ""),
        "to": form["To"],
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "direction": "inbound" if made.is_inbound else "outbound-api",
        "status": status,
        "num_segments": str(parts),
        "num_media": "0",
        "price": str(-Decimal(account.price) * parts) if is_priced else None,
        "price_unit": account.price_unit,
        "error_code": error,
        "error_message": f"Error {error}" if error else None,
        "date_created": date(made.created_ms),
        "date_updated": date(now_ms),
        "date_sent": None if sent_ms is None else date(sent_ms),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
