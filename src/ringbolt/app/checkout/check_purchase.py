"""Check a purchase before there is an invoice, so that no buyer pays for what cannot be delivered.
Every refusal says what to do."""

from __future__ import annotations

from ringbolt.app.checkout.check_call import check_call
from ringbolt.app.checkout.check_content import check_content
from ringbolt.app.checkout.invoice_quota import look_at_invoices, look_at_numbers, make_room
from ringbolt.app.checkout.purchase import Purchase
from ringbolt.app.checkout.routes import check_route
from ringbolt.app.checkout.spent_parts import Budgets, budgets_of, check_spent
from ringbolt.app.limits import destination_limits
from ringbolt.app.limits.destination_limits import limits_of
from ringbolt.app.limits.quiet_times import check_quiet_hours
from ringbolt.app.limits.spend_limits import look_at_sold
from ringbolt.app.limits.unused_numbers import check_unused
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendText
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.errors import DestinationRefused
from ringbolt.core.keys import hashes_of
from ringbolt.core.order import OrderKind, PaymentMethod
from ringbolt.core.phone import SCRIPTED
from ringbolt.core.pricing.money import sats_down
from ringbolt.core.texts.segments import count
from ringbolt.store import suppressions
from ringbolt.store.engine.db import Tx


async def check_purchase(shop: Shop, purchase: Purchase) -> None:
    """Raises ``RateLimited``, ``InvalidInput`` or ``DestinationRefused``, in plain words."""
    command = purchase.command
    shop.terms.check_open(command, shop.clock.now_ms())
    check_route(shop, command)
    if purchase.buyer.webhook_url:
        check_webhook_url(shop, purchase.buyer.webhook_url)
    if isinstance(command, CallOrder):
        check_call(shop, command)
    else:
        check_content(shop.policies.limits.abuse, command)
    if isinstance(command, SendText):
        check_text_cost(shop, command, purchase.price_msat)
    budgets = budgets_of(shop, command)
    if await shop.db.read(_look, shop.policies.limits, purchase, budgets):
        await shop.db.tx(make_room, shop.policies.limits)


def check_text_cost(shop: Shop, command: SendText, price_msat: int) -> None:
    """Raises ``DestinationRefused`` for a text that costs the shop too much at that price."""
    if not SCRIPTED.fullmatch(command.to):
        segments = count(command.message).segments
        shop.text_costs.check(command.to, sats_down(price_msat) // segments)


def _look(tx: Tx, policy: LimitPolicy, purchase: Purchase, budgets: Budgets) -> bool:
    """Check the store's limits; returns whether room must be made for its invoice."""
    check_spent(tx, budgets)
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
    """The error for a receiver who asked for no more messages."""
    return DestinationRefused(
        "The recipient asked to get no calls and no messages from us.",
        code="SUPPRESSED",
        suggestion="Reach them in another way. Nothing was charged.",
    )


def _is_suppressed(tx: Tx, policy: LimitPolicy, purchase: Purchase) -> bool:
    """Also under former secrets: a recipient need not ask again after a change of the secret."""
    hashes = hashes_of(policy.keyring, _recipient(purchase))
    channel = suppressions.channel_of(purchase.kind)
    return any(suppressions.holds(tx, channel, each) for each in hashes)


def _recipient(purchase: Purchase) -> str:
    return mailbox_of(purchase.to) if purchase.kind is OrderKind.EMAIL else purchase.to
