"""Hands one mail over an open connection.

All depends on the dot that ends the message (RFC 5321, 4.1.1.4): a connection that is lost before
we sent it has sent nothing, because a server must not deliver half a message. After it, only the
server's reply tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
)

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.mail.mailer import Accepted, MailResult
from ringbolt.mail.smtp.replies import NotSentError, plain, refused

_START_INPUT: Final = 354


@dataclass(frozen=True, slots=True)
class Envelope:
    """``message``: as it is sent, with CR LF, its last line ended."""

    sender: str
    to: str
    message: bytes = field(repr=False)
    still_wanted: Callable[[], bool] = field(repr=False)


async def transfer(client: SMTP, envelope: Envelope, patience_s: float) -> MailResult:
    """Send one mail. ``patience_s``: how long the reply to the message may take. Raises
    ``NotSentError`` if the connection was lost before the message was complete."""
    try:
        refusal = await _offer(client, envelope)
        if refusal is not None:
            return refusal
        protocol = client.protocol
        if protocol is None or not envelope.still_wanted():
            client.close()
            return Rejected("the request for this e-mail was withdrawn", permanent=False)
        protocol.write(stuffed(envelope.message))
        await asyncio.sleep(0)  # a connection that was lost shows when the loop has run
    except (SMTPException, OSError) as error:
        client.close()
        raise NotSentError(f"the connection was lost: {plain(str(error))}") from error
    except BaseException:
        client.close()
        raise
    if client.protocol is not protocol or not protocol.is_connected:
        client.close()
        raise NotSentError("the connection was lost in the message")
    return await _end(client, envelope.to, patience_s)


async def _offer(client: SMTP, envelope: Envelope) -> Rejected | None:
    """MAIL, RCPT and DATA; the server's refusal, None if it wants the message."""
    at_recipient = False
    try:
        await client.mail(envelope.sender)
        await client.rcpt(envelope.to)
        answer = await client.execute_command(b"DATA")
    except SMTPResponseException as error:
        answer = SMTPResponse(error.code, error.message)
        at_recipient = isinstance(error, SMTPRecipientRefused)
    if answer.code == _START_INPUT:
        return None
    if not _is_refusal(answer.code):
        raise NotSentError(f"the mail server answers what is not SMTP: {plain(answer.message)}")
    return refused(answer.code, answer.message, envelope.to, at_recipient=at_recipient)


async def _end(client: SMTP, to: str, patience_s: float) -> MailResult:
    """The dot, and what the server says of the mail. Whatever happens from here on, the mail may be
    on its way."""
    try:
        answer = await client.execute_command(b".", timeout=patience_s)
    except (SMTPException, OSError) as error:
        client.close()
        return Unknown(f"the mail server's answer was lost: {plain(str(error))}")
    except BaseException:
        client.close()
        raise
    if 200 <= answer.code < 300:
        return Accepted(plain(answer.message, to)[:100])
    if _is_refusal(answer.code):
        return refused(answer.code, answer.message, to)
    client.close()
    return Unknown(f"the mail server answered {answer.code}")


def _is_refusal(code: int) -> bool:
    return 400 <= code < 600


def stuffed(message: bytes) -> bytes:
    """With a second dot where a line begins with one (RFC 5321, 4.5.2)."""
    doubled = message.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled
