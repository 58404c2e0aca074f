"""One call of the simulated Twilio-compatible API, and how it is shown."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from msgspec import Struct

from ringbolt.core.calls.call import CallStatus
from ringbolt.simulator.twilio.accounts import AccountState
from ringbolt.simulator.voice.call import SimulatedCall

API_VERSION: Final = "2010-04-01"
SIP_CODES: Final = {
    "completed": "200",
    "busy": "486",
    "declined": "603",
    "no-answer": "487",
    "canceled": "487",
    "failed": "404",
}
"""By the phone's word for the end."""


class TwilioCall(Struct):
    """``form``: the parameters that it was created with. ``sequence``: the number of its next
    status callback."""

    sid: str
    account_sid: str
    form: dict[str, str]
    events: list[str]
    created_ms: int
    sequence: int = 0


def status_of(call: SimulatedCall) -> str:
    status = call.events[-1].status if call.events else CallStatus.QUEUED
    return "queued" if status is CallStatus.INITIATED else status.value


def duration_s(call: SimulatedCall) -> int:
    """Whole seconds from the answer to the end, rounded up; 0 for a call without an answer."""
    talked_ms = call.events[-1].talked_ms or 0 if call.is_over else 0
    return -(-talked_ms // 1000)


def recording_sid(sid: str, n: int) -> str:
    """The id of the ``n``-th recording of a call, from 1."""
    return "RE" + hashlib.sha256(f"{sid}/{n}".encode()).hexdigest()[:32]


def shown(made: TwilioCall, call: SimulatedCall, account: AccountState, now_ms: int) -> Any:
    """The call as the API shows it: durations and prices are texts, dates as in RFC 2822."""
    uri = f"/{API_VERSION}/Accounts/{made.account_sid}/Calls/{made.sid}"
    ended_ms = call.ended_at_ms
    is_priced = (
        bool(account.price)
        and ended_ms is not None
        and now_ms >= ended_ms + account.price_after_s * 1000
    )
    minutes = -(-duration_s(call) // 60)
    return {
        "sid": made.sid,
        "account_sid": made.account_sid,
        "parent_call_sid": None,
        "api_version": API_VERSION,
        "to": made.form["To"],
        "to_formatted": made.form["To"],
        "from": made.form["From"],
        "from_formatted": made.form["From"],
        "phone_number_sid": None,
        "status": status_of(call),
        "direction": "outbound-api",
        "start_time": date(call.started_at_ms),
        "end_time": date(ended_ms),
        "duration": str(duration_s(call)) if call.is_over else None,
        "price": f"-{float(account.price) * minutes:.5f}" if is_priced else None,
        "price_unit": account.price_unit,
        "answered_by": None,
        "annotation": None,
        "caller_name": None,
        "forwarded_from": None,
        "group_sid": None,
        "queue_time": "0",
        "trunk_sid": None,
        "date_created": date(made.created_ms),
        "date_updated": date(call.events[-1].at_ms if call.events else made.created_ms),
        "uri": f"{uri}.json",
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
    }


def date(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return format_datetime(datetime.fromtimestamp(at_ms // 1000, UTC))


def told(made: TwilioCall, call: SimulatedCall, status: str) -> dict[str, str]:
    """The fields of every request about a call."""
    return {
        "CallSid": made.sid,
        "AccountSid": made.account_sid,
        "ApiVersion": API_VERSION,
        "To": made.form["To"],
        "Called": made.form["To"],
        "From": made.form["From"],
        "Caller": made.form["From"],
        "CallStatus": status,
        "Direction": "outbound-api",
    }
