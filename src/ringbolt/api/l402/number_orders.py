"""An order for a number at its own address: polled and cancelled with the credential that paid it.

Unlike at the paid URLs, a credential is not used up here: it opens its own order as often as it is
shown, also after the time in which it could place the order.
"""

from __future__ import annotations

import time
from typing import Any, Final

from ringbolt.api.kit import http, problem
from ringbolt.api.kit.dialect import error_headers, problem_response
from ringbolt.api.kit.number_fields import canonical_id
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.words import Words
from ringbolt.api.l402 import FAMILY
from ringbolt.api.l402.number_documents import NumberOrder, number_order
from ringbolt.api.l402.number_service import CarriedOrder, Numbers, carried_order
from ringbolt.api.l402.verify import Purpose, verify
from ringbolt.app.checkout.place_l402_order import (
    Paid,
    Terms,
    place_l402_order,
    record_unredeemed,
)
from ringbolt.app.numbers.cancel_order import WHY, cancel_order
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import webhook_secret
from ringbolt.core.errors import Conflict, Forbidden, InvalidInput, RingboltError, Unauthorized
from ringbolt.core.lightning.l402 import CredentialRefused, Grant
from ringbolt.store import orders

_EXPIRED: Final = "the credential had expired"
_HOW: Final = (
    "Send 'Authorization: L402 <macaroon>:<preimage>': the macaroon of the 402 that named this "
    "order, and the preimage of its paid invoice."
)
_CHALLENGE: Final = (b"www-authenticate", b'L402 realm="order"')
_WORDS: Final = Words({})


class NumberOrders:
    """The orders, for the holders of their credentials."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._service = Numbers(shop)

    async def status(self, request: Request[Nothing]) -> NumberOrder | Response:
        """The order, its number and its texts, as often as it is asked for. The first request after
        the payment acquires the number."""
        try:
            grant, is_late = self._open(request)
        except Unauthorized as error:
            return _unauthorized(error)
        order_id = self._service.order_id(grant.nonce)
        if await self._shop.db.read(orders.by_id, order_id) is None:
            await self._begin(request, grant, is_late=is_late)
        return await self._document(request, order_id)

    async def cancel(self, request: Request[Nothing]) -> NumberOrder | Response:
        """Give the number back, 2 minutes after it was assigned, while no code came; the money is
        refunded."""
        try:
            grant, _ = self._open(request)
        except Unauthorized as error:
            return _unauthorized(error)
        order_id = self._service.order_id(grant.nonce)
        if await self._shop.db.read(orders.by_id, order_id) is None:
            await self._give_up(request, grant, self._carried(grant), WHY)
        # Also for an order that another request placed in between.
        await cancel_order(self._shop, order_id)
        return await self._document(request, order_id)

    def _open(self, request: Request[Any]) -> tuple[Grant, bool]:
        """What the credential that was shown has bought, which must be this order, and whether it
        is too late to place it. Raises ``Unauthorized`` and ``Forbidden``."""
        wanted = canonical_id(request.in_path("order_id"))
        authorization = http.headers(request.scope, b"authorization")
        if not any(value.strip() for value in authorization):
            raise Unauthorized(
                "This order is seen with the credential that paid it.",
                code="L402_CREDENTIAL_MISSING",
                suggestion=_HOW,
            )
        shop, terms = self._shop, self._shop.settings.l402
        purpose = Purpose(
            self._service.name,
            self._service.request,
            body=None,
            raw_digest=None,
            now_s=shop.clock.now_ms() // 1000,
            redeem_after_expiry_s=terms.redeem_s - terms.invoice_expiry_s,
        )
        try:
            grants = [each.grant for each in verify(shop.keyring, authorization, purpose)]
            is_late = False
        except CredentialRefused as refused:
            if refused.expired is None:
                raise Unauthorized(refused.message, code=refused.code, suggestion=_HOW) from None
            grants, is_late = [refused.expired], True
        for grant in grants:
            if self._service.order_id(grant.nonce) == wanted:
                return grant, is_late
        raise Forbidden(
            "This credential was paid for another order.",
            code="L402_OTHER_ORDER",
            suggestion="Use the orderId and the macaroon of the same 402.",
        )

    async def _begin(self, request: Request[Any], grant: Grant, *, is_late: bool) -> None:
        """Place the order that was paid; if it is not sold any more, its money can be claimed."""
        carried = self._carried(grant)
        if is_late:
            await self._give_up(request, grant, carried, _EXPIRED)
            return
        try:
            self._service.check_sold(carried.command)
        except InvalidInput as error:
            message = self._service.wording.words.word(error).message
            await self._give_up(request, grant, carried, f"{error.code}: {message}")
            return
        paid = self._paid(request, grant, carried)
        await self._shop.db.tx(place_l402_order, carried.command, paid, self._terms())

    async def _give_up(
        self, request: Request[Any], grant: Grant, carried: CarriedOrder, why: str
    ) -> None:
        paid = self._paid(request, grant, carried)
        await self._shop.db.tx(record_unredeemed, carried.command, paid, self._terms(), why)

    def _carried(self, grant: Grant) -> CarriedOrder:
        """Raises ``Conflict`` for a payment that was shown in the MPP way: its challenge carries no
        order."""
        if not grant.offer.order:
            raise Conflict(
                "This order is paid, and not placed yet.",
                code="ORDER_NOT_PLACED",
                suggestion="Send POST /v2/l402/order with the same body and this Authorization "
                "header first. Nothing more is to be paid.",
            )
        return carried_order(grant.offer.order)

    def _paid(self, request: Request[Any], grant: Grant, carried: CarriedOrder) -> Paid:
        shop = self._shop
        return Paid(
            FAMILY,
            grant,
            grant.offer.body,
            idempotency_key="",
            refund_address=carried.refund_address,
            age_ms=round((time.monotonic() - request.arrived_s) * 1000),
            client=shop.hash_of(request.client),
            node=shop.node_name,
            webhook_url=carried.webhook_url,
            order_id=self._service.order_id(grant.nonce),
        )

    def _terms(self) -> Terms:
        return Terms(
            replay_window_ms=self._shop.settings.l402.replay_window_s * 1000,
            deadline_ms=self._service.deadline_ms,
            limits=self._shop.policies.limits,
        )

    async def _document(self, request: Request[Any], order_id: str) -> NumberOrder:
        report = await self._shop.db.read(self._service.report, order_id)
        assert report is not None, "it was just placed"
        base = http.base_url(request.scope, self._shop.settings.public_url)
        document = number_order(report, base, self._shop.policies.receiving.cancel_after_ms)
        if report.order.webhook_url:
            document.webhook_secret = webhook_secret(self._shop.keyring, order_id)
        return document


def _unauthorized(error: RingboltError) -> Response:
    document = problem.of_error(error, _WORDS.word(error))
    return problem_response(error.status, document, [*error_headers(error), _CHALLENGE])
