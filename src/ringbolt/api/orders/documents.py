"""What comes out at each address, for the OpenAPI document; tests hold answers against it.

Names, types and shapes are sms4sats'; what is beside them is additive and says so. Amounts are
satoshis, times ms UTC.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

_INVOICE = "lnbc30u1p34yef6pp50hrwddsa332dla4c6m4zu0cgkqvw27trm7qafyaxl9egcnwgxvvq..."


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
        None,
        description="Why it came to nothing. The money is returned by itself if paid is true; if "
        "paid is false, nobody paid, and nothing is returned.",
    )
    state: str = Field(description="Additive: the order's state, see docs/lifecycle.md.")
    codeText: str | None = Field(  # noqa: N815
        None, description="Additive: the code as text, leading zeros and all."
    )
    sms: str | None = Field(None, description="Additive: the latest text, whole.")
    messages: list[ReceivedText] | None = Field(
        None, description="Additive: the latest 20 texts; with `page=2` the 20 before them."
    )
    messagesCount: int | None = Field(  # noqa: N815
        None, description="Additive: how many texts there are, if more than 20."
    )
    messagesNotKept: int | None = Field(  # noqa: N815
        None, description="Additive: how many texts came beyond the 500 that are kept."
    )
    textMasked: bool | None = Field(  # noqa: N815
        None,
        description="Additive: no code was found, so that all that could be one is masked in "
        "`sms` and `messages` until the text is accepted.",
    )
    isRental: bool | None = None  # noqa: N815
    expiresAt: int | None = None  # noqa: N815
    assignedAt: int | None = Field(  # noqa: N815
        None, description="Additive: since when the number is the order's."
    )
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
    amount: int = Field(
        description="What it changed of the balance, satoshis; negative: a debit. 0 if it came to "
        "nothing, or is not there yet.",
        examples=[-1000],
    )
    amount_msat: int = Field(description="The same; all entries together are the balance.")
    reserved: int | None = Field(
        None, description="What was set aside at first, satoshis; absent where nothing was."
    )
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


class SuccessRate(Document):
    cc: int = Field(examples=[187])
    country: str = Field(description="Of the number.", examples=["USA"])
    service: str = Field(examples=["tg"])
    name: str = Field(examples=["Telegram"])
    orders: int = Field(description="That had a number and are over.", examples=[212])
    successPercent: int = Field(  # noqa: N815
        description="Of them got their code; rounded down.", examples=[93]
    )


class SuccessRates(Document):
    """How often a number got its code, the best first; of the shop's own orders."""

    status: Literal["OK"]
    days: int = Field(description="So far back orders are counted.", examples=[30])
    leastOrders: int = Field(  # noqa: N815
        description="A country and service with fewer orders is left out.", examples=[20]
    )
    rates: list[SuccessRate]


class Availability(Document):
    """It answers, and says where to read on."""

    status: Literal["OK"]
    name: str
    version: str
    docs: str
    prices: str


class WebhookTry(Document):
    at_ms: int
    status: int | None = Field(description="HTTP; null: there was no answer.")
    error: str
    took_ms: int


class Webhook(Document):
    id: str = Field(description="The webhook-id header: the same in every try.")
    order_id: str
    topic: str = Field(description="What it tells of; '' is the order as it stands.")
    seq: int = Field(description="From 1: in this order they are told, each topic by itself.")
    method: str
    url: str
    state: Literal["pending", "delivered", "given_up"]
    tries: int
    created_ms: int
    done_ms: int | None
    log: list[WebhookTry]


class WebhookLog(Document):
    """What was told to the order's webhookUrl, and how it went."""

    status: Literal["OK"]
    webhooks: list[Webhook]
    next: str | None = Field(None, description="The cursor of the next page.")


class Resent(Document):
    """It will be told once more."""

    status: Literal["OK"]
    id: str
