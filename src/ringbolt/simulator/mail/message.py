"""Parses the Internet messages that the simulated mail server receives."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from ringbolt.mail.simulated.wire import MailRequest

MAX_LINE: Final = 998
"""Characters of a line, without CR LF (RFC 5322, section 2.1.1)."""


class UnreadableMail(ValueError):
    """A mail server would not accept the message; the text says why."""


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A message as its reader sees it."""

    sender: str
    subject: str
    text: str
    headers: dict[str, str]


def read_message(request: MailRequest) -> ReceivedMail:
    """Raises ``UnreadableMail`` for what is not RFC 5322, or is addressed to somebody else than its
    envelope says."""
    raw = request.message
    if not raw.isascii():
        raise UnreadableMail("the message holds other signs than ASCII")
    if "\n" in raw.replace("\r\n", "") or "\r" in raw.replace("\r\n", ""):
        raise UnreadableMail("a line does not end in CR LF")
    if any(len(line) > MAX_LINE for line in raw.split("\r\n")):
        raise UnreadableMail(f"a line is longer than {MAX_LINE} characters")
    message = message_from_bytes(raw.encode(), policy=SMTP)
    assert isinstance(message, EmailMessage)
    found = message.items()  # each look at a header parses it anew
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        if sum(each.lower() == name.lower() for each, _ in found) != 1:
            raise UnreadableMail(f"there is not exactly one {name}")
    if message.defects or message.get_content_type() != "text/plain":
        raise UnreadableMail("the message is not sound plain text")
    if [each.addr_spec for each in message["To"].addresses] != [request.to]:
        raise UnreadableMail("the message is not for whom the envelope names")
    text: str = message.get_content()
    headers = {name: str(value) for name, value in found}
    return ReceivedMail(headers["From"], headers["Subject"], text.replace("\r\n", "\n"), headers)
