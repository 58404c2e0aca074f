"""``/api/estimate-cost``: the price of a request, exactly as its invoice will say it. Free."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.discovery.links import ESTIMATE
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.schema import Line, about
from ringbolt.api.kit.telephone_fields import phone_number
from ringbolt.app.checkout.estimate import Wanted, estimate
from ringbolt.app.requests.plain_call import (
    MAX_DIGITS,
    MAX_REPEAT,
    MAX_URL_CHARS,
    Keys,
    PlainCall,
)
from ringbolt.app.shop import Shop
from ringbolt.core.closed_sales import SERVICES
from ringbolt.core.countries import AUTO_SELECT, resolve_country
from ringbolt.core.pricing.rates import MAX_MINUTES
from ringbolt.core.services import resolve_service

_MAX_HOURS: Final = 24 * 366
_MAX_CHARS: Final = 20_000
_NAMES: Final = MappingProxyType(
    {
        **{name: name for name in SERVICES},
        "place-call": "call",
        "send-sms": "text",
        "sms": "text",
        "receive-sms": "code",
        "rent-number": "rent",
        "send-email": "email",
        "text-to-speech": "speech",
        "tts": "speech",
    }
)
"""The services by every name that is understood."""
EXAMPLE: Final[dict[str, Any]] = {
    "service": "call",
    "phone_number": "+12025550123",
    "duration_minutes": 2,
}
_ANSWER: Final[dict[str, Any]] = {
    "service": "call",
    "amount_sats": 100,
    "amount_msat": 100_000,
    "currency": "sat",
    "quantity": 2,
    "unit": "minute",
    "exact": True,
}


def _minutes(fields: Fields, name: str) -> float | None:
    """A number, also as a text, as queries have it. Raises ``InvalidInput``."""
    value = fields.get(name)
    if isinstance(value, str):
        try:
            value = float(value) if value.strip() else None
        except ValueError:
            value = -1
    if value is not None and (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 1 <= value <= MAX_MINUTES
    ):
        raise fields.wrong(
            name,
            f"must be a number between 1 and {MAX_MINUTES}.",
            "INVALID_DURATION",
            "Send how many minutes are called.",
        )
    return value


def _gather(fields: Fields, name: str) -> bool:
    """Whether keys are asked for; how many does not matter for the price."""
    return isinstance(fields.get(name), dict) or fields.boolean(name)


class Priced(msgspec.Struct, kw_only=True):
    """The request whose price is wanted: ``service``, and the fields of the order as far as they
    are known."""

    service: Annotated[
        Line,
        about(
            f"{', '.join(SERVICES)}; or place-call, send-sms, receive-sms, rent-number, "
            "send-email.",
            "call",
            why="It is one of " + ", ".join(SERVICES) + ".",
            max_length=40,
        ),
    ]
    phone_number: Annotated[
        str, about("Who is called or texted, E.164.", "+12025550123", read=phone_number)
    ] = ""
    message: Annotated[str, about("What is said or sent.", max_length=_MAX_CHARS)] = ""
    audio_url: Annotated[Line, about("The file that is played.", max_length=MAX_URL_CHARS)] = ""
    duration_minutes: Annotated[
        float | None,
        about(
            "How long a call is; 1 if not given.",
            2,
            read=_minutes,
            schema={"minimum": 1, "maximum": MAX_MINUTES},
        ),
    ] = None
    repeat: Annotated[int, about("How often a text or file is heard.", ge=1, le=MAX_REPEAT)] = 1
    gather: Annotated[
        bool, about("Whether key presses are asked for; an object counts as true.", read=_gather)
    ] = False
    country: Annotated[
        Line, about("Of the number: its number, name or ISO code; 999 is any.", max_length=64)
    ] = ""
    app: Annotated[Line, about("Whose code is received.", "telegram", max_length=64)] = ""
    hours: Annotated[int, about("How long a number is rented.", ge=0, le=_MAX_HOURS)] = 0
    realphone: Annotated[bool, about("A number of the operator's own.")] = False


class Price(msgspec.Struct, kw_only=True):
    """What the request costs."""

    service: str
    amount_sats: Annotated[int, about("What the invoice will say, satoshis.")]
    amount_msat: int
    currency: str
    quantity: int
    unit: Annotated[str, about("What is counted: minute, segment, code, hour, e-mail.")]
    exact: Annotated[
        bool, about("false: the lowest price, because the request does not say enough.")
    ]


def add_estimate(family: Family, shop: Shop) -> None:
    """The address, by GET and by POST."""

    async def price(request: Request[Priced]) -> Price:
        """The price of a request, without an order and without an invoice."""
        wanted = _wanted(shop, request.params)
        found = estimate(shop, wanted)
        return Price(
            service=wanted.service,
            amount_sats=found.sats,
            amount_msat=found.msat,
            currency="sat",
            quantity=found.quantity,
            unit=found.unit,
            exact=found.is_exact,
        )

    options: dict[str, Any] = {"tag": "discovery", "cost": "", "errors": (422,), "answer": _ANSWER}
    family.add("GET", ESTIMATE, price, Priced, Price, id="estimate_cost", **options)
    family.add(
        "POST",
        ESTIMATE,
        price,
        Priced,
        Price,
        id="estimate_cost_of_body",
        examples={"call": EXAMPLE},
        **options,
    )


def _wanted(shop: Shop, params: Priced) -> Wanted:
    """Raises ``InvalidInput``."""
    of = ""
    if params.app:
        has_simulated = shop.number_providers.has_simulated
        of = resolve_service(params.app, scripted_allowed=has_simulated).code
    audio_url = params.audio_url
    minutes = params.duration_minutes
    return Wanted(
        service=_NAMES.get(params.service.lower(), params.service),
        call=PlainCall(
            to=params.phone_number,
            message=params.message,
            audio_url=audio_url,
            minutes=1 if audio_url and minutes is None else minutes,
            repeat=params.repeat,
            keys=Keys(MAX_DIGITS, "#", 5) if params.gather else None,
        ),
        country=resolve_country(params.country or AUTO_SELECT.cc).cc,
        of=of,
        hours=params.hours,
        real=params.realphone,
    )
