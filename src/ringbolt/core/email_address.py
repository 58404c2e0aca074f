"""What may go to the mailer: one plain recipient, and a text without control characters.

SMTP clients accept what is not one address: "bob@example.com, eve@example.com" is mailed to bob,
and so is an address followed by ">" and CRLF. So only exactly one mailbox passes, at a public
domain (RFC 5321, 4.1.2; no quoted local parts, no address literals), in ASCII before the @:
other letters need SMTPUTF8 at every mail server on the way, which cannot be known beforehand.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from email_validator import EmailNotValidError, validate_email

from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.texts.readings import has_encoded_word

MAX_LENGTH: Final = 254
"""Octets of a path without its angle brackets (RFC 3696, erratum 1690)."""

EXAMPLE: Final = "name@example.com"

_NOT_OF_A_MAILBOX: Final = frozenset(' ,;<>()[]:\\"`')
_NEWLINE = re.compile(r"\r\n?|\u2028|\u2029|\x85")
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """``address`` is used in the envelope and the header; it and ``domain`` are ASCII."""

    address: str
    domain: str

    def __str__(self) -> str:
        return self.address


def parse_address(text: str) -> EmailAddress:
    """The one mailbox that ``text`` names, normalised; its domain in ASCII (xn--).

    Raises ``InvalidInput`` (``INVALID_EMAIL_ADDRESS``) for anything else. Nothing is looked up.
    """
    address = text.strip(" ")
    if len(address) > MAX_LENGTH:
        raise _invalid(f"it is longer than {MAX_LENGTH} characters")
    if "=?" in address:
        raise _invalid("a mail server would decode a part of it")
    if any(sign in _NOT_OF_A_MAILBOX or not _is_visible(sign) for sign in address):
        raise _invalid("one address is expected, without blanks, quotes, brackets or commas")
    try:
        parsed = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise _invalid(str(error).rstrip(".")) from None
    domain = parsed.ascii_domain.lower()
    whole = f"{parsed.local_part}@{domain}"  # the ASCII form of a domain may be the longer one
    if len(whole) > MAX_LENGTH:
        raise _invalid(f"it is longer than {MAX_LENGTH} characters")
    return EmailAddress(whole, domain)


def mailbox_of(address: str) -> str:
    """The same for all spellings of one mailbox, for limits and suppressions: case-folded and
    without a "+tag", which most mail servers deliver to the same person (RFC 5233). E-mails go to
    the address as it was written."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _is_visible(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "CZ"


def _invalid(why: str) -> InvalidInput:
    return InvalidInput(
        f"This is not an e-mail address that can be written to: {why}.",
        code="INVALID_EMAIL_ADDRESS",
        role=Role.ADDRESS,
        suggestion=f'Give exactly one address. Example: "{EXAMPLE}".',
    )


def check_mail_text(text: str) -> str:
    """The text with its line ends as \\n. Tabs and line ends are the only control characters;
    raises ``InvalidInput`` (``INVALID_TEXT``) for others."""
    normal = _NEWLINE.sub("\n", text)
    _check_signs(normal, "\n\t", Role.TEXT)
    return normal


def check_subject(text: str) -> str:
    """A subject in one line, as it was written; '' for a blank one. Raises ``InvalidInput``
    (``INVALID_TEXT``) for control characters other than tabs, line ends among them (they would
    begin another header), and for encoded words (RFC 2047): mail programs decode them, whatever
    they contain."""
    _check_signs(text, "\t", Role.SUBJECT)
    if has_encoded_word(text):
        raise InvalidInput.about(
            Role.SUBJECT,
            "contains =? and ?=, between which mail programs expect encoded text.",
            code="INVALID_TEXT",
            suggestion="Write the subject itself, in any script: it is encoded for you.",
        )
    return text if text.strip() else ""


def _check_signs(text: str, allowed: str, role: Role) -> None:
    for sign in text:
        if sign not in allowed and unicodedata.category(sign) in _CONTROL:
            raise InvalidInput.about(
                role,
                f"contains the control character U+{ord(sign):04X}.",
                code="INVALID_TEXT",
                suggestion="Remove control characters and line breaks."
                if role is Role.SUBJECT
                else "Remove control characters; line breaks and tabs may stay.",
            )
