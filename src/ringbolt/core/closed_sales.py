"""What the operator does not sell for now: services, countries, or everything for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from ringbolt.core.commands import (
    CallOrder,
    Command,
    ReceiveTexts,
    SendMail,
    SendText,
    SpeakText,
    TopUp,
)
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.errors import DestinationRefused, InvalidInput, Role, Unavailable
from ringbolt.core.phone import region_of

SERVICES: Final = {
    "call": "Phone calls",
    "text": "Text messages",
    "code": "Activation codes",
    "rent": "Rented numbers",
    "email": "E-mails",
    "speech": "Spoken texts",
}
"""The services by name, with what they are called in a sentence."""
MOST_REASON_CHARS: Final = 200
_NOTHING_CHARGED: Final = "Nothing was charged."
_REGIONS: Final = frozenset(country.region for country in COUNTRIES.values() if country.region)


class SalesClosed(Unavailable):
    """The operator takes no orders of this kind for now."""

    title = "Not sold at the moment"
    default_code = "SALES_CLOSED"


@dataclass(frozen=True, slots=True)
class Sold:
    """What an order buys. ``service``: of ``SERVICES``, '' for a top-up; ``region``: where it goes
    or comes from, ISO 3166, '' for nowhere."""

    service: str
    region: str = ""


class ClosedSales(msgspec.Struct, frozen=True, omit_defaults=True):
    """``services`` and ``countries`` (ISO 3166) are not sold. While ``is_closed``, nothing is;
    ``until_ms`` (UTC) ends that by itself, None leaves it to the operator. ``reason`` is shown to
    buyers."""

    services: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    is_closed: bool = False
    until_ms: int | None = None
    reason: str = ""

    def is_all_closed(self, now_ms: int) -> bool:
        """Whether nothing is sold at that time."""
        return self.is_closed and (self.until_ms is None or now_ms < self.until_ms)

    def is_service_closed(self, service: str, now_ms: int) -> bool:
        return service in self.services or self.is_all_closed(now_ms)

    def check(self, sold: Sold, now_ms: int) -> None:
        """Raises ``SalesClosed``, and ``DestinationRefused`` for a country."""
        if self.is_all_closed(now_ms):
            raise self._everything(now_ms)
        if sold.service in self.services:
            raise SalesClosed(
                f"{SERVICES[sold.service]} are not sold here at the moment.",
                code="SERVICE_CLOSED",
                suggestion=f"Try again later, or use another shop. {_NOTHING_CHARGED}",
            )
        if sold.region and sold.region in self.countries:
            raise DestinationRefused(
                f"Nothing is sold for this country ({sold.region}) at the moment.",
                code="COUNTRY_CLOSED",
                role=Role.COUNTRY if sold.service in ("code", "rent") else Role.DESTINATION,
                suggestion=f"Choose another country, or use another shop. {_NOTHING_CHARGED}",
            )

    def _everything(self, now_ms: int) -> SalesClosed:
        wait_ms = None if self.until_ms is None else self.until_ms - now_ms
        why = f" {self.reason.rstrip('.')}." if self.reason else ""
        return SalesClosed(
            f"This shop takes no new orders at the moment.{why}",
            suggestion=f"Orders that are paid are carried out. Try again later. {_NOTHING_CHARGED}",
            retry_after_s=None if wait_ms is None else max(1, -(-wait_ms // 1000)),
        )


NOTHING_CLOSED: Final = ClosedSales()
_decode = msgspec.json.Decoder(ClosedSales).decode
_encode = msgspec.json.Encoder().encode


def to_json(closed: ClosedSales) -> str:
    return _encode(closed).decode()


def from_json(text: str) -> ClosedSales:
    """Raises ``msgspec.DecodeError``."""
    return _decode(text)


def checked(closed: ClosedSales) -> ClosedSales:
    """The same, sorted, each once. Raises ``InvalidInput`` for what does not exist."""
    for service in closed.services:
        if service not in SERVICES:
            raise InvalidInput(
                f"There is no service {service[:20]!r}.",
                role=Role.SERVICE,
                suggestion=f"Services are {', '.join(SERVICES)}.",
            )
    countries = tuple(sorted({each.upper() for each in closed.countries}))
    for region in countries:
        if region not in _REGIONS:
            raise InvalidInput(
                f"There is no country {region[:20]!r}.",
                role=Role.COUNTRY,
                suggestion="Write countries as two letters, such as DE.",
            )
    if len(closed.reason) > MOST_REASON_CHARS:
        raise InvalidInput(
            f"A reason has at most {MOST_REASON_CHARS} characters.", suggestion="Shorten it."
        )
    return msgspec.structs.replace(
        closed, services=tuple(s for s in SERVICES if s in closed.services), countries=countries
    )


def sold_by(command: Command) -> Sold:
    """What a command buys."""
    match command:
        case CallOrder(to=to):
            return Sold("call", region_of(to))
        case SendText(to=to):
            return Sold("text", region_of(to))
        case SendMail():
            return Sold("email")
        case ReceiveTexts(country=country, hours=hours):
            found = COUNTRIES.get(country)
            region = "" if found is None else found.region
            return Sold("rent" if hours else "code", region)
        case SpeakText():
            return Sold("speech")
        case TopUp():
            return Sold("")
