"""A text that the phone received, as the shop takes it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ringbolt.core.phone import is_e164
from ringbolt.sms.carrier import InboundSms
from ringbolt.sms.smsgate.wire import Received, ms_of


def inbound_sms(received: Received, numbers: Sequence[str], now_ms: int) -> InboundSms | None:
    """None if nothing tells to which number it came.

    The app's own id of a text is a hash that two texts may share, and the id of the event is
    another one if the app reports the same text again (after a refresh of its inbox, or under a
    second webhook). So it is named by what it is.
    """
    to = number_of(received, numbers)
    if not to:
        return None
    sender = received.sender or received.phone_number
    named = "\0".join((to, sender, received.received_at, received.message))
    event_id = sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    at_ms = ms_of(received.received_at, now_ms)
    return InboundSms(event_id, to, sender, received.message, at_ms)


def number_of(received: Received, numbers: Sequence[str]) -> str:
    """The number (E.164) that the text came to; '' if that is not known.

    The SIM's place decides before the number that the app tells: that is written as the SIM's
    maker chose, or missing.
    """
    if received.recipient in numbers:
        return received.recipient or ""
    sim = received.sim_number
    if sim is not None and 1 <= sim <= len(numbers):
        return numbers[sim - 1]
    if len(numbers) == 1:
        return numbers[0]
    recipient = received.recipient or ""
    return recipient if not numbers and is_e164(recipient) else ""
