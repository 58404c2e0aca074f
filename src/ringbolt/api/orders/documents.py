"""What is answered at each address.

Names, types and shapes are sms4sats'; what is additive says so. Amounts are satoshis, times ms UTC.
A key without a value is absent, never null: clients wait for ``code`` and ``number`` to appear.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ringbolt.api.kit.schema import about

_INVOICE = "lnbc30u1p34yef6pp50hrwddsa332dla4c6m4zu0cgkqvw27trm7qafyaxl9egcnwgxvvq..."
_Next = Annotated[str, about("The cursor of the next page; absent on the last.")]
_OrderId = Annotated[str, about("64 hex digits; anyone who knows it may see the order.")]
_Country = Annotated[str, about("", "USA")]
_Delivery = Literal["created", "sent", "delivered", "failed"]


class Part(
    msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A part of an answer, or one that is a list."""


class Document(Part, tag_field="status", tag="OK"):
    """A successful answer."""


class OrderError(Part, rename=None, kw_only=True, tag_field="status", tag="error"):
    """What went wrong, in plain words."""

    reason: Annotated[str, about("", "order not found")]
    error_code: Annotated[str, about("Additive: a stable name of the error.")]
    suggestion: Annotated[str, about("Additive: what to do about it.")]
    field: Annotated[str | None, about("Additive: the field at fault.")] = None


class Created(Document, kw_only=True):
    """The order, and the invoice that pays for it."""

    order_id: _OrderId
    payreq: Annotated[
        str,
        about(
            "A hold invoice (BOLT11), or 'paid' if it was paid from the balance.", _INVOICE, "paid"
        ),
    ]
    payment_hash: Annotated[str | None, about("Additive: of the invoice, hex.")] = None
    price: Annotated[int, about("Additive: satoshis.", 3000)]
    expires_at: Annotated[int | None, about("Additive: until when the invoice can be paid.")] = None
    segments: Annotated[int | None, about("Additive: how many segments a text has.")] = None
    webhook_secret: Annotated[
        str | None, about("Additive: the key of this order's webhook signatures (whsec_...).")
    ] = None


class ReceivedText(Part):
    """One text that came."""

    timestamp: int
    text: str
    from_: str | None = msgspec.field(name="from", default=None)
    code: str | None = None


class OrderStatus(Document, kw_only=True):
    """The order as it is now. What has no value yet is absent."""

    paid: Annotated[bool, about("The payment is held, or was taken from the balance.")]
    code: Annotated[
        int | str | None,
        about("The activation code; a number where that loses nothing. See codeText.", 48010),
    ] = None
    id: Annotated[int | str | None, about("Identifies the number or the message.")] = None
    number: Annotated[int | None, about("The number of the order, without +.")] = None
    timestamp: Annotated[int | None, about("Of the latest change, ms UTC.")] = None
    country: _Country | None = None
    service: Annotated[str | None, about("", "openAI")] = None
    sms_status: _Delivery | None = None
    email_status: _Delivery | None = None
    amount: Annotated[int | None, about("Of a top-up.")] = None
    error: Annotated[
        str | None,
        about(
            "Why the order failed. The money is returned automatically if paid is true; if paid "
            "is false, nobody paid, and nothing is returned."
        ),
    ] = None
    state: Annotated[str, about("Additive: the order's state, see docs/lifecycle.md.")]
    code_text: Annotated[
        str | None, about("Additive: the code as text, leading zeros and all.")
    ] = None
    sms: Annotated[str | None, about("Additive: the latest text, whole.")] = None
    messages: Annotated[
        list[ReceivedText] | None,
        about("Additive: the latest 20 texts; with `page=2` the 20 before them."),
    ] = None
    messages_count: Annotated[
        int | None, about("Additive: how many texts there are, if more than 20.")
    ] = None
    messages_not_kept: Annotated[
        int | None, about("Additive: how many texts came beyond the 500 that are kept.")
    ] = None
    text_masked: Annotated[
        bool | None,
        about(
            "Additive: no code was found; everything that could be one is masked in `sms` and "
            "`messages` until the text is accepted."
        ),
    ] = None
    call_status: Annotated[
        str | None,
        about(
            "Of a call: queued, ringing, in-progress, completed, busy, no-answer, failed or "
            "canceled."
        ),
    ] = None
    digits: Annotated[str | None, about("Of a call: the keys that were pressed.")] = None
    call_duration: Annotated[int | None, about("Of a call that is over: seconds.")] = None
    heard_seconds: Annotated[
        int | None, about("Of a call: how many seconds of its message were heard.")
    ] = None
    cause: Annotated[str | None, about("Of a call: why it ended, as the carrier says.")] = None
    notes: Annotated[list[str] | None, about("Of a call: for example partly_unspoken.")] = None
    is_rental: bool | None = None
    expires_at: int | None = None
    assigned_at: Annotated[int | None, about("Additive: when the number was assigned.")] = None
    cancel_after: Annotated[int | None, about("Additive: when it can first be cancelled.")] = None
    order_id: str | None = None


class Done(Document):
    """It is done."""


class Balance(Document, kw_only=True):
    """What can still be spent, satoshis."""

    balance: Annotated[int, about("", 10000)]


class Funding(Part, rename=None, kw_only=True):
    """A settled top-up, as sms4sats names its parts."""

    amount: int
    created_at: int = msgspec.field(name="createdAt")
    desc: str
    description: str
    holdinvoice: bool
    preimage: str
    preimage_hash: str = msgspec.field(name="preimageHash")
    price: int
    user_id: str = msgspec.field(name="userId")


class History(Document, kw_only=True):
    """The fundings of an account, the latest first."""

    total_amount: Annotated[int, about("Of all fundings.")]
    orders: list[Funding]
    next: _Next | None = None


class LedgerEntry(Part, kw_only=True):
    """A debit or credit."""

    id: str
    at: int
    kind: Annotated[str, about("", "reserve")]
    amount: Annotated[
        int,
        about(
            "By how much it changed the balance, satoshis; a debit is negative. 0 if it is voided, "
            "or a credit that is still pending.",
            -1000,
        ),
    ]
    amount_msat: int = msgspec.field(name="amount_msat")
    reserved: Annotated[
        int | None, about("What was set aside at first, satoshis; absent where nothing was.")
    ] = None
    state: Annotated[str, about("posted, pending, captured or voided.", "posted")]
    order_id: str | None = None
    resolved_at: int | None = None


class LedgerPage(Document, kw_only=True):
    """Every debit and credit of an account, the latest first."""

    entries: list[LedgerEntry]
    next: _Next | None = None


class Prices(Part, kw_only=True):
    """What an order costs, satoshis."""

    receive: Annotated[int, about("An activation code.", 3000)]
    send: Annotated[int, about("A segment of a text, or an e-mail.", 1000)]
    rent: Annotated[int, about("A number for 4 hours, all its texts.", 15000)]
    s4s: Annotated[int, about("A code on a number of the operator's own.", 5000)]


class Price(Part, kw_only=True):
    """What a code of that service costs in that country, satoshis."""

    price: Annotated[int, about("", 3000)]


class Image(Part, kw_only=True):
    """A picture for a service."""

    avatar: bool
    src: Annotated[str, about("", "/assets/saimages/vk0.png")]


class ServiceStatus(Part, kw_only=True):
    """The services whose codes can be received."""

    key: Annotated[str, about("", "vk")]
    text: Annotated[str, about("", "VK")]
    value: Annotated[str, about("Give this as `service`.", "vk")]
    count: Annotated[str, about("How many numbers are free, as text.", "28")]
    image: Image


class Service(Part, kw_only=True):
    """Codes and names."""

    code: str
    name: str


class Country(Part, kw_only=True):
    """The countries in which there are numbers, each in two forms."""

    id: Annotated[int, about("", 187)]
    eng: _Country
    visible: int
    rent: bool
    cc: int
    country: str


class RentalCountry(Part, kw_only=True):
    """What a rented number costs, by country."""

    cc: int
    country: str
    duration: Annotated[str, about("Hours, as text.", "4")]
    price: Annotated[int, about("", 15000)]


class SuccessRate(Part, kw_only=True):
    """How often a number of a country got the code of a service."""

    cc: Annotated[int, about("", 187)]
    country: Annotated[str, about("Of the number.", "USA")]
    service: Annotated[str, about("", "tg")]
    name: Annotated[str, about("", "Telegram")]
    orders: Annotated[int, about("Finished orders that had a number.", 212)]
    success_percent: Annotated[int, about("How many of them got their code; rounded down.", 93)]


class SuccessRates(Document, kw_only=True):
    """How often a number got its code, the best first; of the shop's own orders."""

    days: Annotated[int, about("Over how many days orders are counted.", 30)]
    least_orders: Annotated[int, about("A country and service with fewer orders is left out.", 20)]
    rates: list[SuccessRate]


class ApiPointer(Part):
    """One of the shop's APIs: what to use it for, and the address to begin with."""

    name: str
    use: str
    begin: str


class Availability(Document, kw_only=True):
    """The API answers, and says where its documents are."""

    name: str
    version: str
    docs: str
    prices: str
    apis: list[ApiPointer]
    links: Annotated[dict[str, str], about("Where programs read what is sold now, and how.")]


class WebhookTry(Part, rename=None, kw_only=True):
    """One delivery that was tried."""

    at_ms: int
    status: Annotated[int | None, about("HTTP; null: there was no answer.")]
    error: str
    took_ms: int


class Webhook(Part, rename=None, kw_only=True):
    """One message to a receiver."""

    id: Annotated[str, about("The webhook-id header: the same in every try.")]
    order_id: str
    topic: Annotated[str, about("What it is about; '' is the order itself.")]
    seq: Annotated[int, about("From 1, for each topic: the order in which they are sent.")]
    method: str
    url: str
    state: Literal["pending", "delivered", "given_up"]
    tries: int
    created_ms: int
    done_ms: int | None
    log: list[WebhookTry]


class WebhookLog(Document, kw_only=True):
    """What was sent to the order's webhookUrl, and how it went."""

    webhooks: list[Webhook]
    next: _Next | None = None


class Resent(Document, kw_only=True):
    """It will be sent once more."""

    id: str
