"""``POST /api/l402/place-call``: validate, then take a credential or ask for payment.

A plain ASGI application: this is the one route that anybody may hit without paying.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog

from ringbolt.api import http
from ringbolt.api.http import Receive, Scope, Send
from ringbolt.api.l402 import answers, replies
from ringbolt.api.l402.challenge import Wanted, challenge
from ringbolt.api.l402.describe import describe
from ringbolt.api.l402.redeem import Request, redeem
from ringbolt.api.l402.schema import MAX_BODY_BYTES, PlaceCall, decode_body, parse_place_call
from ringbolt.api.limits import RateGuard
from ringbolt.app.call_order import new_ids
from ringbolt.app.call_status import CallReport, report_by_id
from ringbolt.app.place_order import (
    Paid,
    Placed,
    PlaceResult,
    Replayed,
    Spent,
    Terms,
    place_l402_call,
    record_unredeemed,
)
from ringbolt.app.shop import Shop
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.errors import AudioUnplayable, RingboltError, Unavailable
from ringbolt.core.l402 import CredentialRefused, Grant
from ringbolt.core.order import OrderState
from ringbolt.core.phone import parse_destination
from ringbolt.core.rates import Price
from ringbolt.store import orders
from ringbolt.store.db import OutcomeUnknown
from ringbolt.store.orders import channel

log = structlog.get_logger("ringbolt.l402")

_READY_MARGIN_S = 5.0
_MAX_IDEMPOTENCY_KEY = 255


@dataclass(frozen=True, slots=True)
class _Asked:
    """A valid request with its price and digests."""

    call: PlaceCall
    price: Price
    body: str
    raw_digest: str
    base: str


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
        document = answers.error_document(error, outcome_known=outcome_known)
        if previous is not None:
            document["previous"] = previous
        await replies.error(send, error, document)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await http.read_body(scope, receive, MAX_BODY_BYTES)
        asked = self._ask(scope, raw)
        authorization = http.headers(scope, b"authorization")
        refused: CredentialRefused | None = None
        previous: dict[str, Any] | None = None
        if any(value.strip() for value in authorization):
            try:
                await self._redeem(scope, send, asked, authorization)
                return
            except CredentialRefused as error:
                refused = error
                previous = await self._previous(asked, error)
        try:
            await self._challenge(scope, send, asked, refused, previous)
        except RingboltError as error:
            # There is no challenge now, but whoever paid before is told where the money is.
            await self._error(send, error, previous)

    def _ask(self, scope: Scope, raw: bytes) -> _Asked:
        """Everything that can be wrong with a request, before any challenge."""
        document = decode_body(raw)
        call = parse_place_call(document)
        shop = self._shop
        parse_destination(call.order.to, scripted_allowed=shop.scripted_numbers)
        price = shop.rates.price(call.order.to, call.order.minutes)
        canonical = canonical_json(document)
        raw_digest = digest(raw)
        body = raw_digest if canonical == raw else digest(canonical)
        base = http.base_url(scope, shop.settings.public_url)
        return _Asked(call, price, body, raw_digest, base)

    # -- paying -------------------------------------------------------------------------------

    async def _challenge(
        self,
        scope: Scope,
        send: Send,
        asked: _Asked,
        refused: CredentialRefused | None,
        previous: dict[str, Any] | None,
    ) -> None:
        client = http.client_address(scope)
        if self._guard is not None:
            self._guard.check(client)
        audio_url = asked.call.order.audio_url
        if audio_url:
            if self._probe_guard is not None:
                self._probe_guard.check(client)
            try:
                await self._shop.audio.probe(audio_url)
            except AudioUnplayable as error:
                error.field = error.field or "audio_url"
                raise
        wanted = Wanted(
            amount_msat=asked.price.msat,
            body=asked.body,
            raw_digest=asked.raw_digest,
            realm=urlsplit(asked.base).hostname or "ringbolt",
            network=await self._network(),
        )
        made = await challenge(self._shop, wanted, refused)
        document = made.document
        if previous is not None:
            document["previous"] = previous
        if asked.call.ignored:
            document["ignored_fields"] = list(asked.call.ignored)
        self._count(402, document["error_code"])
        await http.respond(send, 402, http.encode(document), made.headers)

    # -- redeeming ----------------------------------------------------------------------------

    async def _redeem(
        self, scope: Scope, send: Send, asked: _Asked, authorization: list[str]
    ) -> None:
        """Answer a paid request. Raises ``CredentialRefused`` for what buys nothing."""
        shop = self._shop
        terms = shop.settings.l402
        now_s = shop.clock.now_ms() // 1000
        redeemed = redeem(
            shop.keyring,
            authorization,
            Request(asked.body, asked.raw_digest, now_s, terms.redeem_s - terms.invoice_expiry_s),
        )
        key = http.header(scope, b"idempotency-key")[:_MAX_IDEMPOTENCY_KEY]
        result = await self._place(asked, redeemed.grant, key)
        match result:
            case Spent(_, code, message):
                raise CredentialRefused(code, message, redeemed.grant.payment_hash)
            case Placed(order, call) | Replayed(order, call):
                if asked.call.order.audio_url:
                    report = await self._ready(order.id)
                    if report is not None and _nothing_was_placed(report):
                        failed = answers.failed_document(report, asked.base, asked.call.document)
                        self._count(422, failed["error_code"])
                        await replies.failed(send, failed)
                        return
                replayed = isinstance(result, Replayed)
                document = answers.success_document(order, call, asked.base, asked.call.ignored)
                self._count(200, "REPLAYED" if replayed else "PLACED")
                await replies.success(send, document, redeemed, now_s, replayed)

    async def _place(self, asked: _Asked, grant: Grant, key: str) -> PlaceResult:
        shop = self._shop
        paid = Paid(grant, asked.body, key, asked.call.refund_address)
        ids = new_ids(secrets.token_bytes(64))
        return await shop.db.tx(place_l402_call, ids, asked.call.order, paid, self._terms())

    def _terms(self) -> Terms:
        settings = self._shop.settings
        return Terms(
            replay_window_ms=settings.l402.replay_window_s * 1000,
            redeem_ms=settings.l402.redeem_s * 1000,
            dispatch_deadline_ms=settings.calls.dispatch_deadline_s * 1000,
        )

    async def _ready(self, order_id: str) -> CallReport | None:
        """Wait until the audio is at hand and the carrier is being asked, or the order failed.

        None if that cannot be told: the order is placed all the same.
        """
        shop = self._shop
        deadline = time.monotonic() + shop.settings.fetch.timeout_s + _READY_MARGIN_S
        subscription = shop.db.listen(channel(order_id))
        try:
            while True:
                report = await shop.db.read(report_by_id, order_id)
                left = deadline - time.monotonic()
                if report is None or report.order.state is not OrderState.PAID or left <= 0:
                    return report
                await subscription.wait(min(left, 1.0))
        except Unavailable:
            return None
        finally:
            subscription.close()

    async def _previous(self, asked: _Asked, refused: CredentialRefused) -> dict[str, Any] | None:
        """Where the order is that a refused credential belongs to, if there is one."""
        if refused.payment_hash is None:
            return None
        shop = self._shop
        order = await shop.db.read(orders.by_payment_hash, refused.payment_hash.hex())
        if order is None and refused.expired is not None:
            # Paid, never used, too late: the buyer gets the money back.
            paid = Paid(refused.expired, asked.body, "", asked.call.refund_address)
            ids = new_ids(secrets.token_bytes(64))
            order = await shop.db.tx(record_unredeemed, ids, asked.call.order, paid, self._terms())
        if order is None:
            return None
        return {
            "call_id": order.id,
            "order_state": order.state,
            "status_url": answers.status_url(asked.base, order),
        }


def _nothing_was_placed(report: CallReport) -> bool:
    """Failed before any carrier was asked; what a carrier refused is told by the status."""
    return report.order.state is OrderState.FAILED and report.call.attempt_id is None
