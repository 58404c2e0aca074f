"""What each tool takes. Amounts are satoshis; telephone numbers are written as +19871234567."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

LONGEST_WAIT_S = 600

_Phone = Annotated[str, Meta(description="With country code, for example +19871234567.")]
_Country = Annotated[
    str, Meta(description="ISO code, name or number of the country, for example DE; '' = any.")
]
_OrderId = Annotated[str, Meta(description="order_id, as the purchase answered it.")]


class Arguments(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a tool."""


class Nothing(Arguments, kw_only=True):
    """None."""


class Buy(Arguments, kw_only=True):
    """What every purchase takes."""

    max_sats: (
        Annotated[
            int,
            Meta(ge=1, description="Refuse to buy if it costs more. Nothing is charged then."),
        ]
        | None
    ) = None
    pay_by_invoice: Annotated[
        bool,
        Meta(
            description="true: answer a Lightning invoice to be paid elsewhere, even where a "
            "prepaid key or a wallet could pay."
        ),
    ] = False
    request_id: Annotated[
        str,
        Meta(
            description="A random UUID. Repeat it when you repeat the same purchase after a lost "
            "answer: nothing is bought twice."
        ),
    ] = ""


class CallPhone(Buy, kw_only=True):
    """A call that speaks a text, or plays a file."""

    phone: _Phone
    message: Annotated[str, Meta(description="What is said. Give this or audio_url.")] = ""
    audio_url: Annotated[str, Meta(description="https address of an MP3 or WAV to play.")] = ""
    duration_minutes: (
        Annotated[int, Meta(ge=1, description="With audio_url: for how many minutes it plays.")]
        | None
    ) = None
    language: Annotated[str, Meta(description="Of the message (BCP 47), for example de.")] = ""
    voice: Annotated[str, Meta(description="Who speaks, for example Joanna.")] = ""
    repeat: Annotated[int, Meta(ge=1, description="How often the message is heard.")] = 1
    ask_for_keys: Annotated[
        bool, Meta(description="Collect key presses; the result has them in digits.")
    ] = False
    most_keys: Annotated[int, Meta(ge=1, description="With ask_for_keys: how many keys.")] = 1


class SendText(Buy, kw_only=True):
    """A text message (SMS)."""

    phone: _Phone
    message: Annotated[str, Meta(description="The text.")]


class ReceiveCode(Buy, kw_only=True):
    """An activation code of a service on a fresh number."""

    service: Annotated[str, Meta(description="Who sends the code, for example Telegram.")]
    country: _Country = ""


class RentNumber(Buy, kw_only=True):
    """A number for some hours, with every text to it."""

    country: _Country = ""
    service: Annotated[
        str, Meta(description="Only texts of this service; '' receives from everybody.")
    ] = ""
    hours: Annotated[int, Meta(ge=1, description="Each 4 hours begun are charged.")] = 4


class SendEmail(Buy, kw_only=True):
    """An e-mail of plain text."""

    address: Annotated[str, Meta(description="One e-mail address.")]
    message: Annotated[str, Meta(description="The text.")]
    subject: Annotated[str, Meta(description="The subject, where the shop allows it.")] = ""


class Quote(Arguments, kw_only=True):
    """The purchase whose price is wanted."""

    buy: Annotated[
        Literal["call", "text", "code", "rent", "email"], Meta(description="What is bought.")
    ]
    phone: Annotated[str, Meta(description="Of a call or text.")] = ""
    message: Annotated[str, Meta(description="Of a call, text or e-mail.")] = ""
    minutes: Annotated[int, Meta(ge=1, description="Of a call.")] = 1
    address: Annotated[str, Meta(description="Of an e-mail.")] = ""
    service: Annotated[str, Meta(description="Of a code or rental.")] = ""
    country: _Country = ""
    hours: Annotated[int, Meta(ge=1, description="Of a rental.")] = 4


class OneOrder(Arguments, kw_only=True):
    """Which order."""

    order_id: _OrderId


class Wait(OneOrder, kw_only=True):
    """Which order, and how long to wait."""

    seconds: Annotated[
        int, Meta(ge=1, le=LONGEST_WAIT_S, description="How long to wait at most.")
    ] = 60


class ClaimRefund(Arguments, kw_only=True):
    """Which refund, and where it is paid to."""

    link: Annotated[
        str,
        Meta(description="The refund's LNURL (LNURL1...) or its https link, as the shop gave it."),
    ]
    invoice: Annotated[
        str,
        Meta(
            description="A BOLT11 invoice of the wallet that gets the money; '' asks only how much "
            "can be withdrawn."
        ),
    ] = ""


class TopUp(Arguments, kw_only=True):
    """How much is added to the prepaid account."""

    sats: Annotated[int, Meta(ge=1, description="How many satoshis.")]


class Services(Arguments, kw_only=True):
    """Where numbers are wanted."""

    country: _Country = ""


def schema_of(takes: type[Arguments]) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments."""
    _, components = msgspec.json.schema_components([takes])
    schema: dict[str, Any] = components[takes.__name__]
    schema.pop("title", None)
    schema.pop("description", None)
    return schema
