"""The fields that each address takes: in JSON, a form or a query.

Names, types and shapes are sms4sats'; what is additive says so. Amounts are satoshis, times ms UTC.
Fields that are not known are ignored.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from ringbolt.api.kit import number_fields
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.reader import Reader
from ringbolt.api.kit.schema import Line, about
from ringbolt.api.kit.telephone_fields import finish_key, phone_number
from ringbolt.api.orders import fields
from ringbolt.app.requests.plain_call import MAX_DIGITS, MAX_REPEAT, MAX_TIMEOUT_S
from ringbolt.app.webhooks.order_notice import LAST_PAGE
from ringbolt.core.phone import EXAMPLE
from ringbolt.core.pricing.rates import MAX_MINUTES

MAX_SATS: Final = 100_000_000
MAX_PAGE: Final = 1000
USUAL_PAGE: Final = 100
LONGEST_WAIT_S: Final = 3600
"""Longer waits than ``MAX_WAIT_S`` are accepted, and shortened to it."""
MAX_WAIT_S: Final = 50
_MAX_TEXT_CHARS: Final = 2048
_MAX_ADDRESS_CHARS: Final = 508  # twice those of RFC 5321, 4.5.3.1.3
_MAX_SUBJECT_CHARS: Final = 200
_MAX_CURSOR_CHARS: Final = 200
_MAX_NAME_CHARS: Final = number_fields.MAX_NAME_CHARS
_LATEST_MS: Final = 10**15
_ORDER_ID: Final = "7dc6e6b61d8c54dff6b8d6ea2e3f08b018e57963df81d493a6f9728c4dc83318"

CREATE_ORDER_EXAMPLES: Final = {
    "code": {"country": 187, "service": "vk"},
    "rental": {"country": 187, "service": "full", "isRental": True, "rentalHours": 4},
}
TEXT_EXAMPLES: Final = {"text": {"phone": EXAMPLE, "message": "Hello from Lightning"}}
CALL_EXAMPLES: Final = {
    "call": {"phone": EXAMPLE, "message": "Your table is ready. Press 1.", "gather": True}
}
EMAIL_EXAMPLES: Final = {
    "e-mail": {"address": "satoshi@example.com", "message": "Hello from Lightning"}
}
FUND_EXAMPLES: Final = {"top-up": {"amount": 10000}}

_Text = Annotated[Line, about("", max_length=_MAX_TEXT_CHARS)]
_Name = Annotated[Line, about("", max_length=_MAX_NAME_CHARS)]
_Address = Annotated[Line, about("", max_length=_MAX_ADDRESS_CHARS)]
_AnyCountry = Annotated[
    int | str | None, about("Number, name or ISO code.", 187, read=number_fields.country)
]
_AnyService = Annotated[_Name, about("Code or name.", "vk")]
_OrderId = Annotated[
    str,
    about(
        "As /createorder answered it.",
        _ORDER_ID,
        read=fields.order_id,
        why="It is what /createorder answered.",
    ),
]


class Params(msgspec.Struct, rename="camel", kw_only=True):
    """The fields of a request."""


class Purchase(Params, kw_only=True):
    """The fields of every order: who gets a share, who pays, where changes are sent."""

    ref: Annotated[
        str,
        about(
            "A Lightning Address that gets a share of the price once the order is settled.",
            "satoshi@example.com",
            read=fields.referrer,
        ),
    ] = ""
    immediate: Annotated[
        bool,
        about("true: take the price from the balance of the X-API-Key instead of an invoice."),
    ] = False
    max_price: (
        Annotated[
            int,
            about(
                "Additive: the most that the order may cost, satoshis; if it costs more, nothing "
                "is ordered (PRICE_TOO_HIGH).",
                ge=0,
                le=MAX_SATS,
            ),
        ]
        | None
    ) = None
    webhook_url: Annotated[
        _Text,
        about(
            "Where every change is POSTed: the /orderstatus document and orderId, signed (Standard "
            "Webhooks). https, a public address.",
            "https://example.com/hook",
        ),
    ] = ""


class CreateOrder(Purchase, kw_only=True):
    """Receive a code, or rent a number."""

    country: Annotated[
        int | str | None,
        about(
            "The country's number (187 = USA), name or ISO code; 999 = any.",
            187,
            "germany",
            read=number_fields.country,
            required=True,
        ),
    ] = None
    service: Annotated[
        _Name,
        about(
            "`value` of /getnumbersstatus, or a service's name. Of rentals: optional, 'full' "
            "(texts from any sender) if not given.",
            "vk",
            required=True,
        ),
    ] = ""
    is_rental: Annotated[
        bool, about("true: rent the number and receive every text for rentalHours.")
    ] = False
    rental_hours: (
        Annotated[
            int,
            about("Additive: for how many hours to rent (4); each started 4 are charged.", ge=1),
        ]
        | None
    ) = None
    realphone: Annotated[bool, about("true: a number of the operator's own.")] = False
    reactivate: Annotated[
        _Text,
        about("Additive: the orderId of an earlier order whose number is wanted again."),
    ] = ""


class CreateSendOrder(Purchase, kw_only=True):
    """Send an SMS."""

    message: Annotated[
        str,
        about(
            "At most 140 characters (the operator's setting). Longer than one segment (160 GSM-7 "
            "or 70 other characters): each segment is charged.",
            "Hello from Lightning",
            why=fields.NO_MESSAGE,
        ),
    ]
    phone: Annotated[
        str,
        about(
            "E.164, with or without +; spaces and dashes are taken.",
            EXAMPLE,
            read=phone_number,
            why=f"The number to text, in E.164 format, for example {EXAMPLE}.",
        ),
    ]


class CreateEmailSendOrder(Purchase, kw_only=True):
    """Send an e-mail."""

    message: Annotated[
        str,
        about(
            "Plain text, at most 140 characters (the operator's setting).",
            "Hello from Lightning",
            why=fields.NO_MESSAGE,
        ),
    ]
    address: Annotated[
        _Address,
        about("One e-mail address.", "satoshi@example.com", why="The e-mail address to write to."),
    ]
    subject: Annotated[
        str,
        about(
            "Additive: the subject, where the operator allows it.", max_length=_MAX_SUBJECT_CHARS
        ),
    ] = ""


class GatherKeys(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How many keys are collected, and for how long."""

    max_digits: Annotated[int, about("", ge=1, le=MAX_DIGITS)] = 1
    finish_key: Annotated[
        str,
        about("Ends the digits and is not one of them; empty: no key does.", read=finish_key),
    ] = "#"
    timeout: Annotated[
        int, about("How long to wait for each key, seconds.", ge=1, le=MAX_TIMEOUT_S)
    ] = 10


_READ_GATHER: Final = Reader(GatherKeys).read_within


def _gather(given: Fields, name: str) -> GatherKeys | None:
    """An object, or only whether keys are asked for."""
    if isinstance(given.get(name), dict):
        return _READ_GATHER(given, name)
    return GatherKeys() if given.boolean(name) else None


class CreateCallOrder(Purchase, kw_only=True):
    """Call a number and speak a text or play a file. All of it is additive."""

    phone: Annotated[
        str,
        about(
            "E.164, with or without +; spaces and dashes are taken.",
            EXAMPLE,
            read=phone_number,
            why=f"The number to call, in E.164 format, for example {EXAMPLE}.",
        ),
    ]
    message: Annotated[str, about("Text to speak. Give this or audioUrl.")] = ""
    audio_url: Annotated[_Text, about("Audio file to play; it wins over message.")] = ""
    duration_minutes: (
        Annotated[
            int,
            about("Required with audioUrl: for how many minutes it plays.", ge=1, le=MAX_MINUTES),
        ]
        | None
    ) = None
    voice: Annotated[_Name, about("Who speaks, for example Joanna or Zeina.")] = ""
    language: Annotated[_Name, about("The text's language (BCP 47).")] = ""
    neural: Annotated[bool, about("The better voice where there is one.")] = False
    repeat: Annotated[int, about("How often it is heard.", ge=1, le=MAX_REPEAT)] = 1
    gather: Annotated[
        bool | GatherKeys | None,
        about("Ask for key presses; the status then has them in `digits`.", read=_gather),
    ] = None


class CreateFund(Params, kw_only=True):
    """Add to the balance of the X-API-Key."""

    amount: Annotated[
        int,
        about(
            "Satoshis.",
            10000,
            why="How many satoshis, for example 5000.",
            unquoted=True,
            ge=1,
            le=MAX_SATS,
        ),
    ]


class Resend(Params, kw_only=True):
    """Which webhook's order it is."""

    order_id: Annotated[
        str,
        about("The order's id; or send the X-API-Key that paid for it.", read=fields.order_id),
    ] = ""


class OrderQuery(Params, kw_only=True):
    """Which order."""

    order_id: _OrderId


class WaitQuery(Params, kw_only=True):
    """How long to wait for a change, and which texts are shown."""

    wait: Annotated[
        int,
        about(
            f"Additive: wait up to so many seconds (at most {MAX_WAIT_S}) for the order to change, "
            "then answer.",
            ge=0,
            le=LONGEST_WAIT_S,
        ),
    ] = 0
    since: (
        Annotated[
            int,
            about(
                "Additive: the timestamp last seen; a later change is answered at once.",
                ge=0,
                le=_LATEST_MS,
            ),
        ]
        | None
    ) = None
    page: Annotated[
        int,
        about(
            "Additive: 2 has the 20 texts before the latest 20 in `messages`, and so on. From 2 on "
            "it is answered at once.",
            ge=1,
            le=LAST_PAGE,
        ),
    ] = 1


class StatusQuery(WaitQuery, kw_only=True):
    """Which order, and how long to wait for a change."""

    order_id: _OrderId


class PlaceQuery(Params, kw_only=True):
    """A country and a service."""

    country: _AnyCountry = None
    service: _AnyService = ""


class PriceQuery(PlaceQuery, kw_only=True):
    """The order whose price is wanted."""

    message: Annotated[
        str | None,
        about("Additive: the text to send; `send` is then the price of all its segments."),
    ] = None
    phone: Annotated[str | None, about("Additive: the number to text.", read=phone_number)] = None
    address: Annotated[
        _Address,
        about(
            "Additive: the e-mail address to write to, without `phone`; `send` is then the price "
            "of an e-mail, however long."
        ),
    ] = ""
    rental_hours: (
        Annotated[int, about("Additive: `rent` is then the price of so many hours.", ge=1)] | None
    ) = None


class RentQuery(Params, kw_only=True):
    """The service of a rental."""

    service: Annotated[_Name, about("Code or name; full (any sender) if not given.", "full")] = ""


class CountryQuery(Params, kw_only=True):
    """Where numbers are wanted."""

    country: Annotated[
        int | str | None,
        about(
            "Number, name or ISO code; 999 = any, if not given.", 187, read=number_fields.country
        ),
    ] = None
    realphone: Annotated[bool, about("Additive: the operator's own numbers.")] = False


class PageQuery(Params, kw_only=True):
    """Which entries."""

    limit: Annotated[int, about("How many entries at most.", ge=1, le=MAX_PAGE)] = USUAL_PAGE
    cursor: Annotated[Line, about("`next` of the page before.", max_length=_MAX_CURSOR_CHARS)] = ""
