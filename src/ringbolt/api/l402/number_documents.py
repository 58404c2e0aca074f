"""What the orders for numbers answer. Names are those of sms4sats' older API."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from ringbolt.api.kit.schema import about
from ringbolt.api.l402.documents import Invoiced, RefundDocument, refund_document
from ringbolt.api.l402.number_schema import AGAIN, RECEIVE, RENT
from ringbolt.app.webhooks.number_status import NumberReport
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.notices import NumberNotice, TextNotice
from ringbolt.core.order import DELIVERED, OrderState
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.services import SERVICES
from ringbolt.store.refunds import Refund, RefundState

PENDING: Final = "pending"
WAITING: Final = "waiting"
RECEIVED: Final = "received"
FAILED: Final = "failed"
REFUNDED: Final = "refunded"
STATUSES: Final = (PENDING, WAITING, RECEIVED, FAILED, REFUNDED)
_NO_NUMBER: Final = "No available number, order is canceled."


class NumberPaymentRequired(Invoiced, kw_only=True):
    """The invoice to pay, and the macaroon that its payment makes valid for this order alone."""

    order_id: Annotated[str, about("The id that the order has once it is paid.")] = msgspec.field(
        name="orderId"
    )
    status_url: Annotated[str, about("Where it can be polled, with the paid credential.")]


class Text(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A text that came."""

    timestamp: Annotated[int, about("ms UTC.")]
    text: str
    from_: str | None = msgspec.field(name="from", default=None)
    code: str | None = None


class NumberOrder(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """The order, its number and what came to it. A field without a value is absent."""

    order_id: str
    type: Annotated[str, about("", schema={"enum": [RECEIVE, AGAIN, RENT]})]
    status: Annotated[
        str,
        about(
            "`pending`: a number is looked for. `waiting`: for its texts. `received`: a code came, "
            "or the rental is paid for. `failed`: see `error` and `refund`. `refunded`: the money "
            "is back.",
            schema={"enum": list(STATUSES)},
        ),
    ]
    paid: bool
    state: Annotated[str, about("The order's state, as everywhere in this shop.")]
    number: Annotated[int | None, about("Without a plus.")] = None
    phone: Annotated[str | None, about("The same in E.164 format.")] = None
    code: Annotated[str | None, about("The latest code; a text, because it may begin with 0.")] = (
        None
    )
    sms: Annotated[str | None, about("The latest text.")] = None
    messages: list[Text] | None = None
    messages_count: int | None = None
    text_masked: Annotated[
        bool | None, about("A text without a code came; it is whole once it is paid for.")
    ] = None
    country: str | None = None
    service: str | None = None
    timestamp: Annotated[int | None, about("When something changed last, ms UTC.")] = None
    expires_at: Annotated[int | None, about("Until when texts are received, ms UTC.")] = None
    cancel_after: Annotated[int | None, about("From when it can be cancelled, ms UTC.")] = None
    error: Annotated[str | None, about("Why it failed.")] = None
    price_sats: Annotated[int, about("What was paid.")] = msgspec.field(name="price_sats")
    charged_sats: Annotated[int, about("What it cost: nothing until something came.")] = (
        msgspec.field(name="charged_sats")
    )
    refund: RefundDocument | None = None
    refund_address: str | None = msgspec.field(name="refund_address", default=None)
    webhook_secret: Annotated[str | None, about("With callback_url: the key that signs.")] = (
        msgspec.field(name="webhook_secret", default=None)
    )


def order_type(command: ReceiveTexts) -> str:
    """The type of an order, by what it asks for."""
    if command.hours:
        return RENT
    return AGAIN if command.again else RECEIVE


def number_order(report: NumberReport, base: str, cancel_after_ms: int) -> NumberOrder:
    """``cancel_after_ms``: how long after it was assigned a number can first be given back."""
    order, notice = report.order, report.notice
    receiving = notice.receiving
    assert receiving is not None, "an order for a number"
    refund = report.refund if order.state not in DELIVERED else None
    number = receiving.number
    return NumberOrder(
        order_id=order.id,
        type=order_type(order.command_as(ReceiveTexts)),
        status=number_status(order.state, receiving),
        paid=True,
        state=order.state,
        number=int(number.lstrip("+")) if number else None,
        phone=number or None,
        code=receiving.code or None,
        sms=receiving.latest or None,
        messages=[_text(each) for each in receiving.texts] or None,
        messages_count=receiving.texts_kept or None,
        text_masked=receiving.is_masked or None,
        country=COUNTRIES[receiving.country].name if receiving.country in COUNTRIES else None,
        service=_service_name(receiving.service),
        timestamp=notice.changed_ms,
        expires_at=notice.expires_ms,
        cancel_after=_cancel_after(report, receiving, cancel_after_ms),
        error=_error(report, refund),
        price_sats=sats_up(order.price_msat),
        charged_sats=sats_up(report.charged_msat),
        refund=None if refund is None else refund_document(refund, base),
        refund_address=order.refund_address or None,
    )


def _service_name(code: str) -> str:
    service = SERVICES.get(code)
    return code if service is None else service.name


def _text(text: TextNotice) -> Text:
    return Text(
        timestamp=text.at_ms, text=text.text, from_=text.sender or None, code=text.code or None
    )


def number_status(state: OrderState, receiving: NumberNotice) -> str:
    """One of ``STATUSES``."""
    match state:
        case OrderState.FAILED:
            return FAILED
        case OrderState.RETURNED:
            return REFUNDED
        case OrderState.FULFILLED | OrderState.SETTLED:
            return RECEIVED
        case _:
            return WAITING if receiving.number else PENDING


def _cancel_after(
    report: NumberReport, receiving: NumberNotice, cancel_after_ms: int
) -> int | None:
    if report.order.state is not OrderState.IN_PROGRESS or receiving.assigned_ms is None:
        return None
    return max(receiving.assigned_ms + cancel_after_ms, receiving.cancel_after_ms)


def _error(report: NumberReport, refund: Refund | None) -> str | None:
    """Why the buyer gets the money back, and how; None for an order that is well."""
    if report.notice.fault is None:
        return None
    why = report.notice.fault.strip().rstrip(".") or "it could not be fulfilled"
    said = _NO_NUMBER if report.notice.has_no_number else f"{why[0].upper()}{why[1:]}."
    if refund is None or refund.state is not RefundState.OPEN:
        return said
    return f"{said} Withdraw your money: see refund."


class ServiceOffer(msgspec.Struct, kw_only=True):
    """A service whose codes can be received."""

    code: str
    name: str
    price_sats: Annotated[int, about("Of one code.")]
    available: Annotated[int, about("How many numbers are free.")]


class Services(msgspec.Struct, kw_only=True):
    """The services whose codes can be received."""

    country: Annotated[int, about("Its number; 999 is any.")]
    services: list[ServiceOffer]


class CatalogOffer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something that can be ordered, as it is ordered."""

    type: Annotated[str, about("", RECEIVE)]
    country: int
    country_name: str
    service: str
    service_name: str
    price_sats: int
    available: Annotated[int | None, about("How many numbers are free, if that is known.")] = None
    rental_hours: Annotated[int | None, about("Of a rental: for how long.")] = msgspec.field(
        name="rentalHours", default=None
    )


class CatalogDocument(msgspec.Struct, kw_only=True):
    """Offers, those with most free numbers first, and the countries to ask for."""

    offers: list[CatalogOffer]
    countries: Annotated[list[int], about("Where there are numbers, by their numbers.")]


class About(msgspec.Struct, kw_only=True):
    """What the orders for numbers are, and where."""

    name: str
    description: str
    protocols: list[str]
    types: list[str]
    services: str
    catalog: str
    order: str
    status: str
    cancel: str
    flow: list[str]
    credential_valid_seconds: int
