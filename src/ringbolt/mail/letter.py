"""E-mails: the text with its footer and headers, and the message on the wire (RFC 5322).

Pure. Nothing that a buyer writes can become a header or another recipient: what does not fit raises
``ValueError``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime
from typing import Any, Final

from ringbolt.mail.mailer import OutMail, always

_REF = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@{_LABEL}(?:\.{_LABEL})+")
_URL = re.compile(r"https?://[!#-;=?-~]{1,900}")
_MAX_HEADER: Final = 998
"""Octets of a line (RFC 5322, 2.1.1)."""
_LINE: Final = 76
"""Also the longest line of quoted-printable (RFC 2045, 6.7)."""
_PLAIN: Final = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")
"""One line of printable ASCII whose blanks no relay changes."""
_SOUND_LINE: Final = re.compile(rb"(?:[A-Za-z0-9-]+:)? [ -~]*")
_WRITTEN: Final = ("From", "To", "Subject", "Date", "Message-ID")
_ADDED: Final = ("Content-Type", "Content-Transfer-Encoding", "MIME-Version")
_OURS: Final = frozenset(
    ("from", "sender", "to", "cc", "bcc", "subject", "date", "message-id", "return-path")
)
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class _Literal(UnstructuredHeader, BaseHeader):
    """A header whose text arrives as it was written. The library's own classes decode encoded words
    (RFC 2047) in the text that they are given, and a line break in one begins another header."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["decoded"] = value
        kwds["parse_tree"] = None  # folding here needs none

    def fold(self, *, policy: Policy) -> str:
        """In one line if it is plain ASCII, else encoded as a whole (beside words that are not
        encoded, readers lose and add blanks), whatever ``policy`` says: a mail client writes the
        message with one of its own."""
        text = str(self)
        if not _PLAIN.fullmatch(text) or "=?" in text:  # also half an encoded word: readers differ
            header = Header(text, "utf-8", _LINE, header_name=self.name)
            text = header.encode(linesep=policy.linesep)
        return f"{self.name}: {text}{policy.linesep}"


def _policy() -> EmailPolicy[EmailMessage]:
    registry = HeaderRegistry(default_class=_Literal)
    for name in ("subject", "to"):
        registry.map_to_type(name, _Literal)
    return SMTP.clone(max_line_length=_LINE, header_factory=registry)


_POLICY: Final = _policy()


def write(
    *,
    ref: str,
    sender: str,
    to: str,
    subject: str,
    text: str,
    origin: str,
    unsubscribe_url: str,
    still_wanted: Callable[[], bool] = always,
) -> OutMail:
    """The e-mail for one recipient, with a footer that says where it is from.

    ``origin``: the shop's URL or name, if known. ``unsubscribe_url``: one-click unsubscribe
    (RFC 8058); '' leaves it out. Bounces go to an address of the sender's domain that contains the
    reference. Raises ``ValueError`` for what cannot be sent safely.
    """
    _check_line("origin", origin)
    headers = [("Auto-Submitted", "auto-generated")]
    if unsubscribe_url:
        if not _URL.fullmatch(unsubscribe_url):
            raise ValueError("the link to unsubscribe is not a URL")
        headers += [
            ("List-Unsubscribe", f"<{unsubscribe_url}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
    domain = _mailbox(sender).domain
    return OutMail(
        ref=_checked_ref(ref),
        sender=sender,
        envelope_from=f"bounce+{ref}@{domain}",
        to=_checked_address(to),
        subject=_check_line("the subject", subject),
        text=_with_foot(text, origin, unsubscribe_url),
        headers=tuple(headers),
        still_wanted=still_wanted,
    )


def answered_to(mail: OutMail, address: str) -> OutMail:
    """The same e-mail, whose answers go to ``address``. Raises ``ValueError``."""
    return replace(mail, headers=(*mail.headers, ("Reply-To", _checked_address(address))))


def _with_foot(text: str, origin: str, unsubscribe_url: str) -> str:
    paid = f"paid {origin}" if origin else "paid us"
    foot = f"Somebody {paid} to send you this. We do not know who it was."
    if unsubscribe_url:
        foot += f"\nTo stop such e-mails, or to report this one: {unsubscribe_url}"
    return f"{text.rstrip()}\n\n-- \n{foot}\n"


def compose(mail: OutMail, at_ms: int) -> EmailMessage:
    """The e-mail as an Internet message, dated ``at_ms`` (UTC); ``as_bytes()`` is what is sent.

    Plain text in quoted-printable: every line is short ASCII, which no relay has to change. The
    Message-ID follows from ``ref``, so that receivers recognise a repetition. Raises
    ``ValueError``.
    """
    mailbox = _mailbox(mail.sender)
    message = EmailMessage(policy=_POLICY)
    try:
        message["From"] = mail.sender
        message["To"] = _checked_address(mail.to)
        message["Subject"] = _check_line("the subject", mail.subject)
        message["Date"] = format_datetime(datetime.fromtimestamp(at_ms // 1000, UTC))
        message["Message-ID"] = f"<{_checked_ref(mail.ref)}@{mailbox.domain}>"
        for name, value in mail.headers:
            message[_checked_name(name)] = _check_line(f"the header {name}", value)
        message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
        _check_written(message, [name for name, _ in mail.headers])
    except MessageError as error:
        raise ValueError(f"the e-mail cannot be written: {error}") from None
    return message


def _check_written(message: EmailMessage, further: list[str]) -> None:
    """Raise ``ValueError`` unless the head of the message, as it is sent, has exactly the headers
    that were meant, each once, in sound lines."""
    head, _, _ = message.as_bytes().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = [line.partition(b":")[0].decode("latin-1") for line in lines if line[:1] != b" "]
    is_sound = all(_SOUND_LINE.fullmatch(line) for line in lines)
    if not is_sound or names != [*_WRITTEN, *further, *_ADDED] or len(set(names)) != len(names):
        raise ValueError("the e-mail would have other headers than it was given")


def is_sender(sender: str) -> bool:
    """Whether e-mails can be from ``sender``: one address, perhaps with a name."""
    try:
        _mailbox(sender)
    except (ValueError, MessageError):
        return False
    return True


def sender_domain(sender: str) -> str:
    """The domain that e-mails from ``sender`` are from. Raises ``ValueError``."""
    return _mailbox(sender).domain


def _mailbox(sender: str) -> Address:
    """The one address in the From header, which the operator set."""
    header = _POLICY.header_factory("From", _check_line("the sender", sender))
    if header.defects or len(header.addresses) != 1:
        raise ValueError("the sender is not one address")
    found: Address = header.addresses[0]
    _checked_address(found.addr_spec)
    return found


def _checked_address(address: str) -> str:
    if len(address) > 254 or not _ADDRESS.fullmatch(address) or "=?" in address:
        raise ValueError("this is not one plain ASCII e-mail address")
    return address


def _checked_ref(ref: str) -> str:
    if not _REF.fullmatch(ref):
        raise ValueError("the reference is not made of letters, digits and the signs . _ -")
    return ref


def _checked_name(name: str) -> str:
    is_ours = name.lower() in _OURS or name.lower().startswith(("content-", "mime-"))
    if is_ours or not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is not a header that can be added")
    return name


def _check_line(what: str, value: str) -> str:
    """``value`` if it is one line, short enough and without control characters but tabs."""
    if any(unicodedata.category(sign) in _CONTROL for sign in value if sign != "\t"):
        raise ValueError(f"{what} contains a line break or another control character")
    if len(value.encode()) > _MAX_HEADER - 80:
        raise ValueError(f"{what} is too long")
    return value
