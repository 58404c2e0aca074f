"""``/createsendorder`` and ``/createemailsendorder``."""

from __future__ import annotations

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply
from ringbolt.api.orders.purchase import buyer_of, created
from ringbolt.app.checkout.sell_mail import checked_mail, sell_mail
from ringbolt.app.checkout.sell_text import sell_text
from ringbolt.app.shop import Shop
from ringbolt.core.commands import SendMail, SendText

MAX_SUBJECT_CHARS = 200


class SendOrders:
    """Orders that send."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def create_text(self, asked: Asked) -> Reply:
        """Send an SMS. It is paid for once it was sent; otherwise the money returns."""
        shop = self._shop
        message = fields.message(asked.fields, shop.settings.sms.max_chars)
        to = fields.phone(shop, asked.fields).number
        sold = await sell_text(shop, SendText(to, message), await buyer_of(shop, asked))
        return created(shop, sold.order, replayed=sold.replayed, segments=sold.segments)

    async def create_email(self, asked: Asked) -> Reply:
        """Send an e-mail. It is paid for once a mail server took it; else the money returns."""
        shop = self._shop
        message = fields.message(asked.fields, shop.settings.mail.max_chars)
        address = fields.line(asked.fields, "address", fields.MAX_ADDRESS_CHARS * 2)
        if not address:
            raise fields.missing("address", "The e-mail address to write to.")
        subject = fields.text(asked.fields, "subject", MAX_SUBJECT_CHARS)
        command = checked_mail(shop, SendMail(address, message, subject))
        sold = await sell_mail(shop, command, await buyer_of(shop, asked))
        return created(shop, sold.order, replayed=sold.replayed)
