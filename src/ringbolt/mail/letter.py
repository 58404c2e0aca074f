"""E-mails: the text with its footer and headers, and the message on the wire (RFC 5322).

Pure. Nothing that a buyer writes can become a header or another recipient: what does not fit raises
``ValueError``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime
from typing import Final

from ringbolt.mail.mailer import OutMail, always

_REF = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@{_LABEL}(?:\.{_LABEL})+")
_URL = re.compile(r"https?://[!#-;=?-~]{1,900}")
_MAX_HEADER: Final = 998
"""Octets of a line (RFC 5322, 2.1.1)."""
_OURS: Final = frozenset(
    ("from", "sender", "to", "cc", "bcc", "subject", "date", "message-id", "return-path")
)
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header in one line, never folded: a URL folded into encoded words is no URL."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _policy() -> EmailPolicy[EmailMessage]:
    registry = HeaderRegistry()
    for name in ("list-unsubscribe", "list-unsubscribe-post"):
        registry.map_to_type(name, _Verbatim)
    # 76: also the longest line of quoted-printable (RFC 2045, 6.7).
    return SMTP.clone(max_line_length=76, header_factory=registry)


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
        message["To"] = Address(addr_spec=_checked_address(mail.to))
        message["Subject"] = _check_line("the subject", mail.subject)
        message["Date"] = format_datetime(datetime.fromtimestamp(at_ms // 1000, UTC))
        message["Message-ID"] = f"<{_checked_ref(mail.ref)}@{mailbox.domain}>"
        for name, value in mail.headers:
            message[_checked_name(name)] = _check_line(f"the header {name}", value)
        message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    except MessageError as error:
        raise ValueError(f"the e-mail cannot be written: {error}") from None
    return message


def _mailbox(sender: str) -> Address:
    """The one address in the From header, which the operator set."""
    header = _POLICY.header_factory("From", _check_line("the sender", sender))
    if header.defects or len(header.addresses) != 1:
        raise ValueError("the sender is not one address")
    found: Address = header.addresses[0]
    _checked_address(found.addr_spec)
    return found


def _checked_address(address: str) -> str:
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
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
    """``value`` if it is one line, short enough and without control characters."""
    if any(unicodedata.category(sign) in _CONTROL for sign in value):
        raise ValueError(f"{what} contains a line break or another control character")
    if len(value.encode()) > _MAX_HEADER - 80:
        raise ValueError(f"{what} is too long")
    return value
