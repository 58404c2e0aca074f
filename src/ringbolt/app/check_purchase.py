"""What may be bought at all, and how much at once: looked at before any invoice exists, so that
nobody pays for what cannot be had. Every refusal says what to do."""

from __future__ import annotations

import re

from ringbolt.app.by_hand import hashes_of
from ringbolt.app.call_order import CallOrder
from ringbolt.app.order_request import ReceiveTexts, SendMail, SendText
from ringbolt.app.purchase import Purchase
from ringbolt.app.recordings import check_recordings
from ringbolt.app.shop import Shop
from ringbolt.app.spend_limits import CALL, NOT_SOLD, check_sold, share_key, shares
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.errors import DestinationRefused, InvalidInput, RateLimited
from ringbolt.core.money import sats_down
from ringbolt.core.order import PaymentMethod
from ringbolt.core.phone import SCRIPTED
from ringbolt.core.plain_words import counted, every, span
from ringbolt.core.sms_text import count
from ringbolt.settings import Settings
from ringbolt.store import holds, rate_limits, receptions, spends, suppressions
from ringbolt.store.db import Tx

_LINK = re.compile(r"(?:https?://|www\.)\S|\b[a-z0-9-]{2,63}\.(?:com|net|org|io|ly|me|co)/\S", re.I)


async def check_purchase(shop: Shop, purchase: Purchase) -> None:
    """Raises ``RateLimited``, ``InvalidInput`` or ``DestinationRefused``, in plain words."""
    _check_content(shop.settings, purchase)
    if isinstance(purchase.request, CallOrder):
        check_recordings(shop, purchase.request)
    if isinstance(purchase.request, SendText) and not SCRIPTED.fullmatch(purchase.to):
        segments = count(purchase.request.message).segments
        shop.text_costs.check(purchase.to, sats_down(purchase.price_msat) // segments)
    await shop.db.read(_look, shop, purchase)


def _check_content(settings: Settings, purchase: Purchase) -> None:
    """The rules about what is said, and which services' codes are received."""
    match purchase.request:
        case SendText(message=text):
            _check_text(settings, text)
        case SendMail(message=text, subject=subject):
            _check_text(settings, f"{subject}\n{text}")
        case ReceiveTexts(service=service):
            if service.lower() in {each.lower() for each in settings.abuse.denied_services}:
                raise InvalidInput(
                    "Codes of this service are not received here.",
                    code="SERVICE_NOT_OFFERED",
                    field="service",
                    suggestion="Choose another service; /getServices lists those on offer.",
                )


def _check_text(settings: Settings, text: str) -> None:
    abuse = settings.abuse
    folded = text.casefold()
    for word in abuse.denied_words:
        if word.casefold() in folded:
            raise InvalidInput(
                f"A message that contains {word!r} is not sent.",
                code="CONTENT_REFUSED",
                field="message",
                suggestion="Leave the word out. Nothing was charged.",
            )
    if len(_LINK.findall(text)) > abuse.links_allowed:
        raise InvalidInput(
            "A message may hold no web address."
            if abuse.links_allowed == 0
            else f"A message may hold no more than {counted(abuse.links_allowed, 'web address')}.",
            code="CONTENT_REFUSED",
            field="message",
            suggestion="Remove links from the message. Nothing was charged.",
        )


def _look(tx: Tx, shop: Shop, purchase: Purchase) -> None:
    to_hash = shop.hash_of(_recipient(purchase)) if purchase.to else ""
    if purchase.kind in ("sms", "email") and _is_suppressed(tx, shop, purchase):
        raise DestinationRefused(
            "Whoever this is for asked to get no messages from us.",
            code="SUPPRESSED",
            suggestion="Reach them in another way. Nothing was charged.",
        )
    if not shop.limits:
        return
    if purchase.method is PaymentMethod.HOLD:
        _look_at_invoices(tx, shop.settings, purchase.client)
    if purchase.kind in NOT_SOLD:
        return
    if isinstance(purchase.request, ReceiveTexts):
        _look_at_numbers(tx, shop.settings, purchase.client)
    elif purchase.kind == CALL:
        _look_at_rings(tx, shop.settings, purchase.to)
    elif not SCRIPTED.fullmatch(purchase.to):
        _look_at_shares(tx, shop.settings, purchase.kind, to_hash)
    to = purchase.to if purchase.kind in ("sms", CALL) else ""
    check_sold(spends.today(tx), shop.settings, purchase.price_msat, to)


def _is_suppressed(tx: Tx, shop: Shop, purchase: Purchase) -> bool:
    """Also under a former secret: who wants nothing from us is not asked again."""
    hashes = hashes_of(shop.keyring, _recipient(purchase))
    return any(suppressions.holds(tx, _channel(purchase), each) for each in hashes)


def _recipient(purchase: Purchase) -> str:
    return mailbox_of(purchase.to) if purchase.kind == "email" else purchase.to


def _channel(purchase: Purchase) -> suppressions.Channel:
    return "email" if purchase.kind == "email" else "sms"


def _look_at_invoices(tx: Tx, settings: Settings, client: str) -> None:
    abuse = settings.abuse
    if holds.awaiting(tx, client) >= abuse.open_invoices_per_client:
        raise RateLimited(
            f"You have {counted(abuse.open_invoices_per_client, 'unpaid invoice')} open here.",
            code="TOO_MANY_OPEN_INVOICES",
            suggestion="Pay or cancel some of them, or wait until they run out.",
            retry_after_s=60,
        )
    if holds.awaiting_all(tx) >= abuse.open_invoices:
        raise RateLimited(
            "Too many unpaid invoices are open in this shop at the moment.",
            code="TOO_MANY_OPEN_INVOICES",
            suggestion="Try again in a few minutes, or pay from a prepaid balance.",
            retry_after_s=60,
        )


def _look_at_numbers(tx: Tx, settings: Settings, client: str) -> None:
    lent, own_share = receptions.open_leases(tx), settings.abuse.open_numbers_per_client
    if lent >= own_share and receptions.open_leases_of(tx, client) >= own_share:
        raise RateLimited(
            f"You have {counted(own_share, 'number')} on loan here, as many as one address may "
            "have at the same time.",
            code="TOO_MANY_NUMBERS",
            suggestion="Wait for their codes, cancel some of them, or wait until they go back.",
            retry_after_s=60,
        )
    if lent >= settings.abuse.open_numbers:
        raise RateLimited(
            "As many numbers are lent out as this shop lends at once.",
            code="TOO_MANY_NUMBERS",
            suggestion="Try again in a few minutes.",
            retry_after_s=60,
        )


def _look_at_rings(tx: Tx, settings: Settings, to: str) -> None:
    limit = settings.calls.per_number_per_hour
    wait_ms = rate_limits.wait(tx, f"to:{to}", limit=limit, period_ms=3_600_000)
    if wait_ms and not SCRIPTED.fullmatch(to):
        raise RateLimited(
            f"This number was called {limit} times lately, which is as often as it may be.",
            code="DESTINATION_LIMIT_REACHED",
            suggestion="Try again later. Nothing was charged.",
            retry_after_s=-(-wait_ms // 1000),
        )


def _look_at_shares(tx: Tx, settings: Settings, kind: str, to_hash: str) -> None:
    for limit, period_ms in shares(settings, kind):
        key = share_key(kind, to_hash, period_ms)
        wait_ms = rate_limits.wait(tx, key, limit=limit, period_ms=period_ms)
        if wait_ms:
            what = "address" if kind == "email" else "number"
            raise RateLimited(
                f"This {what} had its share of messages from us: {limit} at once, and one more "
                f"every {every(period_ms // limit)}.",
                code="DESTINATION_LIMIT_REACHED",
                suggestion=f"Try again in {span(wait_ms)}. Nothing was charged.",
                retry_after_s=-(-wait_ms // 1000),
            )
