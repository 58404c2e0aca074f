"""What may be bought at all, and how much at once: looked at before any invoice exists, so that
nobody pays for what cannot be had. Every refusal says what to do."""

from __future__ import annotations

from ringbolt.app.checkout.check_recordings import check_recordings
from ringbolt.app.checkout.invoice_quota import look_at_invoices, look_at_numbers, make_room
from ringbolt.app.checkout.purchase import Purchase
from ringbolt.app.checkout.routes import check_route
from ringbolt.app.limits import destination_limits
from ringbolt.app.limits.destination_limits import limits_of
from ringbolt.app.limits.quiet_times import check_quiet_hours
from ringbolt.app.limits.spend_limits import look_at_sold
from ringbolt.app.limits.unused_numbers import check_unused
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.requests.spoken import spoken_texts
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendMail, SendText
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.errors import DestinationRefused, InvalidInput, Role
from ringbolt.core.humanise import counted
from ringbolt.core.keys import hashes_of
from ringbolt.core.order import OrderKind, PaymentMethod
from ringbolt.core.phone import SCRIPTED
from ringbolt.core.pricing.money import sats_down
from ringbolt.core.texts import content_rules
from ringbolt.core.texts.segments import count
from ringbolt.settings import Settings
from ringbolt.store import suppressions
from ringbolt.store.engine.db import Tx


async def check_purchase(shop: Shop, purchase: Purchase) -> None:
    """Raises ``RateLimited``, ``InvalidInput`` or ``DestinationRefused``, in plain words."""
    check_route(shop, purchase)
    for url in filter(None, _told(purchase)):
        check_webhook_url(shop, url)
    _check_content(shop.settings, purchase)
    if isinstance(purchase.command, CallOrder):
        check_recordings(shop, purchase.command)
    if isinstance(purchase.command, SendText) and not SCRIPTED.fullmatch(purchase.to):
        segments = count(purchase.command.message).segments
        shop.text_costs.check(purchase.to, sats_down(purchase.price_msat) // segments)
    if await shop.db.read(_look, shop.policies.limits, purchase):
        await shop.db.tx(make_room, shop.policies.limits)


def _told(purchase: Purchase) -> tuple[str, ...]:
    """Where something will be sent to."""
    hook, command = purchase.buyer.webhook_url, purchase.command
    if isinstance(command, CallOrder):
        return hook, command.status_url, command.digits_url
    return (hook,)


def _check_content(settings: Settings, purchase: Purchase) -> None:
    """The rules about what is said, and which services' codes are received."""
    match purchase.command:
        case SendText(message=text):
            _check_text(settings, text)
        case SendMail(message=text, subject=subject):
            _check_text(settings, f"{subject}\n{text}")
        case CallOrder():
            check_spoken(settings, purchase.command)
        case ReceiveTexts(service=service):
            if service.lower() in settings.abuse.denied_services:
                raise InvalidInput(
                    "Codes of this service are not received here.",
                    code="SERVICE_NOT_OFFERED",
                    role=Role.SERVICE,
                    suggestion="Choose another service of those on offer.",
                )


def check_spoken(settings: Settings, order: CallOrder) -> None:
    """Raises ``InvalidInput`` for a call that says a word which the operator refuses."""
    if settings.abuse.denied_words:
        _check_words(settings, spoken_texts(order), "A call that says", "spoken")


def _check_text(settings: Settings, text: str) -> None:
    _check_words(settings, (text,), "A message that contains", "sent")
    allowed = settings.abuse.links_allowed
    hosts = content_rules.link_hosts(text)
    hidden = [each for each in hosts if content_rules.is_of(each, settings.abuse.denied_links)]
    if hidden:
        raise InvalidInput(
            f"A message with a web address at {hidden[0][:64]} is not sent.",
            code="CONTENT_REFUSED",
            role=Role.TEXT,
            suggestion="Write the address that it leads to. Nothing was charged.",
        )
    if len(hosts) > allowed:
        raise InvalidInput(
            "A message may hold no web address."
            if allowed == 0
            else f"A message may hold no more than {counted(allowed, 'web address')}.",
            code="CONTENT_REFUSED",
            role=Role.TEXT,
            suggestion="Remove links from the message. Nothing was charged.",
        )


def _check_words(settings: Settings, texts: tuple[str, ...], what: str, done: str) -> None:
    word = content_rules.denied_word(settings.abuse.denied_words, texts)
    if word is not None:
        raise InvalidInput(
            f"{what} {word!r} is not {done}.",
            code="CONTENT_REFUSED",
            role=Role.TEXT,
            suggestion="Leave the word out. Nothing was charged.",
        )


def _look(tx: Tx, policy: LimitPolicy, purchase: Purchase) -> bool:
    """Whether room must be made for its invoice."""
    if purchase.to and _is_suppressed(tx, policy, purchase):
        raise suppressed()
    is_number = purchase.kind.has_number
    if is_number:
        check_quiet_hours(policy, purchase.to, tx.now_ms)
    if not policy.is_on:
        return False
    is_hold = purchase.method is PaymentMethod.HOLD
    is_crowded = is_hold and look_at_invoices(tx, policy, purchase)
    if not purchase.kind.is_sold:
        return is_crowded
    account, client = purchase.buyer.account_id or "", purchase.buyer.client
    if isinstance(purchase.command, ReceiveTexts):
        check_unused(tx, policy, account or client)
        look_at_numbers(tx, policy, client)
    limits = limits_of(policy, purchase.command, account, client)
    refusal = destination_limits.look(tx, limits)
    if refusal is not None:
        raise refusal.error()
    look_at_sold(tx, policy, purchase.price_msat, purchase.to if is_number else "")
    return is_crowded


def suppressed() -> DestinationRefused:
    return DestinationRefused(
        "Whoever this is for asked to get no calls and no messages from us.",
        code="SUPPRESSED",
        suggestion="Reach them in another way. Nothing was charged.",
    )


def _is_suppressed(tx: Tx, policy: LimitPolicy, purchase: Purchase) -> bool:
    """Also under a former secret: who wants nothing from us is not asked again."""
    hashes = hashes_of(policy.keyring, _recipient(purchase))
    channel = suppressions.channel_of(purchase.kind)
    return any(suppressions.holds(tx, channel, each) for each in hashes)


def _recipient(purchase: Purchase) -> str:
    return mailbox_of(purchase.to) if purchase.kind is OrderKind.EMAIL else purchase.to
