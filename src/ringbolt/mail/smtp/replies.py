"""What a mail server's replies mean for a mail."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.core.outcome import Rejected

GREYLISTED_MS: Final = 90_000
"""The pause after a 4xx about a mail. Greylisting servers take it after 1 to 5 minutes (RFC 6647,
2.2 and 5); six tries with this pause are done within the ten minutes of an order."""
BUSY_MS: Final = 30_000
"""The pause after 421, and if a mail server cannot be reached: it may be restarting."""

_MOST: Final = 200
_CLOSING: Final = 421
OF_THE_LOGIN: Final = (530, 534, 535, 538)
"""Replies that ask for another or a better authentication (RFC 4954, 6)."""
_NO_MAILBOX: Final = re.compile(r"5\.1\.[1236]\b")
"""Enhanced status codes that speak of the recipient's address alone (RFC 3463, 3.2)."""
_PRINTABLE: Final = re.compile(r"[^ -~]+")


class NotSentError(Exception):
    """The mail was surely not sent: the connection could not be made, or ended before the end of
    the message. ``reply``: the code of a reply that said so, 0 if none did."""

    def __init__(self, reason: str, reply: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply

    @property
    def result(self) -> Rejected:
        """Another try may succeed: nothing was said of this mail."""
        return Rejected(self.reason, permanent=False, retry_after_ms=BUSY_MS)


def refused(code: int, text: str, to: str, *, at_recipient: bool = False) -> Rejected:
    """The refusal of a mail to ``to``, by a reply of 4xx or 5xx.

    One that says that there is no such mailbox is the recipient's own: no other server is asked. So
    is a "not now" to the recipient alone (``at_recipient``: to RCPT), which says nothing of the
    server's own state. One about our user name and password says nothing of the mail.
    """
    words = plain(text, to)
    reason = f"{code} {words}".strip()
    if code in OF_THE_LOGIN:
        return NotSentError(reason, code).result
    if code >= 500:
        return Rejected(reason, by_destination=bool(_NO_MAILBOX.match(words)))
    if code == _CLOSING:
        return NotSentError(reason, code).result
    return Rejected(reason, False, GREYLISTED_MS, by_destination=at_recipient)


def plain(text: str, to: str = "") -> str:
    """A server's words in one line of ASCII, short, and without the recipient's address, which
    must not get into logs."""
    line = _PRINTABLE.sub(" ", text[: 2 * _MOST])
    if to:
        line = re.sub(re.escape(to), "the recipient", line, flags=re.IGNORECASE)
    return line.strip()[:_MOST]
