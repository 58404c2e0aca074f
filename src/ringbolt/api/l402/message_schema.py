"""What ``POST /api/l402/send-sms`` and ``/send-email`` take.

Source: Sats4AI's metadata of its addresses of these names; ``refund_address`` and ``callback_url``
are as for calls.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.schema import Line, about
from ringbolt.app.requests.plain_call import MAX_URL_CHARS
from ringbolt.core.phone import E164

MAX_SUBJECT_CHARS: Final = 200
_MAX_ADDRESS_CHARS: Final = 508  # twice those of RFC 5321, 4.5.3.1.3

TEXT_EXAMPLE: Final[dict[str, Any]] = {
    "phone_number": "+12025550123",
    "message": "Your table is ready.",
}
MAIL_EXAMPLE: Final[dict[str, Any]] = {"to": "satoshi@example.com", "body": "Your table is ready."}

RefundAddress = Annotated[
    str, about("A Lightning Address for a refund; without it, a refund is withdrawn by LNURL.")
]
CallbackUrl = Annotated[
    str,
    about(
        "Gets every status by POST, signed as in Standard Webhooks.",
        schema={"format": "uri", "maxLength": MAX_URL_CHARS},
    ),
]


class SendSms(msgspec.Struct, kw_only=True):
    """A text, and where its statuses are sent."""

    phone_number: Annotated[
        str,
        about(
            "The number to text, E.164.",
            why="Send the number to text, in E.164 format.",
            schema={"pattern": f"^{E164.pattern}$"},
        ),
    ]
    message: Annotated[
        str,
        about(
            "At most 140 characters (the operator's setting). Longer than one segment (160 GSM-7 "
            "or 70 other characters): each segment is charged.",
            why="It is the text to send.",
        ),
    ]
    refund_address: RefundAddress = ""
    callback_url: CallbackUrl = ""


class SendEmail(msgspec.Struct, kw_only=True):
    """An e-mail, and where its statuses are sent."""

    to: Annotated[
        Annotated[Line, about("", max_length=_MAX_ADDRESS_CHARS)],
        about("One e-mail address.", why="Send the e-mail address to write to."),
    ]
    body: Annotated[
        str,
        about(
            "Plain text, at most 140 characters (the operator's setting).",
            why="It is the text to send.",
        ),
    ]
    subject: Annotated[
        str, about("Where the operator allows it.", max_length=MAX_SUBJECT_CHARS)
    ] = ""
    reply_to: Annotated[
        Annotated[Line, about("", max_length=_MAX_ADDRESS_CHARS)],
        about("Where answers go; without it, nowhere."),
    ] = msgspec.field(name="replyTo", default="")
    refund_address: RefundAddress = ""
    callback_url: CallbackUrl = ""


class TextQuote(msgspec.Struct):
    """The text whose exact price is wanted."""

    phone_number: Annotated[str, about("The number to text, E.164.", "+12025550123")] = ""
    message: Annotated[str, about("The text; one segment if not given.", "Hello")] = ""


class MailQuote(msgspec.Struct):
    """Every e-mail has the same price."""
