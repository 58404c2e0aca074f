"""A request with a credential: the call that it pays for, or where its money is."""

from __future__ import annotations

import time
from typing import Any

from ringbolt.api.kit.dialect import problem_response
from ringbolt.api.kit.http import Header
from ringbolt.api.kit.idempotency import REPLAYED
from ringbolt.api.kit.response import Response
from ringbolt.api.l402 import FAMILY, documents
from ringbolt.api.l402.call_request import CallRequest
from ringbolt.api.l402.dialect import Count
from ringbolt.api.l402.documents import PlacedCall
from ringbolt.api.l402.verify import Purpose, Verified, verify
from ringbolt.api.l402.words import WORDS
from ringbolt.app.checkout.place_l402_call import (
    Paid,
    Placed,
    Replayed,
    Spent,
    Terms,
    place_l402_call,
    record_unredeemed,
)
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.call_status import CallReport, report_by_id
from ringbolt.app.webhooks.send_webhook import webhook_secret
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.core.lightning import mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Grant
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import sats_up
from ringbolt.store import orders
from ringbolt.store.orders import Order, channel

_READY_MARGIN_S = 5.0


class Redemption:
    """Takes credentials. ``count`` counts every answer."""

    def __init__(self, shop: Shop, count: Count) -> None:
        self._shop = shop
        self._count = count

    async def redeem(self, call: CallRequest) -> Response:
        """The answer to a paid request. Raises ``CredentialRefused`` if it buys no call."""
        spent: CredentialRefused | None = None
        for verified in self._verify(call):
            paid = self._paid(call, verified.grant, call.idempotency_key)
            result = await self._shop.db.tx(place_l402_call, call.order, paid, self._terms())
            if not isinstance(result, Spent):
                return await self._placed(call, verified, result)
            spent = CredentialRefused(result.code, result.message, verified.grant.payment_hash)
        assert spent is not None
        raise spent

    def _verify(self, call: CallRequest) -> list[Verified]:
        shop = self._shop
        terms = shop.settings.l402
        grace_s = terms.redeem_s - terms.invoice_expiry_s
        purpose = Purpose(call.body, call.raw_digest, shop.clock.now_ms() // 1000, grace_s)
        return verify(shop.keyring, call.authorization, purpose)

    async def _placed(
        self, call: CallRequest, verified: Verified, result: Placed | Replayed
    ) -> Response:
        order = result.order
        if call.audio_url:
            report = await self._ready(order.id)
            if report is not None and _nothing_was_placed(report):
                failed = documents.failed_document(report, call.base, call.document)
                self._count(422, failed["error_code"])
                code: Header = (b"x-error-code", failed["error_code"].encode())
                return problem_response(422, failed, [code])
        secret = None
        if call.order.status_url:
            secret = webhook_secret(self._shop.keyring, order.id)
        document = PlacedCall(
            success=True,
            status=CallStatus.QUEUED,
            sid=result.call.sid,
            to=result.call.to_number,
            call_id=order.id,
            status_url=documents.status_url(call.base, order),
            price_sats=sats_up(order.price_msat),
            ignored_fields=list(call.ignored) or None,
            webhook_secret=secret,
        )
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

    def _paid(self, call: CallRequest, grant: Grant, key: str) -> Paid:
        shop = self._shop
        age_ms = round((time.monotonic() - call.arrived_s) * 1000)
        client = shop.hash_of(call.client)
        return Paid(
            FAMILY, grant, call.body, key, call.refund_address, age_ms, client, shop.node_name
        )

    def _terms(self) -> Terms:
        settings = self._shop.settings
        return Terms(
            replay_window_ms=settings.l402.replay_window_s * 1000,
            dispatch_deadline_ms=settings.calls.dispatch_deadline_s * 1000,
        )

    async def _ready(self, order_id: str) -> CallReport | None:
        """Wait until the audio is ready and the carrier has the request, or the order failed.

        None if that is not known; the order is placed in any case.
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

    async def previous(
        self, call: CallRequest, refused: CredentialRefused
    ) -> dict[str, Any] | None:
        """The state and address of the order of a refused credential, if there is one."""
        if refused.payment_hash is None:
            return None
        order = await self._shop.db.read(orders.by_payment_hash, refused.payment_hash.hex())
        if order is None and refused.expired is not None:
            order = await self._unredeemed(call, refused.expired, "the credential had expired")
        return None if order is None else _order_summary(call, order)

    async def return_payment(
        self, call: CallRequest, fault: RingboltError
    ) -> dict[str, Any] | None:
        """A paid request that is refused because the shop's rules changed after the invoice was
        paid: the buyer gets the money back. None if nothing was paid."""
        try:
            verified = self._verify(call)
        except CredentialRefused as refused:
            return await self.previous(call, refused)
        why = f"{fault.code}: {WORDS.word(fault).message}"
        return _order_summary(call, await self._unredeemed(call, verified[0].grant, why))

    async def _unredeemed(self, call: CallRequest, grant: Grant, why: str) -> Order:
        paid = self._paid(call, grant, "")
        return await self._shop.db.tx(record_unredeemed, call.order, paid, self._terms(), why)


def _order_summary(call: CallRequest, order: Order) -> dict[str, Any]:
    return {
        "call_id": order.id,
        "order_state": order.state,
        "status_url": documents.status_url(call.base, order),
    }


def _nothing_was_placed(report: CallReport) -> bool:
    """It failed before the shop asked a carrier; the status says what a carrier refused."""
    return report.order.state is OrderState.FAILED and report.call.attempt_id is None
