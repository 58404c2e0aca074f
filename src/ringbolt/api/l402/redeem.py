"""A request with a credential: the order that it pays for, or where its money is."""

from __future__ import annotations

import time
from typing import Any

from ringbolt.api.kit.dialect import problem_response
from ringbolt.api.kit.http import Header
from ringbolt.api.kit.idempotency import REPLAYED
from ringbolt.api.kit.response import Response
from ringbolt.api.l402 import FAMILY, documents
from ringbolt.api.l402.dialect import Count
from ringbolt.api.l402.paid_request import PaidRequest
from ringbolt.api.l402.service import PaidService
from ringbolt.api.l402.verify import Purpose, Verified, verify
from ringbolt.app.checkout.place_l402_order import (
    Paid,
    Placed,
    Replayed,
    Spent,
    Terms,
    place_l402_order,
    record_unredeemed,
)
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.app.webhooks.send_webhook import webhook_secret
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.core.lightning import mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Grant
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.core.pricing.money import sats_up
from ringbolt.store import orders
from ringbolt.store.orders import Order, channel

_READY_MARGIN_S = 5.0


class Redemption:
    """Takes credentials of one service. ``count`` counts every answer."""

    def __init__(self, shop: Shop, service: PaidService[Any, Any], count: Count) -> None:
        self._shop = shop
        self._service = service
        self._count = count

    async def redeem(self, request: PaidRequest) -> Response:
        """The answer to a paid request. Raises ``CredentialRefused`` if it buys nothing."""
        spent: CredentialRefused | None = None
        for verified in self._verify(request):
            paid = self._paid(request, verified.grant, request.idempotency_key)
            result = await self._shop.db.tx(place_l402_order, request.order, paid, self._terms())
            if not isinstance(result, Spent):
                return await self._placed(request, verified, result)
            spent = CredentialRefused(result.code, result.message, verified.grant.payment_hash)
        assert spent is not None
        raise spent

    def _verify(self, request: PaidRequest) -> list[Verified]:
        shop = self._shop
        terms = shop.settings.l402
        grace_s = terms.redeem_s - terms.invoice_expiry_s
        service = self._service
        purpose = Purpose(
            service.name, service.request, request.body, request.raw_digest,
            shop.clock.now_ms() // 1000, grace_s,
        )  # fmt: skip
        return verify(shop.keyring, request.authorization, purpose)

    async def _placed(
        self, request: PaidRequest, verified: Verified, result: Placed | Replayed
    ) -> Response:
        order = result.order
        report = await self._failure(request, result)
        if report is not None:
            failed = documents.failed_document(
                report, request.base, request.document, self._service.failed
            )
            self._count(422, failed["error_code"])
            code: Header = (b"x-error-code", failed["error_code"].encode())
            return problem_response(422, failed, [code])
        secret = None
        if request.webhook_url or _status_url(request):
            secret = webhook_secret(self._shop.keyring, order.id)
        common = {
            "success": True,
            "status": "queued",
            "status_url": documents.status_url(request.base, order),
            "price_sats": sats_up(order.price_msat),
            "ignored_fields": list(request.ignored) or None,
            "webhook_secret": secret,
        }
        document = self._service.accepted(order, result.row, common)
        headers = [(b"payment-receipt", self._receipt(verified).encode())]
        is_replay = isinstance(result, Replayed)
        if is_replay:
            headers.append(REPLAYED)
        self._count(200, "REPLAYED" if is_replay else "PLACED")
        return Response(document, headers=headers)

    def _receipt(self, verified: Verified) -> str:
        """The receipt of the payment (MPP)."""
        payment_hash = verified.grant.payment_hash
        now_s = self._shop.clock.now_ms() // 1000
        return mpp.receipt(payment_hash, verified.challenge_id or payment_hash.hex(), now_s)

    def _paid(self, request: PaidRequest, grant: Grant, key: str) -> Paid:
        shop = self._shop
        age_ms = round((time.monotonic() - request.arrived_s) * 1000)
        client = shop.hash_of(request.client)
        return Paid(
            FAMILY,
            grant,
            request.body,
            key,
            request.refund_address,
            age_ms,
            client,
            shop.node_name,
            request.webhook_url,
            self._service.order_id(grant.nonce),
        )

    def _terms(self) -> Terms:
        settings = self._shop.settings
        return Terms(
            replay_window_ms=settings.l402.replay_window_s * 1000,
            deadline_ms=self._service.deadline_ms,
            limits=self._shop.policies.limits,
        )

    async def _failure(self, request: PaidRequest, result: Placed | Replayed) -> OrderReport | None:
        """The order if it failed before a carrier was asked, as far as the answer waits for that:
        it does for the audio of a call."""
        order = result.order
        if request.audio_url:
            report = await self._ready(order.id)
        elif isinstance(result, Placed) and order.state is OrderState.FAILED:
            report = await self._shop.db.read(self._service.report, order.id)
        else:
            return None
        return report if report is not None and _nothing_was_done(report) else None

    async def _ready(self, order_id: str) -> OrderReport | None:
        """Wait until the audio is ready and the carrier has the request, or the order failed.

        None if that is not known; the order is placed in any case.
        """
        shop = self._shop
        deadline = time.monotonic() + shop.settings.fetch.timeout_s + _READY_MARGIN_S
        subscription = shop.db.listen(channel(order_id))
        try:
            while True:
                report = await shop.db.read(self._service.report, order_id)
                left = deadline - time.monotonic()
                if report is None or report.order.state is not OrderState.PAID or left <= 0:
                    return report
                await subscription.wait(min(left, 1.0))
        except Unavailable:
            return None
        finally:
            subscription.close()

    async def previous(
        self, request: PaidRequest, refused: CredentialRefused
    ) -> dict[str, Any] | None:
        """The state and address of the order of a refused credential, if there is one."""
        if refused.payment_hash is None:
            return None
        order = await self._shop.db.read(orders.by_payment_hash, refused.payment_hash.hex())
        if order is None and refused.expired is not None:
            order = await self._unredeemed(request, refused.expired, "the credential had expired")
        return None if order is None else _order_summary(request, order)

    async def return_payment(
        self, request: PaidRequest, fault: RingboltError
    ) -> dict[str, Any] | None:
        """A paid request that is refused because the shop's rules changed after the invoice was
        paid: the buyer gets the money back. None if nothing was paid."""
        try:
            verified = self._verify(request)
        except CredentialRefused as refused:
            return await self.previous(request, refused)
        why = f"{fault.code}: {self._service.wording.words.word(fault).message}"
        return _order_summary(request, await self._unredeemed(request, verified[0].grant, why))

    async def _unredeemed(self, request: PaidRequest, grant: Grant, why: str) -> Order:
        paid = self._paid(request, grant, "")
        return await self._shop.db.tx(record_unredeemed, request.order, paid, self._terms(), why)


def _order_summary(request: PaidRequest, order: Order) -> dict[str, Any]:
    name = "call_id" if order.kind is OrderKind.CALL else "order_id"
    return {
        name: order.id,
        "order_state": order.state,
        "status_url": documents.status_url(request.base, order),
    }


def _status_url(request: PaidRequest) -> str:
    """What gets every status of a call, '' for none."""
    return request.order.status_url if isinstance(request.order, CallOrder) else ""


def _nothing_was_done(report: OrderReport) -> bool:
    """It failed before the shop asked a carrier; the status says what a carrier refused."""
    return report.order.state is OrderState.FAILED and not report.was_asked
