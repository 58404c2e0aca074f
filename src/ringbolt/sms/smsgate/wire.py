"""The JSON of SMSGate's API and webhooks, as its clients and its documentation describe it.

https://docs.sms-gate.app, the client ``android-sms-gateway`` (PyPI, 4.3.3) and the app's source.
Only what is used is named; everything else is ignored.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct, field

MAX_ID_CHARS = 36
"""The longest id of a message that the cloud takes."""


class TextMessage(Struct):
    text: str


class Message(Struct, rename="camel", omit_defaults=True):
    """``POST /messages``. ``ttl``: seconds. ``sim_number`` counts from 1."""

    id: str
    text_message: TextMessage
    phone_numbers: list[str]
    ttl: int
    with_delivery_report: bool | None = None
    sim_number: int | None = None
    device_id: str | None = None


class Recipient(Struct, rename="camel"):
    state: str
    phone_number: str = ""
    error: str | None = None


class MessageState(Struct, rename="camel"):
    """A message as the app or the cloud knows it. ``states``: when it reached each, ISO 8601."""

    id: str
    state: str
    recipients: list[Recipient] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Why it failed, or what is doubtful about its delivery; '' if nothing is."""
        return next((each.error for each in self.recipients if each.error), "")


class Refusal(Struct):
    """An error's body; the cloud's has a code, too."""

    message: str = ""
    error: str = ""

    @property
    def words(self) -> str:
        return self.message or self.error


class Webhook(Struct, rename="camel", omit_defaults=True):
    id: str
    url: str
    event: str
    device_id: str | None = None


class Device(Struct, rename="camel"):
    id: str
    name: str = ""
    last_seen: str | None = None


class TokenRequest(Struct):
    scopes: list[str]
    ttl: int


class Token(Struct, rename="camel"):
    access_token: str
    expires_at: str = ""


class WebhookEvent(Struct, rename="camel"):
    """What the phone posts. ``id``: the same when the event is repeated."""

    id: str
    event: str
    payload: msgspec.Raw
    device_id: str = ""


class Received(Struct, rename="camel"):
    """``sms:received``. Apps before 2026 have no ``sender`` and ``recipient``."""

    message: str
    received_at: str
    phone_number: str = ""
    sender: str | None = None
    recipient: str | None = None
    sim_number: int | None = None


class Reported(Struct, rename="camel"):
    """``sms:sent``, ``sms:delivered``, ``sms:failed``: one event for each part of the text."""

    message_id: str
    sent_at: str | None = None
    delivered_at: str | None = None
    failed_at: str | None = None
    reason: str = ""


def ms_of(text: str | None, otherwise_ms: int) -> int:
    """A time (ISO 8601) as ms UTC; ``otherwise_ms`` if it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return otherwise_ms
