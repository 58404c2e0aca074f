"""``POST /v2/l402/order``: a code, or a rented number, paid once and polled as often as needed.

The invoice is an ordinary one: with a hold invoice the buyer would have no preimage, and so no
credential, before the code came. What fails is refunded like every order that L402 paid.

The credential carries the order, so that paying is enough: whoever shows it first, at the order's
own address or with the same body again, places the order.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ringbolt.api.kit.number_fields import canonical_id, country_of, service_of
from ringbolt.api.kit.request import Request
from ringbolt.api.l402.documents import FailedWords, PlacedNumber
from ringbolt.api.l402.number_documents import NumberPaymentRequired, order_type
from ringbolt.api.l402.number_schema import (
    AGAIN,
    CODE_EXAMPLE,
    EXAMPLES,
    RENT,
    NumberQuote,
    OrderNumber,
)
from ringbolt.api.l402.paid_request import (
    PaidRequest,
    Wish,
    read_callback_url,
    read_refund_address,
)
from ringbolt.api.l402.service import ACCESS, Documented, PaidService
from ringbolt.api.l402.wording import Wording
from ringbolt.api.l402.words import NUMBER_WORDS
from ringbolt.app.checkout.check_content import check_content
from ringbolt.app.checkout.invoice_quota import look_at_numbers
from ringbolt.app.checkout.order_rows import OrderRow
from ringbolt.app.checkout.prices import code_price, rental_price
from ringbolt.app.checkout.reactivate_number import Claimant, FormerOrder, former_order
from ringbolt.app.checkout.routes import check_route
from ringbolt.app.checkout.sell_number import check_number, number_price
from ringbolt.app.limits.unused_numbers import check_unused
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.webhooks.number_status import NumberReport, report_by_id
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.errors import Conflict, InvalidInput, NotFound, RingboltError
from ringbolt.core.lightning import l402
from ringbolt.core.lightning.l402 import b64url, from_b64url
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.services import FULL_RENT
from ringbolt.numbers.provider import ANY_COUNTRY
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

PATH: Final = "/v2/l402/order"
_MAX_URL_BYTES: Final = 1024
"""Of a callback: it is carried by the macaroon, which has at most 4 KiB."""
_HOW: Final = (
    "Without a credential the answer is 402 with an invoice, a macaroon and the order's id. Pay "
    "the invoice; then poll `status_url` with `Authorization: L402 <macaroon>:<preimage>`, as "
    "often as you like: the first request acquires the number. Or send the same body again with "
    "the credential, as clients of L402 do by themselves. No number, no code in time or a cancel: "
    "the money is refunded."
)


class CarriedOrder(msgspec.Struct, frozen=True):
    """An order as its credential carries it."""

    command: ReceiveTexts
    refund_address: str = ""
    webhook_url: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CarriedOrder).decode


def carried_order(text: str) -> CarriedOrder:
    """What ``Numbers.carried`` made; its macaroon was verified."""
    return _decode(from_b64url(text))


class Numbers(PaidService[OrderNumber, NumberQuote]):
    """Codes and rented numbers that are paid for one by one."""

    name = "order_number"
    path = PATH
    former_path = ""
    label = "Number"
    sells = ("code", "rent")
    wording = Wording(
        words=NUMBER_WORDS,
        no_body="Send a JSON object with type, country and service.",
        example=CODE_EXAMPLE,
    )
    documented = Documented(
        does="Order a code or a number, and poll it with one credential.",
        describes="What a code and a number take and cost.",
        how=_HOW,
        unit="order",
        quote="country=187&service=vk",
        examples=EXAMPLES,
    )
    failed = FailedWords(
        "ORDER_FAILED", "The number could not be ordered", "No number was acquired"
    )
    conflicts = (404, 409)
    takes = OrderNumber
    quotes = NumberQuote
    answers = PlacedNumber
    asks = NumberPaymentRequired

    @property
    def at_most(self) -> dict[str, int]:
        return {"rentalHours": self._shop.settings.orders.max_rental_hours}

    @property
    def deadline_ms(self) -> int:
        return self._shop.policies.deadlines.receive_ms

    def read(self, request: Request[OrderNumber]) -> Wish:
        return self._wish(request, None)

    async def wish(self, request: Request[OrderNumber]) -> Wish:
        return self._wish(request, await self._former(request))

    def _wish(self, request: Request[OrderNumber], former: FormerOrder | None) -> Wish:
        params = request.params
        address = read_refund_address(request.fields, params.refund_address)
        webhook_url = read_callback_url(request.fields, params.callback_url, _MAX_URL_BYTES)
        if former is not None:
            command = msgspec.structs.replace(
                former.command, again=former.number, provider=former.lease.provider
            )
            return Wish(command, address, webhook_url=webhook_url)
        is_rental = params.type == RENT
        if params.order_id:
            raise _contradiction("orderId", AGAIN)
        if params.rental_hours is not None and not is_rental:
            raise _contradiction("rentalHours", RENT)
        country = ANY_COUNTRY if params.country is None else country_of(params.country).cc
        return Wish(
            ReceiveTexts(
                country=country,
                service=self._service(request, is_rental=is_rental),
                hours=self._hours(params) if is_rental else 0,
                real=params.realphone,
            ),
            address,
            webhook_url=webhook_url,
        )

    def _service(self, request: Request[OrderNumber], *, is_rental: bool) -> str:
        service = service_of(self._shop, request.params.service)
        if service is not None:
            return service.code
        if is_rental:
            return FULL_RENT
        raise request.fields.missing("service", "A code or name of /v2/l402/services, such as vk.")

    def _hours(self, params: OrderNumber) -> int:
        usual = min(RENT_BLOCK_HOURS, self._shop.settings.orders.max_rental_hours)
        return usual if params.rental_hours is None else params.rental_hours

    async def _former(self, request: Request[OrderNumber]) -> FormerOrder | None:
        params = request.params
        if params.type != AGAIN:
            return None
        if not params.order_id:
            raise request.fields.missing("orderId", "The order whose number is wanted again.")
        for name, given in (
            ("country", params.country is not None),
            ("service", bool(params.service)),
            ("rentalHours", params.rental_hours is not None),
        ):
            if given:
                raise InvalidInput(
                    f"{name} is that of the former order.",
                    code="CONTRADICTION",
                    field=name,
                    suggestion=f"Leave {name} out.",
                )
        former = await self._shop.db.read(former_order, params.order_id)
        if former is None:
            raise NotFound(
                "There is no such order, or it had no number.",
                code="ORDER_NOT_FOUND",
                field="orderId",
                suggestion="Use orderId exactly as it was answered.",
            )
        if not former.is_over:
            raise Conflict(
                "That order still has its number.",
                code="ORDER_NOT_OVER",
                field="orderId",
                suggestion="Wait until its time is over, or cancel it first.",
            )
        return former

    def check(self, request: PaidRequest) -> int:
        if request.webhook_url:
            check_webhook_url(self._shop, request.webhook_url)
        return self.check_sold(_receive(request.order))

    def check_sold(self, command: ReceiveTexts) -> int:
        """The price, msat. Raises ``InvalidInput`` for what is not sold."""
        check_route(self._shop, command)
        check_content(self._shop.policies.limits.abuse, command)
        return number_price(self._shop, command)

    async def look(self, request: PaidRequest) -> dict[str, Any]:
        """Whether the buyer may have such a number, and there is one."""
        shop, command = self._shop, _receive(request.order)
        client = shop.hash_of(request.client)
        former: FormerOrder | None = None
        if shop.policies.limits.is_on:
            await shop.db.read(_check_share, shop.policies.limits, client)
        if command.again:
            former_id = canonical_id(str(request.document.get("orderId", "")))
            former = await shop.db.read(former_order, former_id)
        await check_number(shop, command, Claimant(None, client), former)
        return {}

    def carried(self, request: PaidRequest) -> str:
        order = CarriedOrder(_receive(request.order), request.refund_address, request.webhook_url)
        return b64url(_encode(order))

    def order_id(self, nonce: bytes) -> str:
        return l402.order_id(self._shop.keyring, nonce)

    def named(self, base: str, nonce: bytes) -> dict[str, Any]:
        order_id = self.order_id(nonce)
        return {"orderId": order_id, "status_url": f"{base}{PATH}/{order_id}"}

    def accepted(self, order: Order, row: OrderRow, common: dict[str, Any]) -> PlacedNumber:
        return PlacedNumber(
            order_id=order.id,
            type=order_type(_receive(order.command)),
            cancel_url=f"{common['status_url']}/cancel",
            **common,
        )

    def report(self, tx: Tx, order_id: str) -> NumberReport | None:
        return report_by_id(tx, order_id)

    def describe(self, base: str, quote: NumberQuote) -> dict[str, Any]:
        shop, settings = self._shop, self._shop.settings
        country = None if quote.country is None else country_of(quote.country).cc
        service = service_of(shop, quote.service)
        code = "" if service is None else service.code
        return {
            "name": "Number",
            "description": "Receives one code on a number, or rents a number for hours. What did "
            "not come is refunded.",
            "access": {**ACCESS, "endpoint": f"{base}{PATH}", "method": "POST"},
            "content_type": "api",
            "pricing": {
                "currency": "sat",
                "unit": self.documented.unit,
                "amount": sats_up(code_price(shop, country, code)),
                "rent_amount": sats_up(rental_price(shop, country, code)),
                "quote": f"{base}{PATH}?{self.documented.quote}",
            },
            "limits": {
                "rental_max_hours": settings.orders.max_rental_hours,
                "code_within_seconds": settings.orders.code_within_s,
                "invoice_expires_after_seconds": settings.l402.invoice_expiry_s,
                "credential_valid_seconds": settings.l402.redeem_s,
            },
            "examples": list(EXAMPLES.values()),
        }


def _check_share(tx: Tx, policy: LimitPolicy, client: str) -> None:
    check_unused(tx, policy, client)
    look_at_numbers(tx, policy, client)


def _contradiction(field: str, type: str) -> RingboltError:
    return InvalidInput(
        f"{field} is for orders of the type {type}.",
        code="CONTRADICTION",
        field=field,
        suggestion=f"Leave {field} out, or send type {type}.",
    )


def _receive(command: object) -> ReceiveTexts:
    assert isinstance(command, ReceiveTexts), "/v2/l402/order is of numbers"
    return command
