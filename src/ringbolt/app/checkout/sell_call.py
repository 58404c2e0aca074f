"""Sell a call whose price is held until it ends: as many minutes as it may take are reserved, and
the rest is released at its end.

An order that is placed is carried out even if its key is revoked meanwhile.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from ringbolt.app.checkout.place_order import PlacedOrder, place_order, placed_before
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.checkout.purchase import Buyer, Idempotency, Purchase
from ringbolt.app.policies import Policies
from ringbolt.app.requests.plain_call import PlainCall
from ringbolt.app.requests.reserve_minutes import NOT_KNOWN, reserve_minutes
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import counted
from ringbolt.core.order import OrderKind
from ringbolt.store import calls
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

_RETRY_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class SoldCall:
    """The order and its call; ``replayed``: the same request had placed them before."""

    order: Order
    call: Call
    replayed: bool = False


async def sell_call(
    shop: Shop, command: CallOrder, buyer: Buyer, *, lengths: Mapping[str, int] = NOT_KNOWN
) -> SoldCall:
    """Order the call that ``command`` describes.

    ``command.minutes`` 0 has them reckoned from the script; ``lengths`` are those of its audio
    files that are known, in ms by URL. Raises ``InvalidInput``, ``DestinationRefused``,
    ``RateLimited``, ``InsufficientFunds``, ``Unauthorized``, ``NodeUnavailable``.
    """
    minutes = reserve_minutes(command, shop.policies.calls.max_minutes, lengths)
    command = replace(command, minutes=minutes)
    purchase = Purchase(
        kind=OrderKind.CALL,
        command=command,
        price_msat=call_price(shop, command.to, command.minutes).msat,
        buyer=buyer,
        record=partial(_record, shop.policies, command),
        to=command.to,
    )
    return await _sold(shop, await place_order(shop, purchase))


async def sell_plain_call(shop: Shop, call: PlainCall, buyer: Buyer, client: str) -> SoldCall:
    """Order a call of one text or file, for the minutes that it needs; ``client`` is the buyer's
    address, which may have only so many files read.

    Raises what ``sell_call`` does, and ``AudioUnplayable`` and ``AudioBusy`` for its file.
    """
    command = call.command()
    lengths: Mapping[str, int] = NOT_KNOWN
    if call.audio_url:
        info = await shop.audio.probe(call.audio_url, client)
        lengths = {} if info.duration_ms is None else {call.audio_url: info.duration_ms}
    return await sell_call(shop, command, buyer, lengths=lengths)


async def call_sold_before(shop: Shop, idempotency: Idempotency) -> SoldCall | None:
    """What the same request has ordered before; None if it has not. Raises ``InvalidInput``."""
    placed = await placed_before(shop, idempotency)
    return None if placed is None else await _sold(shop, placed)


async def _sold(shop: Shop, placed: PlacedOrder) -> SoldCall:
    call = await shop.db.read(calls.call_of, placed.order.id)
    assert call is not None, "a call is written down with its order"
    return SoldCall(placed.order, call, placed.replayed)


def _record(policies: Policies, command: CallOrder, tx: Tx, order: Order) -> None:
    """In the order's own transaction, before anything is reserved."""
    limit = policies.calls.account_waiting
    account = order.account_id
    if policies.limits.is_on and account is not None and calls.waiting_of(tx, account) > limit:
        raise RateLimited(  # this one is among them
            f"{counted(limit, 'call')} of this account are waiting for their turn: the limit.",
            code="TOO_MANY_WAITING_CALLS",
            suggestion="Send the rest when some of them were called. Nothing was charged.",
            retry_after_s=_RETRY_AFTER_S,
        )
    record_call(tx, order, command)


def new_sid() -> str:
    """A fresh public id of a call."""
    return "CA" + secrets.token_hex(16)


def record_call(tx: Tx, order: Order, command: CallOrder) -> Call:
    """Store a call with its order, and notify its receivers."""
    calls.insert_call(tx, order.id, new_sid(), command.to, command.minutes)
    call_notify.changed(tx, order.id)
    call = calls.call_of(tx, order.id)
    assert call is not None
    return call
