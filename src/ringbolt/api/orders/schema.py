"""What goes in at each address, for the OpenAPI document; ``fields`` reads it.

Names, types and shapes are sms4sats'; what is beside them is additive and says so. Amounts are
satoshis, times ms UTC.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

_ORDER_ID = "7dc6e6b61d8c54dff6b8d6ea2e3f08b018e57963df81d493a6f9728c4dc83318"
_REF = Field(
    None,
    description="A Lightning Address that gets a share of the price once the order is settled.",
    examples=["satoshi@example.com"],
)
_IMMEDIATE = Field(
    False,
    description="true: take the price from the balance of the X-API-Key instead of an invoice.",
)
_WEBHOOK = Field(
    None,
    description="Where every change is POSTed: the /orderstatus document and orderId, signed "
    "(Standard Webhooks). https, a public address.",
    examples=["https://example.com/hook"],
)


class Request(BaseModel):
    """Fields that are not known are ignored."""

    model_config = ConfigDict(extra="ignore")


class CreateOrder(Request):
    """Receive a code, or rent a number."""

    model_config = ConfigDict(json_schema_extra={"example": {"country": 187, "service": "vk"}})

    country: int | str = Field(
        description="The country's number (187 = USA), name or ISO code; 999 = any.",
        examples=[187, "germany"],
    )
    service: str = Field(
        description="`value` of /getnumbersstatus, or a service's name. Of rentals: optional, "
        "'full' (texts of everybody) if not given.",
        examples=["vk"],
    )
    isRental: bool = Field(  # noqa: N815
        False, description="true: rent the number and receive every text for rentalHours."
    )
    rentalHours: int = Field(  # noqa: N815
        4, ge=1, description="Additive: for how many hours to rent; each started 4 are charged."
    )
    realphone: bool = Field(False, description="true: a number of the operator's own.")
    reactivate: str | None = Field(
        None, description="Additive: the orderId of an earlier order whose number is wanted again."
    )
    ref: str | None = _REF
    immediate: bool = _IMMEDIATE
    webhookUrl: str | None = _WEBHOOK  # noqa: N815


class CreateSendOrder(Request):
    """Send an SMS."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"phone": "+19871234567", "message": "Hello from Lightning"}}
    )

    message: str = Field(
        description="At most 140 characters (the operator's setting). Longer than one segment (160 "
        "GSM-7 or 70 other characters): each segment is charged.",
        examples=["Hello from Lightning"],
    )
    phone: str = Field(
        description="E.164, with or without +; spaces and dashes are taken.",
        examples=["+19871234567"],
    )
    ref: str | None = _REF
    immediate: bool = _IMMEDIATE
    webhookUrl: str | None = _WEBHOOK  # noqa: N815


class CreateEmailSendOrder(Request):
    """Send an e-mail."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"address": "satoshi@example.com", "message": "Hello from Lightning"}
        }
    )

    message: str = Field(
        description="Plain text, at most 140 characters (the operator's setting).",
        examples=["Hello from Lightning"],
    )
    address: str = Field(description="One e-mail address.", examples=["satoshi@example.com"])
    subject: str | None = Field(
        None, description="Additive: the subject, where the operator allows it."
    )
    ref: str | None = _REF
    immediate: bool = _IMMEDIATE
    webhookUrl: str | None = _WEBHOOK  # noqa: N815


class CreateFund(Request):
    """Add to the balance of the X-API-Key."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": 10000}})

    amount: int = Field(ge=1, description="Satoshis.", examples=[10000])


class InboundText(Request):
    """A text that came to a number of the operator's own."""

    id: str = Field(description="The sender's name for it: the same for the same text.")
    to: str = Field(description="The number that got it, E.164.", examples=["+12025550123"])
    from_: str = Field("", alias="from", description="Who sent it: a number or a name.")
    text: str = Field(description="What it says.")
    at: int | None = Field(None, description="When it came, ms UTC; now if not given.")


class Resend(Request):
    """Which webhook's order it is."""

    orderId: str | None = Field(  # noqa: N815
        None, description="The order's id; or send the X-API-Key that paid for it."
    )


class Query(BaseModel):
    """Query parameters."""


class OrderQuery(Query):
    orderId: str = Field(description="As /createorder answered it.", examples=[_ORDER_ID])  # noqa: N815


class WaitQuery(Query):
    wait: int = Field(
        0,
        ge=0,
        le=50,
        description="Additive: wait up to so many seconds for the order to change, then answer.",
    )
    since: int | None = Field(
        None,
        description="Additive: the timestamp last seen; a later change is answered at once.",
    )
    page: int = Field(
        1,
        ge=1,
        le=26,
        description="Additive: 2 has the 20 texts before the latest 20 in `messages`, and so on. "
        "From 2 on it is answered at once.",
    )


class StatusQuery(OrderQuery, WaitQuery):
    pass


class PriceQuery(Query):
    country: int | str | None = Field(None, description="Number, name or ISO code.", examples=[187])
    service: str | None = Field(None, description="Code or name.", examples=["vk"])
    message: str | None = Field(
        None,
        description="Additive: the text to send; `send` is then the price of all its segments.",
    )
    phone: str | None = Field(None, description="Additive: the number to text.")
    address: str | None = Field(
        None,
        description="Additive: the e-mail address to write to, without `phone`; `send` is then the "
        "price of an e-mail, however long.",
    )
    rentalHours: int | None = Field(  # noqa: N815
        None, description="Additive: `rent` is then the price of so many hours."
    )


class PlaceQuery(Query):
    country: int | str | None = Field(None, description="Number, name or ISO code.", examples=[187])
    service: str | None = Field(None, description="Code or name.", examples=["vk"])


class RentQuery(Query):
    service: str | None = Field(
        None, description="Code or name; full (everybody) if not given.", examples=["full"]
    )


class CountryQuery(Query):
    country: int | str = Field(
        999, description="Number, name or ISO code; 999 = any.", examples=[187]
    )
    realphone: bool = Field(False, description="Additive: the operator's own numbers.")


class PageQuery(Query):
    limit: int = Field(100, ge=1, le=1000, description="How many entries at most.")
    cursor: str | None = Field(None, description="`next` of the page before.")
