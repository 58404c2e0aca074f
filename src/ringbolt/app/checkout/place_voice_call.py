"""Place a call that is paid from a prepaid balance.

The price of as many minutes as the call may take is reserved; what it did not take is released
when it has ended. What is placed is paid for: it is called also if its key is revoked meanwhile.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from ringbolt.app.checkout.place_order import PlacedOrder, place_order, placed_before
from ringbolt.app.requests.call_order import CallOrder
from ringbolt.app.requests.purchase import Balance, Idempotency, Purchase
from ringbolt.app.requests.reserve_minutes import NOT_KNOWN, reserve_minutes
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import counted
from ringbolt.core.order import OrderKind
from ringbolt.store import calls
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.orders import Order

__all__ = ["FAMILY", "Placed", "call_placed_before", "place_voice_call", "reserve_minutes"]

FAMILY = "voice"
_RETRY_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class Placed:
    """The order and its call; ``replayed``: the same request had placed them before."""

    order: Order
    call: Call
    replayed: bool = False


async def place_voice_call(
    shop: Shop,
    key: ApiKey,
    command: CallOrder,
    client: str,
    idempotency: Idempotency | None = None,
    *,
    lengths: Mapping[str, int] = NOT_KNOWN,
) -> Placed:
    """Place the call that ``command`` describes; ``client`` is who asks, hashed.

    ``command.minutes`` 0 has them reckoned from the script; ``lengths`` are those of its audio
    files that are known, in ms by URL. Raises ``InvalidInput``,
    ``DestinationRefused``, ``RateLimited``, ``InsufficientFunds``, ``Unauthorized``.
    """
    command = replace(command, minutes=reserve_minutes(shop.settings, command, lengths))
    purchase = Purchase(
        kind=OrderKind.CALL,
        request=command,
        price_msat=shop.rates.price(command.to, command.minutes).msat,
        payer=Balance(key.id),
        record=partial(_record, shop, command),
        client=client,
        to=command.to,
        idempotency=idempotency,
        family=FAMILY,
    )
    return await _placed(shop, await place_order(shop, purchase))


async def call_placed_before(shop: Shop, idempotency: Idempotency) -> Placed | None:
    """What the same request has placed before; None if it has not. Raises ``InvalidInput``."""
    bought = await placed_before(shop, idempotency)
    return None if bought is None else await _placed(shop, bought)


async def _placed(shop: Shop, bought: PlacedOrder) -> Placed:
    call = await shop.db.read(calls.call_of, bought.order.id)
    assert call is not None, "a call is written down with its order"
    return Placed(bought.order, call, bought.replayed)


def _record(shop: Shop, command: CallOrder, tx: Tx, order: Order) -> None:
    """In the order's own transaction, before anything is reserved."""
    assert order.account_id is not None
    limit = shop.settings.voice.waiting_calls
    if shop.limits and calls.waiting_of(tx, order.account_id) > limit:  # this one is among them
        raise RateLimited(
            f"{counted(limit, 'call')} of this account are waiting for their turn, as many as may.",
            code="TOO_MANY_WAITING_CALLS",
            suggestion="Send the rest when some of them were called. Nothing was charged.",
            retry_after_s=_RETRY_AFTER_S,
        )
    sid = "CA" + secrets.token_hex(16)
    calls.insert_call(tx, order.id, sid, command.to, command.minutes)
    call_notify.changed(tx, order.id)
