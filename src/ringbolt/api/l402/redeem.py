"""A request that comes with a credential: the call that it pays for, or where its money is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ringbolt.api.kit.http import Send
from ringbolt.api.l402 import documents, responses
from ringbolt.api.l402.schema import PlaceCall
from ringbolt.api.l402.verify import Redeemed, Request, redeem
from ringbolt.api.l402.words import WORDS
from ringbolt.app.checkout.place_l402_call import (
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
from ringbolt.app.webhooks.call_status import CallReport, report_by_id
from ringbolt.app.webhooks.send_webhook import webhook_secret
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.core.lightning.l402 import CredentialRefused, Grant
from ringbolt.core.order import OrderState
from ringbolt.store import orders
from ringbolt.store.orders import Order, channel

_READY_MARGIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: ``body`` is the digest of its canonical JSON, ``raw_digest`` of its
    bytes, ``base`` how the client reaches us; it arrived at ``arrived_s`` of the
    monotonic clock, from the address ``client``."""

    call: PlaceCall
    body: str
    raw_digest: str
    base: str
    authorization: list[str]
    idempotency_key: str
    arrived_s: float
    client: str


class Redemption:
    """Takes credentials. ``count`` is told every answer's status and error code."""

    def __init__(self, shop: Shop, count: Callable[[int, str], None]) -> None:
        self._shop = shop
        self._count = count

    async def answer(self, send: Send, asked: Asked) -> None:
        """Answer a paid request. Raises ``CredentialRefused`` for what buys nothing."""
        spent: CredentialRefused | None = None
        for redeemed in self._redeem(asked):
            result = await self._place(asked, redeemed.grant)
            if not isinstance(result, Spent):
                await self._placed(send, asked, redeemed, result)
                return
            spent = CredentialRefused(result.code, result.message, redeemed.grant.payment_hash)
        assert spent is not None
        raise spent

    def _redeem(self, asked: Asked) -> list[Redeemed]:
        shop = self._shop
        terms = shop.settings.l402
        grace_s = terms.redeem_s - terms.invoice_expiry_s
        request = Request(asked.body, asked.raw_digest, shop.clock.now_ms() // 1000, grace_s)
        return redeem(shop.keyring, asked.authorization, request)

    async def _placed(
        self, send: Send, asked: Asked, redeemed: Redeemed, result: Placed | Replayed
    ) -> None:
        order = result.order
        if asked.call.audio_url:
            report = await self._ready(order.id)
            if report is not None and _nothing_was_placed(report):
                failed = documents.failed_document(report, asked.base, asked.call.document)
                self._count(422, failed["error_code"])
                await responses.failed(send, failed)
                return
        replayed = isinstance(result, Replayed)
        document = documents.success_document(order, result.call, asked.base, asked.call.ignored)
        if asked.call.order.status_url:
            document["webhook_secret"] = webhook_secret(self._shop.keyring, order.id)
        self._count(200, "REPLAYED" if replayed else "PLACED")
        now_s = self._shop.clock.now_ms() // 1000
        await responses.success(send, document, redeemed, now_s, replayed)

    def _paid(self, asked: Asked, grant: Grant, key: str) -> Paid:
        age_ms = round((time.monotonic() - asked.arrived_s) * 1000)
        client = self._shop.hash_of(asked.client)
        return Paid(grant, asked.body, key, asked.call.refund_address, age_ms, client)

    async def _place(self, asked: Asked, grant: Grant) -> PlaceResult:
        paid = self._paid(asked, grant, asked.idempotency_key)
        return await self._shop.db.tx(place_l402_call, asked.call.order, paid, self._terms())

    def _terms(self) -> Terms:
        settings = self._shop.settings
        return Terms(
            replay_window_ms=settings.l402.replay_window_s * 1000,
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

    async def previous(self, asked: Asked, refused: CredentialRefused) -> dict[str, Any] | None:
        """Where the order is that a refused credential belongs to, if there is one."""
        if refused.payment_hash is None:
            return None
        order = await self._shop.db.read(orders.by_payment_hash, refused.payment_hash.hex())
        if order is None and refused.expired is not None:
            order = await self._unredeemed(asked, refused.expired, "the credential had expired")
        return None if order is None else _where(asked, order)

    async def give_back(self, asked: Asked, fault: RingboltError) -> dict[str, Any] | None:
        """A paid request that is refused all the same, because the shop's rules changed after
        the invoice was paid: the buyer gets the money back. None if nothing was paid."""
        try:
            redeemed = self._redeem(asked)
        except CredentialRefused as refused:
            return await self.previous(asked, refused)
        why = f"{fault.code}: {WORDS.word(fault).message}"
        return _where(asked, await self._unredeemed(asked, redeemed[0].grant, why))

    async def _unredeemed(self, asked: Asked, grant: Grant, why: str) -> Order:
        paid = self._paid(asked, grant, "")
        return await self._shop.db.tx(record_unredeemed, asked.call.order, paid, self._terms(), why)


def _where(asked: Asked, order: Order) -> dict[str, Any]:
    return {
        "call_id": order.id,
        "order_state": order.state,
        "status_url": documents.status_url(asked.base, order),
    }


def _nothing_was_placed(report: CallReport) -> bool:
    """Failed before any carrier was asked; what a carrier refused is told by the status."""
    return report.order.state is OrderState.FAILED and report.call.attempt_id is None
