"""The forms of numbers: for one code, or rented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.checkout.code_success import CodeSuccess
from ringbolt.app.checkout.number_catalogue import NumberCatalogue
from ringbolt.app.checkout.purchase import Buyer
from ringbolt.app.checkout.sell_number import number_price, sell_number
from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.countries import AUTO_SELECT, COUNTRIES, Country, resolve_country
from ringbolt.core.errors import RingboltError
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.services import FULL_RENT, SERVICES, find_service, resolve_service
from ringbolt.store.orders import Order
from ringbolt.web.formats import amount, place_name
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _, both, marked
from ringbolt.web.sales.sale import Quote, Sale

_NO_SERVICE: Final = marked("Name the service whose code you want, such as Telegram.")
_MOST_ASKED: Final = 24
"""In how many countries providers are asked for one page."""
_SHOWN: Final = 12
_USUAL: Final = ("US", "GB", "DE", "FR", "NL", "PL", "ES", "IT", "BR", "IN", "ID", "CA")
"""Where many look first, while nothing is known of success."""
_HOURS: Final = (4, 12, 24, 72, 168, 336, 672)


class _NumberSale(Sale):
    def __init__(self, shop: Shop, catalogue: NumberCatalogue) -> None:
        super().__init__(shop)
        self._catalogue = catalogue

    async def choices(self, form: Form) -> Mapping[str, Any]:
        country = resolve_country(form.get("country") or AUTO_SELECT.cc)
        offers = await self._catalogue.services(country, real=False)
        countries = await self._catalogue.countries()
        chosen = form.get("country") or str(AUTO_SELECT.cc)
        return {
            "services": [offer for offer in offers if offer.code != FULL_RENT],
            "countries": countries,
            "chosen": chosen,
        }

    def _country(self, form: Form) -> int:
        """Raises ``InvalidInput``."""
        return resolve_country(form.get("country") or AUTO_SELECT.cc).cc


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A country with numbers for the service. ``percent``: how many of our own got their code,
    None if too few are known."""

    country: Country
    count: int
    percent: int | None
    sats: int


class CodeSale(_NumberSale):
    """A number for one activation code."""

    name = "code"

    def __init__(self, shop: Shop, catalogue: NumberCatalogue) -> None:
        super().__init__(shop, catalogue)
        self._success = CodeSuccess(shop)

    async def choices(self, form: Form) -> Mapping[str, Any]:
        known = dict(await super().choices(form))
        service = find_service(form.get("service"), scripted_allowed=False)
        lines = [] if service is None else await self._lines(service.code, known["countries"])
        return {**known, "lines": lines, "of": "" if service is None else service.name}

    async def _lines(self, service: str, countries: list[Country]) -> list[OfferLine]:
        """Where the code is most likely to come, first; then the cheapest."""
        percents = {
            rate.country: rate.delivered * 100 // rate.orders
            for rate in await self._success.latest()
            if rate.service == service
        }
        closed = self.shop.terms.closed.countries
        open_ones = [each for each in countries if each.region not in closed]
        open_ones.sort(key=lambda each: (-percents.get(each.cc, -1), _place_of(each)))
        lines = [
            OfferLine(
                place.country,
                place.count,
                percents.get(place.country.cc),
                sats_up(number_price(self.shop, ReceiveTexts(service, place.country.cc))),
            )
            for place in await self._catalogue.places(service, open_ones[:_MOST_ASKED])
        ]
        lines.sort(key=lambda line: (-(line.percent or -1), line.sats))
        return lines[:_SHOWN]

    async def quote(self, form: Form) -> Quote:
        if not form.get("service"):
            return Quote()
        try:
            command = self._command(form)
        except RingboltError:
            return Quote()
        sats = sats_up(number_price(self.shop, command))
        return Quote(sats, ((_("One code, %(of)s", of=_named(command)), sats),))

    async def buy(self, form: Form, buyer: Buyer, client: str) -> Order | None:
        if not form.get("service"):
            form.refuse("service", _(_NO_SERVICE))
            return None
        return (await sell_number(self.shop, self._command(form), buyer)).order

    def _command(self, form: Form) -> ReceiveTexts:
        has_simulated = self.shop.number_providers.has_simulated
        service = resolve_service(form.get("service"), scripted_allowed=has_simulated)
        return ReceiveTexts(service=service.code, country=self._country(form))


class RentSale(_NumberSale):
    """A number for some hours, with every text to it."""

    name = "rent"

    async def choices(self, form: Form) -> Mapping[str, Any]:
        most = self.shop.settings.orders.max_rental_hours
        hours = [each for each in _HOURS if each <= most]
        return {**await super().choices(form), "hours": hours}

    async def quote(self, form: Form) -> Quote:
        try:
            command = self._command(form)
        except RingboltError:
            return Quote()
        sats = sats_up(number_price(self.shop, command))
        return Quote(sats, ((both(amount(command.hours, "hour"), _named(command)), sats),))

    async def buy(self, form: Form, buyer: Buyer, client: str) -> Order | None:
        return (await sell_number(self.shop, self._command(form), buyer)).order

    def _command(self, form: Form) -> ReceiveTexts:
        most = self.shop.settings.orders.max_rental_hours
        usual = min(RENT_BLOCK_HOURS, most)
        hours = form.number("hours", 1, most, usual)
        return ReceiveTexts(service=FULL_RENT, country=self._country(form), hours=hours)


def _place_of(country: Country) -> int:
    return _USUAL.index(country.region) if country.region in _USUAL else len(_USUAL)


def _named(command: ReceiveTexts) -> str:
    service = SERVICES.get(command.service)
    name = _("every sender") if service is None else service.name
    country = COUNTRIES.get(command.country)
    where = place_name(country) or _("any country")
    return both(name, where)
