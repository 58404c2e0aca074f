"""Sell an e-mail. It is paid for once a mail server took it; otherwise the money returns."""

from __future__ import annotations

import secrets
from functools import partial

from msgspec.structs import replace

from ringbolt.app.checkout.place_order import PlacedOrder, place_order
from ringbolt.app.checkout.prices import mail_price
from ringbolt.app.checkout.purchase import Buyer, Purchase
from ringbolt.app.policies import MessagePolicy
from ringbolt.app.shop import Shop
from ringbolt.core.commands import SendMail
from ringbolt.core.email_address import (
    check_mail_text,
    check_subject,
    mailbox_of,
    parse_address,
)
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.order import OrderKind
from ringbolt.store import messages
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


async def sell_mail(shop: Shop, command: SendMail, buyer: Buyer) -> PlacedOrder:
    """Order ``command``, whose texts are as they were written.

    Raises ``InvalidInput``, ``RateLimited``, ``InsufficientFunds``, ``Unauthorized``,
    ``NodeUnavailable``.
    """
    letter = checked_mail(command, shop.policies.messages)
    to_hash = shop.hash_of(mailbox_of(letter.to))
    purchase = Purchase(
        kind=OrderKind.EMAIL,
        command=letter,
        price_msat=mail_price(shop),
        buyer=buyer,
        record=partial(_record, to_hash),
        to=letter.to,
    )
    return await place_order(shop, purchase)


def checked_mail(command: SendMail, policy: MessagePolicy) -> SendMail:
    """The same, as it can be mailed: one plain address, no control characters. Raises
    ``InvalidInput``."""
    to = parse_address(command.to).address
    message = check_mail_text(command.message)
    subject = check_subject(command.subject)
    check_may_choose(subject, policy)
    reply_to = parse_address(command.reply_to).address if command.reply_to else ""
    return replace(command, to=to, message=message, subject=subject, reply_to=reply_to)


def check_may_choose(subject: str, policy: MessagePolicy) -> None:
    """Raises ``InvalidInput`` if the buyer names a subject, and may not."""
    if subject and not policy.may_choose_subject:
        raise InvalidInput.about(
            Role.SUBJECT,
            "cannot be chosen here; every e-mail has the same.",
            code="SUBJECT_NOT_ALLOWED",
            suggestion="Leave it out.",
        )


def _record(to_hash: str, tx: Tx, order: Order) -> None:
    record_mail(tx, order, to_hash)


def record_mail(tx: Tx, order: Order, to_hash: str) -> None:
    """Store the message of an order, with the order."""
    public_id = "EM" + secrets.token_hex(16)
    messages.insert(tx, order.id, to_hash, 1, public_id)
