"""The parts that can deliver an order: checked before the payment, and again at dispatch."""

from __future__ import annotations

from functools import partial

from ringbolt.app.checkout.best_provider import cost_of_code
from ringbolt.app.checkout.choose_provider import find_provider
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import Record
from ringbolt.core.commands import CallOrder, Command, ReceiveTexts, SendMail, SendText
from ringbolt.core.errors import DestinationRefused, Role
from ringbolt.core.phone import SCRIPTED
from ringbolt.core.services import is_scripted_service
from ringbolt.mail.mailer import Mailer
from ringbolt.numbers.provider import NumberProvider
from ringbolt.sms.carrier import SmsCarrier
from ringbolt.voice.carrier import SupportsRecording, VoiceCarrier

_CODE = "NO_CARRIER"
_NOTHING_CHARGED = "Nothing was charged."


def call_route(shop: Shop, command: CallOrder) -> tuple[VoiceCarrier, ...]:
    """The carriers that may place the call, in the order of asking; only those that can record, if
    the call records."""
    is_scripted = SCRIPTED.fullmatch(command.to) is not None
    route = shop.carriers.route(command.to, simulated_only=is_scripted)
    if any(isinstance(step, Record) for step in command.steps):
        return tuple(carrier for carrier in route if isinstance(carrier, SupportsRecording))
    return route


def text_route(shop: Shop, to: str) -> tuple[SmsCarrier, ...]:
    """The carriers of a text to that number, in the order of asking."""
    return shop.sms_carriers.route(to, simulated_only=SCRIPTED.fullmatch(to) is not None)


def mail_route(shop: Shop, address: str) -> tuple[Mailer, ...]:
    """The mail servers for an e-mail to that address, in the order of asking."""
    return shop.mailers.route(address)


def number_route(shop: Shop, request: ReceiveTexts) -> tuple[NumberProvider, ...]:
    """The providers of such a number, in the order of asking (``best_provider``); for a number that
    is ordered again, its own. For real telephones see ``choose_provider``."""
    if request.provider:
        found = find_provider(shop, request.provider)
        return () if found is None else (found,)
    is_scripted = is_scripted_service(request.service)
    return shop.number_providers.route(
        str(request.country),
        simulated_only=is_scripted,
        cost=partial(cost_of_code, shop, request),
    )


def check_call_route(shop: Shop, number: str) -> None:
    """Raises ``DestinationRefused`` for a number that no carrier of this shop calls."""
    is_scripted = SCRIPTED.fullmatch(number) is not None
    if not shop.carriers.reaches(number, simulated_only=is_scripted):
        raise DestinationRefused(
            f"{number} is called by no carrier of this shop.",
            code=_CODE,
            role=Role.DESTINATION,
            suggestion=f"Choose another number, or another shop. {_NOTHING_CHARGED}",
        )


def check_route(shop: Shop, command: Command) -> None:
    """Raises ``DestinationRefused`` for an order that no part of this shop can deliver."""
    match command:
        case CallOrder(to=to):
            check_call_route(shop, to)
        case SendText(to=to) if not text_route(shop, to):
            raise _not_reached(f"Texts to {to} are carried by no carrier of this shop.")
        case SendMail(to=to) if not mail_route(shop, to):
            raise _not_reached(f"E-mail to {to} is taken by no mail server of this shop.")
        case ReceiveTexts(real=False) as request if not number_route(shop, request):
            raise _not_reached("This shop has no numbers there.")


def _not_reached(what: str) -> DestinationRefused:
    return DestinationRefused(
        what,
        code=_CODE,
        suggestion=f"Choose another destination, or another shop. {_NOTHING_CHARGED}",
    )
