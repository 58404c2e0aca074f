"""``POST /api/l402/place-call``: validate, then take a credential or ask for payment.

Anyone may send requests here without paying, so an unpaid request must stay cheap.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from ringbolt.api.kit.dialect import problem_response
from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.l402.call_request import CallRequest, read_request
from ringbolt.api.l402.challenge import Terms, challenge
from ringbolt.api.l402.dialect import Count, PaidDialect
from ringbolt.api.l402.duration_check import duration_of
from ringbolt.api.l402.redeem import Redemption
from ringbolt.api.l402.schema import PlaceCall
from ringbolt.app.checkout.call_limits import CallLimits
from ringbolt.app.checkout.check_call import check_call
from ringbolt.app.requests.speech_notes import speech_notes
from ringbolt.app.shop import Shop
from ringbolt.core.errors import InvalidInput, RingboltError
from ringbolt.core.lightning.l402 import CredentialRefused
from ringbolt.core.pricing.rates import Price

Network = Callable[[], Awaitable[str]]
"""The node's network, for the MPP challenge."""


class PaidCalls:
    """Calls that are paid for one by one. ``count`` counts every answer."""

    def __init__(self, shop: Shop, dialect: PaidDialect, network: Network, count: Count) -> None:
        self._shop = shop
        self._dialect = dialect
        self._network = network
        self._count = count
        self._redemption = Redemption(shop, count)
        self._call_limits = CallLimits(shop)
        per_minute = shop.settings.l402.challenges_per_minute
        self._guard = RateGuard(per_minute, per_minute, time.monotonic) if shop.limits else None
        self._probe_guard = RateGuard(30, 20, time.monotonic) if shop.limits else None

    async def place(self, request: Request[PlaceCall]) -> Response:
        """Call a number and speak a text or play a file."""
        call = read_request(request, self._shop.settings.public_url)
        refused: CredentialRefused | None = None
        previous: dict[str, Any] | None = None
        try:
            price = check_call(self._shop, call.order)
            if call.is_paid:
                try:
                    return await self._redemption.redeem(call)
                except CredentialRefused as error:
                    refused = error
                    previous = await self._redemption.previous(call, error)
            return await self._challenge(call, price, refused, previous)
        except RingboltError as error:
            # There is no challenge now, but a client that has paid learns where its money is.
            if call.is_paid and isinstance(error, InvalidInput):
                previous = await self._redemption.return_payment(call, error)
            return self._dialect.error(request, error, previous)

    async def _lengths(self, call: CallRequest) -> Mapping[str, int]:
        """The length of the audio file in ms, if its header has it. Raises ``AudioUnplayable``."""
        if not call.audio_url:
            return {}
        if self._probe_guard is not None:
            self._probe_guard.check(call.client)
        info = await self._shop.audio.probe(call.audio_url, call.client)
        return {} if info.duration_ms is None else {call.audio_url: info.duration_ms}

    async def _challenge(
        self,
        call: CallRequest,
        price: Price,
        refused: CredentialRefused | None,
        previous: dict[str, Any] | None,
    ) -> Response:
        if self._guard is not None:
            self._guard.check(call.client)
        # A payment that was made while calls were sold is taken; new ones are not asked for.
        self._shop.terms.check_open(call.order, self._shop.clock.now_ms())
        await self._call_limits.check(call.order, price.msat, call.client)
        duration = duration_of(call.order, await self._lengths(call))
        terms = Terms(
            amount_msat=price.msat,
            body=call.body,
            raw_digest=call.raw_digest,
            realm=_realm(call.base),
            network=await self._network(),
            is_mpp=call.is_mpp,
        )
        made = await challenge(self._shop, terms, refused)
        document = made.document | duration.document(call.order.minutes)
        document["notes"] += speech_notes(call.order, self._shop.settings.speech.default_voice)
        if previous is not None:
            document["previous"] = previous
        if call.ignored:
            document["ignored_fields"] = list(call.ignored)
        self._count(402, document["error_code"])
        return problem_response(402, document, made.headers)


@lru_cache(maxsize=16)  # nearly always the same
def _realm(base: str) -> str:
    """The host of the shop's URL."""
    return urlsplit(base).hostname or "ringbolt"
