"""What ``POST /v2/l402/order`` and the lists beside it take.

The addresses and order types are those of sms4sats' L402 API (v2.3.0). Its fields are not
published: they are named as in its older API.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit import number_fields
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.schema import Line, about

RECEIVE: Final = "receive-sms"
AGAIN: Final = "receive-sms-reactivate"
RENT: Final = "rent-number"
TYPES: Final = (RECEIVE, AGAIN, RENT)

CODE_EXAMPLE: Final[dict[str, Any]] = {"type": RECEIVE, "country": 187, "service": "vk"}
AGAIN_EXAMPLE: Final[dict[str, Any]] = {
    "type": AGAIN,
    "orderId": "7dc6e6b61d8c54dff6b8d6ea2e3f08b018e57963df81d493a6f9728c4dc83318",
}
RENT_EXAMPLE: Final[dict[str, Any]] = {"type": RENT, "country": 187, "rentalHours": 4}
EXAMPLES: Final = {
    "code": CODE_EXAMPLE,
    "the same number again": AGAIN_EXAMPLE,
    "rent": RENT_EXAMPLE,
}


def _type(fields: Fields, name: str) -> str:
    written = fields.get(name)
    if isinstance(written, str) and written.strip().lower() in TYPES:
        return written.strip().lower()
    raise fields.wrong(
        name,
        f"must be one of {', '.join(TYPES)}.",
        "UNKNOWN_ORDER_TYPE",
        f'For example "{RECEIVE}".',
    )


def _former(fields: Fields, name: str) -> str:
    written = fields.get(name)
    order_id = number_fields.canonical_id(written) if isinstance(written, str) else ""
    if not order_id:
        raise fields.wrong(
            name,
            "is not the id of an order: 64 hexadecimal digits.",
            "INVALID_TYPE",
            "Send orderId as it was answered.",
        )
    return order_id


_Country = Annotated[
    int | str | None,
    about("Number, name or ISO code; any, if absent.", 187, read=number_fields.country),
]
_Service = Annotated[
    Annotated[Line, about("", max_length=number_fields.MAX_NAME_CHARS)],
    about("Code or name; for a rental `full` (every sender) if absent.", "vk"),
]


class OrderNumber(msgspec.Struct, kw_only=True):
    """The number that is wanted."""

    type: Annotated[
        str,
        about(
            "`receive-sms`: one code. `receive-sms-reactivate`: one more code on the number that "
            "the order `orderId` had. `rent-number`: every text to a number, for hours.",
            read=_type,
            schema={"enum": list(TYPES)},
        ),
    ] = RECEIVE
    country: _Country = None
    service: _Service = ""
    rental_hours: Annotated[
        Annotated[int, about("", ge=1)] | None,
        about("`rent-number` alone: for how long, the operator's setting at most.", 4),
    ] = msgspec.field(name="rentalHours", default=None)
    order_id: Annotated[
        str,
        about(
            "`receive-sms-reactivate` alone: the order whose number is wanted once more.",
            AGAIN_EXAMPLE["orderId"],
            read=_former,
        ),
    ] = msgspec.field(name="orderId", default="")
    realphone: Annotated[bool, about("A number of the operator's own telephones.")] = False
    refund_address: Annotated[str, about("A Lightning Address, shown with the refund.")] = ""
    callback_url: Annotated[
        str, about("Gets every change of the order, signed; see the answer's webhook_secret.")
    ] = ""


class NumberQuote(msgspec.Struct):
    """The number whose exact price is wanted."""

    country: _Country = None
    service: _Service = ""


class CatalogQuery(msgspec.Struct):
    """Narrows the offers down."""

    country: Annotated[
        int | str | None,
        about("Offers in this country; number, name or ISO code.", 187, read=number_fields.country),
    ] = None
    service: Annotated[
        Annotated[Line, about("", max_length=number_fields.MAX_NAME_CHARS)],
        about("Offers for this service; code or name.", "vk"),
    ] = ""
