"""Reads bounces: the reports that a mail server could not deliver one of our e-mails (RFC 3464).

Pure. Bounces come from strangers' mail servers, and everybody can write one: what they say is only
believed together with the reference of a mail, which only those know who have seen it.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final

MOST_BYTES: Final = 64 * 1024
"""What is longer is cut: reports quote the mail at their end."""
_MOST_PARTS: Final = 50
_MOST_CHARS: Final = 20_000
_OURS: Final = re.compile(r"\bbounce\+([A-Za-z0-9._-]{1,64})@")
_ADDRESSED: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_GONE: Final = re.compile(r"5\.(0\.\d+|1\.\d+|2\.[01])")
"""The mailbox does not exist or is closed (RFC 3463). Others that begin with 5 are about one
message, a full mailbox, or a mail server's rules and troubles."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """``ref``: our reference of the mail. ``status``: the enhanced status code, e.g. 5.1.1."""

    ref: str
    status: str

    @property
    def is_final(self) -> bool:
        """Whether the mailbox does not exist, so that further mail to it is useless."""
        return bool(_GONE.fullmatch(self.status))


def read_bounce(raw: bytes) -> Bounce | None:
    """The bounce in a message as it came to our address for bounces; None if it is none, as replies
    of persons, and reports of delays are."""
    message = email.message_from_bytes(raw[:MOST_BYTES], policy=email.policy.compat32)
    ref = _ref_of(message)
    if ref is None:
        return None
    for report in _reports(message):
        if _value(report, "Action").lower() == "failed":
            status = _status(report, message)
            return Bounce(ref, status) if status else None
    return None


def _ref_of(message: Message) -> str | None:
    for name in _ADDRESSED:
        for value in message.get_all(name, []):
            found = _OURS.search(str(value)[:_MOST_CHARS])
            if found:
                return found[1]
    return None


def _reports(message: Message) -> Iterator[Message]:
    """What a delivery report says of each recipient."""
    for count, part in enumerate(message.walk()):
        if count >= _MOST_PARTS:
            return
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from (each for each in part.get_payload() if isinstance(each, Message))


def _status(report: Message, message: Message) -> str:
    """The most exact status code: some servers write 5.0.0 and tell the reason in words only."""
    plain = _STATUS.search(_value(report, "Status"))
    if plain is None or plain[1] != "5":
        return ""
    if plain[0] not in ("5.0.0", "5.5.0"):
        return plain[0]
    words = _value(report, "Diagnostic-Code") or _said_of(report, message)
    exact = _STATUS.search(words)
    return exact[0] if exact and exact[1] == "5" else plain[0]


def _said_of(report: Message, message: Message) -> str:
    """What the text for people says of the report's recipient."""
    recipient = _value(report, "Final-Recipient").rpartition(";")[2].strip()
    for count, part in enumerate(message.walk()):
        if count >= _MOST_PARTS or not recipient:
            return ""
        if part.get_content_type() == "text/plain":
            payload = part.get_payload()
            text = payload[:_MOST_CHARS] if isinstance(payload, str) else ""
            return text.partition(recipient)[2].partition("\n\n")[0]
    return ""


def _value(report: Message, name: str) -> str:
    return str(report.get(name, ""))[:_MOST_CHARS].strip()
