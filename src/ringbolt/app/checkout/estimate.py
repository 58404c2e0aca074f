"""The exact price of a request, without an order and without an invoice."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringbolt.app.checkout.check_call import check_call
from ringbolt.app.checkout.check_speech import check_speech
from ringbolt.app.checkout.prices import call_price, mail_price, speech_price, text_price
from ringbolt.app.checkout.sell_number import number_price
from ringbolt.app.checkout.sell_text import text_destination
from ringbolt.app.checkout.sold_now import has_part, lowest_price
from ringbolt.app.requests.plain_call import PlainCall
from ringbolt.app.shop import Shop
from ringbolt.core.closed_sales import SERVICES, Sold
from ringbolt.core.commands import ReceiveTexts, SpeakText
from ringbolt.core.countries import AUTO_SELECT, COUNTRIES
from ringbolt.core.errors import InvalidInput, Role, Unavailable
from ringbolt.core.phone import region_of
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.pricing.rates import started_minutes
from ringbolt.core.services import FULL_RENT
from ringbolt.core.texts.segments import count


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be priced: ``service`` of ``SERVICES``, and as much of the request as is known.
    ``call`` is one with the number, text or file; ``of`` whose codes are wanted, ``hours`` how long
    a number is rented (0: the shortest time)."""

    service: str
    call: PlainCall = field(default_factory=lambda: PlainCall(to=""))
    country: int = AUTO_SELECT.cc
    of: str = ""
    hours: int = 0
    real: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """``msat`` for ``quantity`` times ``unit``. ``is_exact``: exactly the amount of the invoice;
    otherwise the lowest price, because the request does not say enough."""

    msat: int
    quantity: int
    unit: str
    is_exact: bool = True

    @property
    def sats(self) -> int:
        return sats_up(self.msat)


def estimate(shop: Shop, wanted: Wanted) -> Estimate:
    """Raises ``InvalidInput``, ``DestinationRefused``, and ``Unavailable`` for what is not sold."""
    _check_known(shop, wanted.service)
    priced = _priced(shop, wanted)
    shop.terms.closed.check(Sold(wanted.service, _region(wanted)), shop.clock.now_ms())
    return priced


def _priced(shop: Shop, wanted: Wanted) -> Estimate:
    match wanted.service:
        case "call":
            return _call(shop, wanted.call)
        case "text":
            return _text(shop, wanted.call)
        case "email":
            return Estimate(mail_price(shop), 1, "e-mail")
        case "speech":
            return _speech(shop, wanted.call.message)
        case "rent":
            hours = wanted.hours or RENT_BLOCK_HOURS
            rented = ReceiveTexts(wanted.of or FULL_RENT, wanted.country, hours)
            return Estimate(number_price(shop, rented), hours, "hour")
        case _:
            code = ReceiveTexts(wanted.of, wanted.country, real=wanted.real)
            return Estimate(number_price(shop, code), 1, "code", is_exact=bool(wanted.of))


def _check_known(shop: Shop, service: str) -> None:
    if service not in SERVICES:
        raise InvalidInput(
            f"There is no service {service[:20]!r}.",
            code="UNKNOWN_SERVICE",
            role=Role.SERVICE,
            suggestion=f"Services are {', '.join(SERVICES)}.",
        )
    if not has_part(shop, service):
        raise Unavailable(
            f"{SERVICES[service]} are not sold here.",
            code="NOT_SOLD_NOW",
            suggestion="/llms.txt says what is sold now.",
        )


def _region(wanted: Wanted) -> str:
    """Where the order goes or comes from, ISO 3166; '' if that is not known."""
    if wanted.service in ("code", "rent"):
        country = COUNTRIES.get(wanted.country)
        return "" if country is None else country.region
    return region_of(wanted.call.to) if wanted.call.to else ""


def _call(shop: Shop, call: PlainCall) -> Estimate:
    minutes = 1 if call.minutes is None else started_minutes(call.minutes)
    if not call.to:
        lowest = lowest_price(shop, "call")
        return Estimate(lowest.sats * 1000 * minutes, minutes, "minute", is_exact=False)
    if call.message or call.audio_url:
        price = check_call(shop, call.command())
    else:
        price = call_price(shop, call.to, minutes)
    return Estimate(price.msat, price.minutes, "minute")


def _text(shop: Shop, text: PlainCall) -> Estimate:
    destination = text_destination(shop, text.to) if text.to else None
    segments = count(text.message).segments if text.message else 1
    price = text_price(shop, destination, segments)
    return Estimate(price, segments, "segment", is_exact=bool(text.to and text.message))


def _speech(shop: Shop, text: str) -> Estimate:
    price = check_speech(shop, SpeakText(text)) if text else speech_price(shop)
    return Estimate(price, max(1, len(text)), "character", is_exact=bool(text))
