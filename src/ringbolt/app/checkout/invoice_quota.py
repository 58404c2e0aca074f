"""Limits of what a client could block without paying: unpaid invoices and leased numbers.

Each client address has a limit, and the shop has one for all. When the shop's limit is reached, a
client that has fewer invoices than the client with most replaces one of those: a few addresses
cannot close the shop.
"""

from __future__ import annotations

from typing import Final

from ringbolt.app.checkout.purchase import Purchase
from ringbolt.app.payments.expire_order import expire
from ringbolt.app.policies import LimitPolicy
from ringbolt.core.commands import TopUp
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import counted
from ringbolt.store import holds, keys, receiving_orders
from ringbolt.store.engine.db import Tx

_KEPT_NUMBERS: Final = 5
"""One in this many numbers is reserved for addresses that have none."""
_TOP_UPS: Final = 10
"""How many unpaid top-ups of known keys an address may have, even if the shop's limit is
reached."""
_MADE_ROOM: Final = "made room: its address had the most unpaid invoices"


def look_at_invoices(tx: Tx, policy: LimitPolicy, purchase: Purchase) -> bool:
    """Whether room must be made for the purchase's invoice. Raises ``RateLimited``."""
    own, abuse = holds.awaiting(tx, purchase.buyer.client), policy.abuse
    if own >= abuse.open_invoices_per_client:
        raise RateLimited(
            f"You have {counted(abuse.open_invoices_per_client, 'unpaid invoice')} open here.",
            code="TOO_MANY_OPEN_INVOICES",
            suggestion="Pay or cancel some of them, or wait until they run out.",
            retry_after_s=60,
        )
    if holds.awaiting_all(tx) < abuse.open_invoices:
        return False
    if own < _TOP_UPS and _tops_up(tx, purchase):
        return False
    most = holds.most_awaiting(tx)
    if most is None or own + 1 >= most.count:
        raise _too_many()
    return True


def _tops_up(tx: Tx, purchase: Purchase) -> bool:
    """Whether it adds to the balance of a key that is known."""
    if not isinstance(purchase.command, TopUp):
        return False
    key = keys.by_id(tx, purchase.command.key_id)
    return key is not None and key.revoked_ms is None


def make_room(tx: Tx, policy: LimitPolicy) -> None:
    """Expire the oldest unpaid invoice of the client with most of them; a job cancels it at the
    node."""
    if holds.awaiting_all(tx) < policy.abuse.open_invoices:
        return
    most = holds.most_awaiting(tx)
    if most is None or most.count < 2:
        raise _too_many()
    expire(tx, most.oldest_id, _MADE_ROOM)


def _too_many() -> RateLimited:
    return RateLimited(
        "Too many unpaid invoices are open in this shop at the moment.",
        code="TOO_MANY_OPEN_INVOICES",
        suggestion="Try again in a few minutes, or pay from a prepaid balance.",
        retry_after_s=60,
    )


def look_at_numbers(tx: Tx, policy: LimitPolicy, client: str) -> None:
    """Raises ``RateLimited`` if the client may have no number now."""
    acquired, abuse = receiving_orders.open_leases(tx), policy.abuse
    own_share = abuse.open_numbers_per_client
    is_scarce = acquired >= abuse.open_numbers - abuse.open_numbers // _KEPT_NUMBERS
    own = receiving_orders.open_leases_of(tx, client) if is_scarce or acquired >= own_share else 0
    if own >= own_share:
        raise RateLimited(
            f"You have {counted(own_share, 'number')} leased here, as many as one address may "
            "have at the same time.",
            code="TOO_MANY_NUMBERS",
            suggestion="Wait for their codes, cancel some of them, or wait until they go back.",
            retry_after_s=60,
        )
    if acquired >= abuse.open_numbers or (is_scarce and own):
        raise RateLimited(
            "Nearly all numbers of this shop are taken; the last ones are reserved for buyers "
            "who have none."
            if acquired < abuse.open_numbers
            else "All numbers that this shop offers at the same time are taken.",
            code="TOO_MANY_NUMBERS",
            suggestion="Try again in a few minutes.",
            retry_after_s=60,
        )
