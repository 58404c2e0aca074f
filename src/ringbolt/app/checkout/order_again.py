"""Place an order once more: the same request, at the prices in force."""

from __future__ import annotations

from collections.abc import Iterable

from ringbolt.app.checkout.purchase import Buyer
from ringbolt.app.checkout.sell_call import sell_call
from ringbolt.app.checkout.sell_mail import sell_mail
from ringbolt.app.checkout.sell_number import sell_number
from ringbolt.app.checkout.sell_text import sell_text
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.commands import CallOrder, Command, ReceiveTexts, SendMail, SendText
from ringbolt.core.errors import Conflict
from ringbolt.store.orders import Order


def can_repeat(command: Command) -> bool:
    """Whether the request is still known: texts are deleted some time after an order is over."""
    match command:
        case CallOrder():
            return bool(command.message or command.audio_url) or _says(command.steps)
        case SendText(message=message) | SendMail(message=message):
            return bool(message)
        case ReceiveTexts():
            return True
    return False


async def order_again(shop: Shop, order: Order, buyer: Buyer) -> Order:
    """A new order of what ``order`` bought.

    Raises ``Conflict`` if that is not known any more, and what placing an order does.
    """
    command = order.command
    if not can_repeat(command):
        raise Conflict(
            "What this order said was deleted meanwhile.",
            code="CONTENT_WIPED",
            suggestion="Fill in the form once more.",
        )
    match command:
        case CallOrder():
            return (await sell_call(shop, command, buyer)).order
        case SendText():
            return (await sell_text(shop, command, buyer)).order
        case SendMail():
            return (await sell_mail(shop, command, buyer)).order
        case ReceiveTexts():
            return (await sell_number(shop, command, buyer)).order
    raise AssertionError(f"{order.kind} cannot be repeated")


def _says(steps: Iterable[Step]) -> bool:
    for step in steps:
        if isinstance(step, Gather):
            if _says(step.prompt):
                return True
        elif (isinstance(step, Say) and step.text) or (isinstance(step, Play) and step.url):
            return True
    return False
