"""``POST /api/l402/place-call``: validate, then take a credential or ask for payment.

A plain ASGI application: this is the one route that anybody may hit without paying.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.l402 import documents, responses
from ringbolt.api.l402.challenge import Wanted, challenge
from ringbolt.api.l402.describe import describe
from ringbolt.api.l402.duration_check import fit_of
from ringbolt.api.l402.redeem import Asked, Redemption
from ringbolt.api.l402.schema import MAX_BODY_BYTES, decode_body, parse_place_call
from ringbolt.app.checkout.call_limits import CallLimits
from ringbolt.app.checkout.check_purchase import check_spoken
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.errors import InvalidInput, RingboltError
from ringbolt.core.lightning.l402 import CredentialRefused
from ringbolt.core.pricing.rates import Price
from ringbolt.store.errors import OutcomeUnknown

log = structlog.get_logger("ringbolt.l402")

_MAX_IDEMPOTENCY_KEY = 255


class PlaceCallRoute:
    """The paid URL. ``network`` tells the node's network, for the MPP challenge; ``count`` is
    told every answer's status and error code."""

    def __init__(
        self,
        shop: Shop,
        network: Callable[[], Awaitable[str]],
        count: Callable[[int, str], None],
    ) -> None:
        self._shop = shop
        self._count = count
        self._network = network
        self._redemption = Redemption(shop, count)
        self._call_limits = CallLimits(shop)
        per_minute = shop.settings.l402.challenges_per_minute
        self._guard = RateGuard(per_minute, per_minute, time.monotonic) if shop.limits else None
        self._probe_guard = RateGuard(30, 20, time.monotonic) if shop.limits else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        try:
            if method == "POST":
                await self._post(scope, receive, send)
            elif method in ("GET", "HEAD"):
                base = http.base_url(scope, self._shop.settings.public_url)
                document = describe(self._shop, base, scope.get("query_string", b""))
                # To HEAD the server sends the same headers, and leaves the body out.
                await http.respond(send, 200, http.encode(document), [http.JSON])
            elif method == "OPTIONS":
                await send(
                    {
                        "type": "http.response.start",
                        "status": 204,
                        "headers": list(http.PREFLIGHT),
                    }
                )
                await send({"type": "http.response.body", "body": b""})
            else:
                raise http.MethodNotAllowed(
                    "This address does not take this method.",
                    suggestion="Use POST to place a call, or GET to read what it takes.",
                )
        except http.ClientGone:
            return
        except RingboltError as error:
            await self._error(send, error)
        except Exception:
            log.exception("place-call failed")
            fault = RingboltError("Something went wrong on our side.")
            is_paid = any(http.headers(scope, b"authorization"))
            await self._error(send, fault, outcome_known=not is_paid)

    async def _error(
        self,
        send: Send,
        error: RingboltError,
        previous: dict[str, Any] | None = None,
        outcome_known: bool = True,
    ) -> None:
        self._count(error.status, error.code)
        outcome_known = outcome_known and not isinstance(error, OutcomeUnknown)
        document = documents.error_document(error, outcome_known=outcome_known)
        if previous is not None:
            document["previous"] = previous
        await responses.error(send, error, document)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived_s = time.monotonic()
        raw = await http.read_body(scope, receive, MAX_BODY_BYTES)
        asked = self._read(scope, raw, arrived_s)
        refused: CredentialRefused | None = None
        previous: dict[str, Any] | None = None
        is_paid = any(value.strip() for value in asked.authorization)
        try:
            self._vet_callback(asked)
            check_spoken(self._shop.settings, asked.call.order)
            price = self._price(asked)
            if is_paid:
                try:
                    await self._redemption.answer(send, asked)
                    return
                except CredentialRefused as error:
                    refused = error
                    previous = await self._redemption.previous(asked, error)
            await self._challenge(scope, send, asked, price, refused, previous)
        except RingboltError as error:
            # No challenge is made now, but whoever paid before is told where the money is.
            if is_paid and isinstance(error, InvalidInput):
                previous = await self._redemption.give_back(asked, error)
            await self._error(send, error, previous)

    def _read(self, scope: Scope, raw: bytes, arrived_s: float) -> Asked:
        """The request, once everything is right that the buyer writes."""
        document = decode_body(raw)
        call = parse_place_call(document)
        canonical = canonical_json(document)
        raw_digest = digest(raw)
        return Asked(
            call=call,
            body=raw_digest if canonical == raw else digest(canonical),
            raw_digest=raw_digest,
            base=http.base_url(scope, self._shop.settings.public_url),
            authorization=http.headers(scope, b"authorization"),
            idempotency_key=http.header(scope, b"idempotency-key")[:_MAX_IDEMPOTENCY_KEY],
            arrived_s=arrived_s,
            client=http.client_address(scope),
        )

    def _vet_callback(self, asked: Asked) -> None:
        """Raises ``InvalidInput`` for a callback that nothing can be sent to."""
        url = asked.call.order.status_url
        if url:
            check_webhook_url(self._shop, url)

    def _price(self, asked: Asked) -> Price:
        """What it costs. Raises ``InvalidInput`` for a number that is not called here."""
        order = asked.call.order
        return call_price(self._shop, order.to, order.minutes)

    async def _lengths(self, asked: Asked) -> Mapping[str, int]:
        """How long the audio file is, in ms, if it tells. Raises ``AudioUnplayable``."""
        audio_url = asked.call.audio_url
        if not audio_url:
            return {}
        if self._probe_guard is not None:
            self._probe_guard.check(asked.client)
        info = await self._shop.audio.probe(audio_url, asked.client)
        return {} if info.duration_ms is None else {audio_url: info.duration_ms}

    async def _challenge(
        self,
        scope: Scope,
        send: Send,
        asked: Asked,
        price: Price,
        refused: CredentialRefused | None,
        previous: dict[str, Any] | None,
    ) -> None:
        if self._guard is not None:
            self._guard.check(asked.client)
        await self._call_limits.check(asked.call.order, price.msat, asked.client)
        fit = fit_of(asked.call.order, await self._lengths(asked))
        wanted = Wanted(
            amount_msat=price.msat,
            body=asked.body,
            raw_digest=asked.raw_digest,
            realm=urlsplit(asked.base).hostname or "ringbolt",
            network=await self._network(),
        )
        made = await challenge(self._shop, wanted, refused)
        document = made.document | fit.told(asked.call.order.minutes)
        if previous is not None:
            document["previous"] = previous
        if asked.call.ignored:
            document["ignored_fields"] = list(asked.call.ignored)
        self._count(402, document["error_code"])
        await http.respond(send, 402, http.encode(document), made.headers)
