"""``/createsendorder`` and ``/createemailsendorder``."""

from __future__ import annotations

import secrets

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply
from ringbolt.api.orders.purchase import (
    client_of,
    created,
    idempotency_of,
    payer_of,
    webhook_of,
)
from ringbolt.app.checkout.place_order import place_order
from ringbolt.app.requests.order_request import SendMail, SendText
from ringbolt.app.requests.purchase import Purchase
from ringbolt.app.shop import Shop
from ringbolt.core.countries import by_region
from ringbolt.core.email_address import (
    check_mail_text,
    check_subject,
    mailbox_of,
    parse_address,
)
from ringbolt.core.errors import InvalidInput
from ringbolt.core.order import OrderKind
from ringbolt.core.phone import Destination
from ringbolt.core.texts.segments import count
from ringbolt.store import messages
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

MAX_SUBJECT_CHARS = 200


def text_price(shop: Shop, destination: Destination | None, segments: int) -> int:
    """Sats for a text of so many segments; where it goes matters only with a price table."""
    country = by_region(destination.region) if destination else None
    return shop.prices.send(None if country is None else country.cc, segments)


class SendOrders:
    """Orders that send."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def create_text(self, asked: Asked) -> Reply:
        """Send an SMS. It is paid for once it was sent; otherwise the money returns."""
        shop = self._shop
        message = fields.message(asked.fields, shop.settings.sms.max_chars)
        destination = fields.phone(asked.fields, scripted_allowed=shop.sms_carriers.has_simulated)
        segments = count(message).segments
        to = destination.number
        return await self._sell(
            asked,
            kind=OrderKind.SMS,
            request=SendText(to, message, shop.settings.sms.senders[0]),
            price_sats=text_price(shop, destination, segments),
            to=to,
            segments=segments,
        )

    async def create_email(self, asked: Asked) -> Reply:
        """Send an e-mail. It is paid for once a mail server took it; else the money returns."""
        shop = self._shop
        message = fields.message(asked.fields, shop.settings.mail.max_chars)
        address = fields.line(asked.fields, "address", fields.MAX_ADDRESS_CHARS * 2)
        if not address:
            raise fields.missing("address", "The e-mail address to write to.")
        to = parse_address(address).address
        return await self._sell(
            asked,
            kind=OrderKind.EMAIL,
            request=SendMail(to, check_mail_text(message), self._subject(asked)),
            price_sats=shop.prices.email(),
            to=to,
            segments=None,
        )

    def _subject(self, asked: Asked) -> str:
        subject = check_subject(fields.text(asked.fields, "subject", MAX_SUBJECT_CHARS))
        if subject and not self._shop.settings.mail.allow_subject:
            raise InvalidInput(
                "subject cannot be chosen here; every e-mail has the same.",
                code="SUBJECT_NOT_ALLOWED",
                field="subject",
                suggestion="Leave subject out.",
            )
        return subject

    async def _sell(
        self,
        asked: Asked,
        *,
        kind: OrderKind,
        request: SendText | SendMail,
        price_sats: int,
        to: str,
        segments: int | None,
    ) -> Reply:
        shop = self._shop
        client = client_of(shop, asked)
        referrer = fields.referrer(asked.fields)
        webhook_url = webhook_of(shop, asked)
        payer = await payer_of(shop, asked)
        to_hash = shop.hash_of(to if kind is OrderKind.SMS else mailbox_of(to))
        public_id = ("SM" if kind is OrderKind.SMS else "EM") + secrets.token_hex(16)

        def record(tx: Tx, order: Order) -> None:
            messages.insert(tx, order.id, to_hash, segments or 1, public_id)

        bought = await place_order(
            shop,
            Purchase(
                kind=kind,
                request=request,
                price_msat=price_sats * 1000,
                payer=payer,
                record=record,
                client=client,
                to=to,
                referrer=referrer,
                webhook_url=webhook_url,
                idempotency=idempotency_of(asked, payer),
            ),
        )
        return created(shop, bought, segments=segments)
