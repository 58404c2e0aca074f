"""``/createcallorder``, ``/createsendorder`` and ``/createemailsendorder``."""

from __future__ import annotations

from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders.fields import checked_message
from ringbolt.api.orders.purchase import buyer_of, created
from ringbolt.api.orders.schema import (
    CreateCallOrder,
    CreateEmailSendOrder,
    CreateSendOrder,
    GatherKeys,
)
from ringbolt.app.checkout.sell_call import sell_plain_call
from ringbolt.app.checkout.sell_mail import checked_mail, sell_mail
from ringbolt.app.checkout.sell_text import sell_text, text_destination
from ringbolt.app.requests.plain_call import Keys, PlainCall
from ringbolt.app.shop import Shop
from ringbolt.core.commands import SendMail, SendText


class SendOrders:
    """Orders that send."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def create_text(self, request: Request[CreateSendOrder]) -> Response:
        """Send an SMS. It is paid for once it was sent; otherwise the money returns."""
        shop, params = self._shop, request.params
        message = checked_message(request.fields, params.message, shop.settings.sms.max_chars)
        to = text_destination(shop, params.phone).number
        sold = await sell_text(shop, SendText(to, message), await buyer_of(shop, request))
        return await created(shop, sold.order, replayed=sold.replayed, segments=sold.segments)

    async def create_call(self, request: Request[CreateCallOrder]) -> Response:
        """Call a number and speak a text or play a file. It is paid for once somebody answers;
        otherwise the money returns."""
        shop, params, fields = self._shop, request.params, request.fields
        if params.audio_url:
            if params.duration_minutes is None:
                raise fields.missing("durationMinutes", "It is required with audioUrl.")
        elif not params.message.strip():
            raise fields.missing("message", "Provide message (text to speak) or audioUrl.")
        gather = params.gather
        call = PlainCall(
            to=params.phone,
            message=params.message,
            audio_url=params.audio_url,
            minutes=params.duration_minutes,
            voice=params.voice,
            language=params.language,
            neural=params.neural,
            repeat=params.repeat,
            keys=Keys(gather.max_digits, gather.finish_key, gather.timeout)
            if isinstance(gather, GatherKeys)
            else None,
        )
        buyer = await buyer_of(shop, request)
        sold = await sell_plain_call(shop, call, buyer, request.client)
        return await created(shop, sold.order, replayed=sold.replayed)

    async def create_email(self, request: Request[CreateEmailSendOrder]) -> Response:
        """Send an e-mail. It is paid for once a mail server took it; else the money returns."""
        shop, params = self._shop, request.params
        message = checked_message(request.fields, params.message, shop.settings.mail.max_chars)
        command = checked_mail(
            SendMail(params.address, message, params.subject), shop.policies.messages
        )
        sold = await sell_mail(shop, command, await buyer_of(shop, request))
        return await created(shop, sold.order, replayed=sold.replayed)
