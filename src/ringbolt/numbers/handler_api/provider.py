"""A provider of numbers behind ``handler_api.php``.

An answer to a purchase that is lost is never followed by a second purchase before the account's
active leases were looked through; where a provider does not list them, there is none at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected
from ringbolt.core.part_checks import Finding
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sink import Sink
from ringbolt.numbers.handler_api import callbacks, listing, texts
from ringbolt.numbers.handler_api.account import Account, Funds
from ringbolt.numbers.handler_api.catalogue import Catalogue
from ringbolt.numbers.handler_api.client import HandlerApi
from ringbolt.numbers.handler_api.fields import text_of
from ringbolt.numbers.handler_api.leases import (
    ALL_TEXTS,
    SAME_AS_ACTIVATIONS,
    TRY_AGAIN_MS,
    Leases,
)
from ringbolt.numbers.handler_api.polling import Poller, Texts
from ringbolt.numbers.handler_api.purchase import OLD_CODE, Terms, result_of
from ringbolt.numbers.handler_api.purchase_request import PurchaseRequest, Purchases
from ringbolt.numbers.handler_api.reply import Word
from ringbolt.numbers.handler_api.texts import RENTAL
from ringbolt.numbers.provider import (
    ANY_COUNTRY,
    Acquired,
    AcquireNumber,
    AcquireResult,
    ActiveLease,
    CancelResult,
    InboundText,
    LeaseBook,
    Offer,
    OpenLease,
    Quote,
    TextBatch,
    TooEarly,
)
from ringbolt.upstream.http import HttpClient

_REMEMBERED: Final = 5000
_TOLD: Final = 50_000


class HandlerApiProvider:
    """Implements ``NumberProvider``, ``SupportsQuotes``, ``SupportsBalance``, ``SupportsCheck`` and
    ``SupportsCallbacks``. ``http``: what sends its requests, None for a client of its own."""

    def __init__(
        self, account: Account, clock: Clock, book: LeaseBook, http: HttpClient | None = None
    ) -> None:
        self._account = account
        self._dialect = account.dialect
        self._clock = clock
        self._book = book
        self._api = HandlerApi(
            account.name, account.url, account.api_key, account.dialect.per_second, http
        )
        self._catalogue = Catalogue(self._api, account.dialect, clock)
        self._purchases = Purchases(account, self._catalogue, book)
        self._leases = Leases(self._api, account.dialect, clock)
        self._known: OrderedDict[str, Acquired] = OrderedDict()
        self._funds = Funds(account)
        self._report: Callable[[Texts], Awaitable[None]] | None = None

    @property
    def name(self) -> str:
        return self._account.name

    @property
    def recovery(self) -> Recovery:
        return Recovery.NONE

    async def close(self) -> None:
        await self._catalogue.close()
        await self._api.close()

    # Offers

    async def countries(self) -> tuple[int, ...]:
        return tuple(sorted((await self._catalogue.countries()).id_of))

    async def offers(self, country: int) -> tuple[Offer, ...]:
        names = await self._catalogue.services()
        if country == ANY_COUNTRY:
            return tuple(Offer(code, name, 1) for code, name in names.items())
        prices = await self._catalogue.prices(country)
        return tuple(Offer(code, names.get(code, ""), each.free) for code, each in prices.items())

    def quote(self, service: str, country: int, hours: int) -> Quote:
        closed = self._funds.why_closed(self._catalogue.known_balance())
        if hours and not self._dialect.rent:
            return Quote(free=0, closed=closed)
        if country == ANY_COUNTRY:
            return Quote(closed=closed)
        price = self._catalogue.known_price(service, country, hours)
        if price is None:
            return Quote(closed=closed)
        return Quote(self._account.cost(price), price.free, closed)

    async def balance(self) -> Amount | None:
        found = await self._catalogue.balance()
        return None if found is None else self._account.amount(found)

    async def check(self) -> Sequence[Finding]:
        """The key, by a look at the account."""
        try:
            left = await self._catalogue.balance()
        except Unavailable as error:
            fix = error.suggestion or "Look at dialect, and at the provider's own page on the API."
            return [Finding("wrong", "account", error.message, fix)]
        found = [Finding("ok", "account", f"{self.name} accepts the API key.")]
        why_closed = self._funds.why_closed(left)
        if why_closed:
            fix = "Until then it sells no numbers. The least that it must have is low_balance."
            found.append(Finding("wrong", "balance", f"{why_closed}.", fix))
        if not self._dialect.listing:
            said = f"{self.name} does not list active leases: a purchase whose answer is lost is"
            fix = "See 'ringbolt numbers doubtful' from time to time, or choose another dialect."
            found.append(Finding("note", "lost answers", f"{said} not found again.", fix))
        return found

    # Leases

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        try:
            request = await self._purchases.request(wanted)
        except Unavailable as error:
            return Rejected(error.message, permanent=False)
        if isinstance(request, Rejected):
            return request
        if not wanted.still_wanted():
            return Rejected("the request for this number was withdrawn", permanent=False)
        return await self._buy(wanted, request)

    async def _buy(self, wanted: AcquireNumber, request: PurchaseRequest) -> AcquireResult:
        exchange = await self._api.buy(request.action, request.params)
        self._api.rest_after(exchange)
        now_ms = self._clock.now_ms()
        terms = Terms(self._dialect, wanted, request.country, now_ms, self._country_of)
        result = result_of(exchange, terms)
        if isinstance(result, Acquired):
            self._catalogue.balance_changed()
            return await self._looked_at(self._with_cost(wanted, result))
        if isinstance(result, Rejected) and result.reason.startswith("NO_BALANCE"):
            self._catalogue.no_balance_left()
        return result

    def _country_of(self, country_id: object) -> int | None:
        return self._catalogue.known_countries().cc_of.get(text_of(country_id))

    async def _looked_at(self, acquired: Acquired) -> Acquired:
        """The lease, unfit if a text is there already: nobody has seen the number yet."""
        self._remember(acquired)
        if acquired.unfit or acquired.lease_id.startswith(RENTAL):
            return acquired
        try:
            reply = await self._api.ask("getStatus", id=acquired.lease_id)
        except Unavailable:
            return acquired
        if isinstance(reply, Word) and reply.word == "STATUS_OK":
            return replace(acquired, unfit=OLD_CODE)
        return acquired

    def _with_cost(self, wanted: AcquireNumber, acquired: Acquired) -> Acquired:
        """The lease with what it costs by the list of prices, if the answer did not say."""
        if acquired.cost is not None:
            return acquired
        price = self._catalogue.known_price(wanted.service, acquired.country, wanted.hours)
        if price is None or price.micros is None:
            return acquired
        return replace(acquired, cost=self._account.amount(price.micros))

    def _remember(self, acquired: Acquired) -> None:
        self._known[acquired.lease_id] = acquired
        self._known.move_to_end(acquired.lease_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def request_text(self, lease_id: str) -> bool:
        return await self._leases.request_text(lease_id)

    async def finish(self, lease_id: str) -> None:
        await self._leases.finish(lease_id)

    async def cancel(self, lease_id: str) -> CancelResult:
        known = self._known.get(lease_id)
        result = await self._leases.cancel(lease_id, self._number(lease_id))
        if isinstance(result, TooEarly) and known is not None:
            return TooEarly(max(known.cancel_after_ms, result.until_ms - TRY_AGAIN_MS))
        return result

    # Texts

    async def texts(self, lease_id: str) -> Texts:
        return await self._leases.look(lease_id, self._number(lease_id)) or ()

    def _number(self, lease_id: str) -> str:
        known = self._known.get(lease_id)
        return "" if known is None else known.number

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        told: dict[str, None] = {}

        async def report(found: Texts) -> None:
            new = [text for text in found if text.event_id not in told]
            if new and self._dialect.full_text == ALL_TEXTS:
                new = [text for text in await self._all_of(new) if text.event_id not in told]
            if new or not found:
                await sink(TextBatch(tuple(new), ""))
                told.update(dict.fromkeys(text.event_id for text in new))
                while len(told) > _TOLD:  # the shop knows the older ones
                    del told[next(iter(told))]

        self._report = report
        try:
            await self._poller(report).run()
        finally:
            if self._report is report:
                self._report = None

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        return [CallbackRoute(callbacks.PATH, self._called_back)]

    async def _called_back(self, request: CallbackRequest) -> CallbackResponse:
        """A text came, the provider says. Only the lease's id is believed: we look ourselves."""
        lease_ids = [await self._known_id(each) for each in callbacks.lease_ids(request)]
        if lease_ids and self._report is None:
            raise Unavailable("No process follows this provider at the moment.")
        for lease_id in lease_ids:
            found = await self._leases.look(lease_id, self._number(lease_id))
            if found and self._report is not None:
                await self._report(found)
        return CallbackResponse(200)

    async def _all_of(self, found: Sequence[InboundText]) -> list[InboundText]:
        """Every text of the leases that ``found`` are the last texts of."""
        leases = {text.lease_id: text.number for text in found}
        return [
            text
            for lease_id, number in leases.items()
            for text in await self._leases.look(lease_id, number) or ()
        ]

    async def _known_id(self, lease_id: str) -> str:
        """The id as we have it: some providers name rentals like activations."""
        rental = f"{RENTAL}{lease_id}"
        if self._dialect.rent_set != SAME_AS_ACTIVATIONS or lease_id.startswith(RENTAL):
            return lease_id
        leases = await self._book.open_at(self.name)
        return rental if any(lease.lease_id == rental for lease in leases) else lease_id

    def _poller(self, report: Callable[[Texts], Awaitable[None]]) -> Poller:
        return Poller(
            name=self.name,
            book=self._book,
            clock=self._clock,
            greet=self._catalogue.balance,
            list_all=None,
            look=self._look_at_open,
            report=report,
        )

    async def _look_at_open(self, lease: OpenLease) -> Texts:
        return await self._leases.look(lease.lease_id, lease.number) or ()


class ListingHandlerApiProvider(HandlerApiProvider):
    """One that lists its active leases: ``SupportsActiveLeases``."""

    def __init__(
        self, account: Account, clock: Clock, book: LeaseBook, http: HttpClient | None = None
    ) -> None:
        super().__init__(account, clock, book, http)
        self._seen_ms: dict[str, int] = {}

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    async def active(self, *, rentals: bool) -> tuple[ActiveLease, ...] | None:
        action = self._dialect.rents if rentals else self._dialect.listing
        if not action:
            return None
        await self._catalogue.countries()
        items = await listing.listed(self._api, self._dialect, action)
        now_ms = self._clock.now_ms()
        found = [
            listing.rental(item, self._country_of, now_ms)
            if rentals
            else listing.activation(item, self._dialect, self._country_of, now_ms)
            for item in items
        ]
        leases = tuple(lease for lease in found if lease is not None)
        if len(leases) < len(found):  # it may be the one that is looked for
            raise self._api.unavailable(listing.UNREADABLE)
        return leases

    def _poller(self, report: Callable[[Texts], Awaitable[None]]) -> Poller:
        poller = super()._poller(report)
        poller.list_all = self._list_all
        return poller

    async def _list_all(self) -> Texts:
        """The texts of all active activations; their time is when they were seen first."""
        items = await listing.listed(self._api, self._dialect, self._dialect.listing)
        now_ms = self._clock.now_ms()
        found: list[InboundText] = []
        for item in items:
            if not item.get("smsCode") and not item.get("smsText"):
                continue
            lease = listing.activation(item, self._dialect, self._country_of, now_ms)
            if lease is not None:
                of = lease.acquired
                found += texts.of_listed(of.lease_id, of.number, item, now_ms)
        self._seen_ms = {text.event_id: self._seen_ms.get(text.event_id, now_ms) for text in found}
        return tuple(replace(text, at_ms=self._seen_ms[text.event_id]) for text in found)


def handler_api_provider(
    account: Account, clock: Clock, book: LeaseBook, http: HttpClient | None = None
) -> HandlerApiProvider:
    """The provider of an account, with the abilities that its dialect has."""
    kind = ListingHandlerApiProvider if account.dialect.listing else HandlerApiProvider
    return kind(account, clock, book, http)
