"""A paid URL: validate, then take a credential or ask for payment.

Anyone may send requests here without paying, so an unpaid request must stay cheap.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Generic
from urllib.parse import urlsplit

from ringbolt.api.kit import http
from ringbolt.api.kit.dialect import problem_response
from ringbolt.api.kit.http import Header
from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.l402.challenge import Terms, challenge
from ringbolt.api.l402.dialect import Count, PaidDialect
from ringbolt.api.l402.paid_request import PaidRequest, paid_request
from ringbolt.api.l402.redeem import Redemption
from ringbolt.api.l402.service import P, PaidService, Q
from ringbolt.app.checkout.paid_limits import PaidLimits
from ringbolt.app.shop import Shop
from ringbolt.core.errors import InvalidInput, RingboltError
from ringbolt.core.lightning.l402 import CredentialRefused

Network = Callable[[], Awaitable[str]]
"""The node's network, for the MPP challenge."""


class PaidDesk:
    """What all paid URLs of a shop share: limits, the network of its node, and the count of
    answers."""

    def __init__(self, shop: Shop, dialect: PaidDialect, network: Network, count: Count) -> None:
        self.shop = shop
        self.dialect = dialect
        self.network = network
        self.count = count
        self.limits = PaidLimits(shop)
        per_minute = shop.settings.l402.challenges_per_minute
        self.guard = RateGuard(per_minute, per_minute, time.monotonic) if shop.limits else None

    def standing(self, client: str) -> list[Header]:
        """How many challenges the client may still ask for; nothing where there is no limit."""
        return [] if self.guard is None else self.guard.standing(client)


class PaidUrl(Generic[P, Q]):
    """One service, paid for request by request."""

    def __init__(self, desk: PaidDesk, service: PaidService[P, Q]) -> None:
        self._desk = desk
        self._shop = desk.shop
        self._service = service
        self._redemption = Redemption(desk.shop, service, desk.count)

    async def describe(self, request: Request[Q]) -> Response:
        """What the service takes and costs. Free."""
        base = http.base_url(request.scope, self._shop.settings.public_url)
        return Response(self._service.describe(base, request.params), cache=b"")

    async def sell(self, request: Request[P]) -> Response:
        """The order for a paid request, else a challenge."""
        wish = await self._service.wish(request)
        paid = paid_request(request, wish, self._shop.settings.public_url)
        refused: CredentialRefused | None = None
        previous: dict[str, Any] | None = None
        try:
            price_msat = self._service.check(paid)
            if paid.is_paid:
                try:
                    answer = await self._redemption.redeem(paid)
                    answer.headers += self._desk.standing(paid.client)
                    return answer
                except CredentialRefused as error:
                    refused = error
                    previous = await self._redemption.previous(paid, error)
            return await self._challenge(paid, price_msat, refused, previous)
        except RingboltError as error:
            # There is no challenge now, but a client that has paid learns where its money is.
            if paid.is_paid and isinstance(error, InvalidInput):
                previous = await self._redemption.return_payment(paid, error)
            return self._desk.dialect.error(request, error, previous)

    async def _challenge(
        self,
        request: PaidRequest,
        price_msat: int,
        refused: CredentialRefused | None,
        previous: dict[str, Any] | None,
    ) -> Response:
        desk, service = self._desk, self._service
        if desk.guard is not None:
            desk.guard.check(request.client)
        # A payment that was made while this was sold is taken; new ones are not asked for.
        self._shop.terms.check_open(request.order, self._shop.clock.now_ms())
        await desk.limits.check(request.order, price_msat, request.client)
        said = await service.look(request)
        terms = Terms(
            service=service.name,
            request=service.request,
            label=service.label,
            amount_msat=price_msat,
            body=request.body,
            raw_digest=request.raw_digest,
            realm=_realm(request.base),
            network=await desk.network(),
            is_mpp=request.is_mpp,
            order=service.carried(request),
        )
        made = await challenge(self._shop, terms, refused)
        document = made.document | said | service.named(request.base, made.nonce)
        if previous is not None:
            document["previous"] = previous
        if request.ignored:
            document["ignored_fields"] = list(request.ignored)
        desk.count(402, document["error_code"])
        return problem_response(402, document, made.headers + desk.standing(request.client))


@lru_cache(maxsize=16)  # nearly always the same
def _realm(base: str) -> str:
    """The host of the shop's URL."""
    return urlsplit(base).hostname or "ringbolt"
