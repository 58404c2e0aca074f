"""Check a text or an e-mail, and price it, without reading the store."""

from __future__ import annotations

from ringbolt.app.checkout.check_content import check_content
from ringbolt.app.checkout.check_purchase import check_text_cost
from ringbolt.app.checkout.prices import mail_price, text_price
from ringbolt.app.checkout.routes import check_route
from ringbolt.app.checkout.sell_mail import check_may_choose
from ringbolt.app.checkout.sell_text import text_destination
from ringbolt.app.shop import Shop
from ringbolt.core.commands import SendMail, SendText
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.texts.segments import count


def check_text(shop: Shop, command: SendText) -> int:
    """The price of a text, msat. Raises ``InvalidInput`` and ``DestinationRefused``."""
    _check_length(command.message, shop.settings.sms.max_chars)
    destination = text_destination(shop, command.to)
    check_route(shop, command)
    check_content(shop.policies.limits.abuse, command)
    price_msat = text_price(shop, destination, count(command.message).segments)
    check_text_cost(shop, command, price_msat)
    return price_msat


def check_mail(shop: Shop, command: SendMail) -> int:
    """The price of an e-mail (a ``checked_mail``), msat. Raises ``InvalidInput`` and
    ``DestinationRefused``."""
    _check_length(command.message, shop.settings.mail.max_chars)
    check_may_choose(command.subject, shop.policies.messages)
    check_route(shop, command)
    check_content(shop.policies.limits.abuse, command)
    return mail_price(shop)


def _check_length(text: str, most: int) -> None:
    """Characters are counted as code points."""
    if len(text) > most:
        raise InvalidInput.about(
            Role.TEXT,
            f"has {len(text)} characters; at most {most} are sent.",
            code="MESSAGE_TOO_LONG",
            suggestion="Shorten it, or send it as several orders.",
        )
