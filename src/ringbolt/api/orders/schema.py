"""What goes in and out at each address, for the OpenAPI document; tests hold answers against it.

Names, types and shapes are sms4sats'; what is beside them is additive and says so. Amounts are
satoshis, times ms UTC.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

_ORDER_ID = "7dc6e6b61d8c54dff6b8d6ea2e3f08b018e57963df81d493a6f9728c4dc83318"
_INVOICE = "lnbc30u1p34yef6pp50hrwddsa332dla4c6m4zu0cgkqvw27trm7qafyaxl9egcnwgxvvq..."
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


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderError(Document):
    """What went wrong, in plain words."""

    status: Literal["error"]
    reason: str = Field(examples=["order not found"])
    error_code: str = Field(description="Additive: a stable name of the error.")
    suggestion: str = Field(description="Additive: what to do about it.")
    field: str | None = Field(None, description="Additive: the field at fault.")


class Created(Document):
    """The order, and the invoice that pays for it."""

    status: Literal["OK"]
    orderId: str = Field(description="64 hex digits; whoever knows it may see the order.")  # noqa: N815
    payreq: str = Field(
        description="A hold invoice (BOLT11), or 'paid' if it was paid from the balance.",
        examples=[_INVOICE, "paid"],
    )
    paymentHash: str | None = Field(None, description="Additive: of the invoice, hex.")  # noqa: N815
    price: int = Field(description="Additive: satoshis.", examples=[3000])
    expiresAt: int | None = Field(  # noqa: N815
        None, description="Additive: until when the invoice can be paid."
    )
    segments: int | None = Field(None, description="Additive: into how many a text is divided.")
    webhookSecret: str | None = Field(  # noqa: N815
        None, description="Additive: the key of this order's webhook signatures (whsec_...)."
    )


class ReceivedText(Document):
    timestamp: int
    text: str
    from_: str | None = Field(None, alias="from")
    code: str | None = None


class OrderStatus(Document):
    """The order as it is now. What has no value yet is absent."""

    status: Literal["OK"]
    paid: bool = Field(description="The payment is held, or was taken from the balance.")
    code: int | str | None = Field(
        None,
        description="The activation code; a number where that loses nothing. See codeText.",
        examples=[48010],
    )
    id: int | str | None = Field(None, description="The number's, or the message's, name.")
    number: int | None = Field(None, description="The number lent, without +.")
    timestamp: int | None = Field(None, description="Of the latest change, ms UTC.")
    country: str | None = Field(None, examples=["India"])
    service: str | None = Field(None, examples=["openAI"])
    smsStatus: Literal["created", "sent", "delivered", "failed"] | None = None  # noqa: N815
    emailStatus: Literal["created", "sent", "delivered", "failed"] | None = None  # noqa: N815
    amount: int | None = Field(None, description="Of a top-up.")
    error: str | None = Field(
        None, description="Why it came to nothing; the money is returned by itself."
    )
    state: str = Field(description="Additive: the order's state, see docs/lifecycle.md.")
    codeText: str | None = Field(  # noqa: N815
        None, description="Additive: the code as text, leading zeros and all."
    )
    sms: str | None = Field(None, description="Additive: the latest text, whole.")
    messages: list[ReceivedText] | None = Field(None, description="Additive: every text.")
    isRental: bool | None = None  # noqa: N815
    expiresAt: int | None = None  # noqa: N815
    cancelAfter: int | None = Field(  # noqa: N815
        None, description="Additive: from when on it can be cancelled."
    )
    orderId: str | None = None  # noqa: N815


class Done(Document):
    """It is done."""

    status: Literal["OK"]


class Balance(Document):
    """What can still be spent."""

    status: Literal["OK"]
    balance: int = Field(examples=[10000])


class Funding(Document):
    amount: int
    createdAt: int  # noqa: N815
    desc: str
    description: str
    holdinvoice: bool
    preimage: str
    preimageHash: str  # noqa: N815
    price: int
    userId: str  # noqa: N815


class History(Document):
    """The fundings of an account, the latest first."""

    status: Literal["OK"]
    totalAmount: int = Field(description="Of all fundings.")  # noqa: N815
    orders: list[Funding]
    next: str | None = Field(None, description="Additive: the cursor of the next page.")


class LedgerEntry(Document):
    id: str
    at: int
    kind: str = Field(examples=["reserve"])
    amount: int = Field(description="Satoshis; negative: a debit.", examples=[-1000])
    amount_msat: int
    state: Literal["posted", "pending", "captured", "voided"]
    orderId: str | None = None  # noqa: N815
    resolvedAt: int | None = None  # noqa: N815


class LedgerPage(Document):
    """Every debit and credit of an account, the latest first."""

    status: Literal["OK"]
    entries: list[LedgerEntry]
    next: str | None = Field(None, description="The cursor of the next page; absent on the last.")


class Prices(Document):
    """What an order costs, satoshis."""

    receive: int = Field(description="An activation code.", examples=[3000])
    send: int = Field(description="A segment of a text, or an e-mail.", examples=[1000])
    rent: int = Field(description="A number for 4 hours, all its texts.", examples=[15000])
    s4s: int = Field(description="A code on a number of the operator's own.", examples=[5000])


class Price(Document):
    """What a code of that service costs in that country, satoshis."""

    price: int = Field(examples=[3000])


class Image(Document):
    avatar: bool
    src: str = Field(examples=["/assets/saimages/vk0.png"])


class ServiceStatus(Document):
    """A service whose codes can be received."""

    key: str = Field(examples=["vk"])
    text: str = Field(examples=["VK"])
    value: str = Field(description="Give this as `service`.", examples=["vk"])
    count: str = Field(description="How many numbers are free, as text.", examples=["28"])
    image: Image


class ServicesStatus(RootModel[list[ServiceStatus]]):
    """The services whose codes can be received."""


class Service(Document):
    code: str
    name: str


class Services(RootModel[list[Service]]):
    """Codes and names."""


class Country(Document):
    """A country in which there are numbers; the same in two writings."""

    id: int = Field(examples=[187])
    eng: str = Field(examples=["USA"])
    visible: int
    rent: bool
    cc: int
    country: str


class Countries(RootModel[list[Country]]):
    """The countries in which there are numbers."""


class RentalCountry(Document):
    cc: int
    country: str
    duration: str = Field(description="Hours, as text.", examples=["4"])
    price: int = Field(examples=[15000])


class RentalCountries(RootModel[list[RentalCountry]]):
    """What a rented number costs, by country."""


class Availability(Document):
    """It answers, and says where to read on."""

    status: Literal["OK"]
    name: str
    version: str
    docs: str
    prices: str


class WebhookTry(Document):
    at: int
    httpStatus: int | None = Field(description="null: there was no answer.")  # noqa: N815
    error: str
    tookMs: int  # noqa: N815


class Webhook(Document):
    id: str = Field(description="The webhook-id header: the same in every try.")
    seq: int
    url: str
    state: Literal["pending", "delivered", "given_up"]
    createdAt: int  # noqa: N815
    doneAt: int | None = None  # noqa: N815
    tries: list[WebhookTry]


class WebhookLog(Document):
    """What was told to the order's webhookUrl, and how it went."""

    status: Literal["OK"]
    webhooks: list[Webhook]
    next: str | None = Field(None, description="The cursor of the next page.")


class Resent(Document):
    """It will be told once more."""

    status: Literal["OK"]
    id: str
