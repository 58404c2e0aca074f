"""How much may be sold in a day, and how often one number or address may get something.

Counted when an order's money is secured, in that very transaction: an order that nobody pays for
counts for nothing, so that nobody can use up a number's share for free. What is over a limit by
then fails at once, and the money goes back. What failed was not sold: otherwise a shop could be
closed for the day with orders that come to nothing, and cost nothing.
"""

from __future__ import annotations

import asyncio

from ringbolt.app.order_request import SendText, from_json
from ringbolt.core.errors import RateLimited
from ringbolt.core.money import msat
from ringbolt.core.phone import SCRIPTED, calling_code
from ringbolt.core.plain_words import span
from ringbolt.settings import Settings
from ringbolt.store import messages, rate_limits, spends
from ringbolt.store.db import Database, Tx
from ringbolt.store.orders import Order

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
NOT_SOLD = frozenset({"fund"})
"""Kinds of orders that cost the operator nothing."""
CALL = "call"

_TOO_OFTEN = "whoever this is for got too many messages from us lately"
_SOLD_OUT = "this shop has sold as much as its operator allows in a day"
_PREFIX_SOLD_OUT = "this shop has sold as much to this country as its operator allows in a day"
_UNTIL_MIDNIGHT = "Try again after midnight UTC. Nothing was charged."
_SOLD_OUT_RETRY_S = 3600
"""What fails is not sold after all, so that it may be sooner than midnight."""


def prefix_scope(number: str) -> str:
    """The scope of a number's calling code; '' for a scripted number, which costs nothing."""
    return "" if SCRIPTED.fullmatch(number) else f"prefix:{calling_code(number)}"


def count_paid(tx: Tx, settings: Settings, order: Order) -> str:
    """Count an order whose money has just been secured; '' or why it is not brought about."""
    if settings.limits == "off" or order.kind in NOT_SOLD or order.kind == CALL:
        return ""  # calls count when they are dispatched
    to = _texted(order)
    refusal = count_sale(tx, settings, order, to)
    if not refusal and order.kind in ("sms", "email") and not SCRIPTED.fullmatch(to):
        message = messages.message_of(tx, order.id)
        assert message is not None, "a message is written down with its order"
        if not _take_share(tx, settings, order.kind, message.to_hash):
            return _TOO_OFTEN
    return refusal


def refused(tx: Tx, settings: Settings, order: Order, why: str) -> RateLimited:
    """What ``count_paid`` said, for an order that is refused before it is placed."""
    wait_ms = 0
    if why == _TOO_OFTEN:
        message = messages.message_of(tx, order.id)
        assert message is not None, "a message is written down with its order"
        for limit, period_ms in shares(settings, order.kind):
            key = share_key(order.kind, message.to_hash, period_ms)
            wait_ms = max(wait_ms, rate_limits.wait(tx, key, limit=limit, period_ms=period_ms))
    return RateLimited(
        f"{why[0].upper()}{why[1:]}.",
        code="LIMIT_REACHED",
        suggestion=f"Try again in {span(wait_ms)}. Nothing was charged."
        if wait_ms
        else _UNTIL_MIDNIGHT,
        retry_after_s=-(-wait_ms // 1000) or _SOLD_OUT_RETRY_S,
    )


def count_failed(tx: Tx, order: Order) -> None:
    """An order that ``count_paid`` counted failed, and its money goes back."""
    if order.kind in NOT_SOLD or order.paid_ms is None:
        return
    for scope in _scopes(_texted(order)):
        spends.take_back(tx, scope, order.price_msat, order.id, order.paid_ms)


def _texted(order: Order) -> str:
    """The number that a text is for, '' for other orders."""
    return from_json(order.request, SendText).to if order.kind == "sms" else ""


def _scopes(to: str) -> tuple[str, ...]:
    """Where a sale to the number ``to`` ('' for none) counts."""
    scope = prefix_scope(to) if to else ""
    return (spends.ALL, scope) if scope else (spends.ALL,)


def count_sale(tx: Tx, settings: Settings, order: Order, to: str) -> str:
    """Count what is sold (to the number ``to``, '' for none); '' or why it must not be."""
    abuse = settings.abuse
    sold = [spends.add(tx, scope, order.price_msat, order.id) for scope in _scopes(to)]
    if sold[0] > msat(abuse.daily_spend_sats):
        return _SOLD_OUT
    if len(sold) > 1 and sold[1] > msat(abuse.daily_prefix_sats):
        return _PREFIX_SOLD_OUT
    return ""


def shares(settings: Settings, kind: str) -> tuple[tuple[int, int], ...]:
    """How often one destination may get a message of that kind: pairs of (limit, period in ms)."""
    abuse = settings.abuse
    if kind == "email":
        return ((abuse.mails_per_address_per_day, DAY_MS),)
    return (
        (abuse.texts_per_number_per_hour, HOUR_MS),
        (abuse.texts_per_number_per_day, DAY_MS),
    )


def share_key(kind: str, to_hash: str, period_ms: int) -> str:
    return f"{kind}:{to_hash}:{period_ms}"


def _take_share(tx: Tx, settings: Settings, kind: str, to_hash: str) -> bool:
    for limit, period_ms in shares(settings, kind):
        key = share_key(kind, to_hash, period_ms)
        if rate_limits.take(tx, key, limit=limit, period_ms=period_ms):
            return False
    return True


def check_sold(sold: dict[str, int], settings: Settings, price_msat: int, to: str) -> None:
    """Raises ``RateLimited`` if selling this today would be over a limit."""
    abuse = settings.abuse
    if sold.get(spends.ALL, 0) + price_msat > msat(abuse.daily_spend_sats):
        raise RateLimited(
            f"{_SOLD_OUT[0].upper()}{_SOLD_OUT[1:]}.",
            code="DAILY_LIMIT_REACHED",
            suggestion=_UNTIL_MIDNIGHT,
            retry_after_s=_SOLD_OUT_RETRY_S,
        )
    scope = prefix_scope(to) if to else ""
    if scope and sold.get(scope, 0) + price_msat > msat(abuse.daily_prefix_sats):
        raise RateLimited(
            f"{_PREFIX_SOLD_OUT[0].upper()}{_PREFIX_SOLD_OUT[1:]}.",
            code="DAILY_LIMIT_REACHED",
            suggestion=_UNTIL_MIDNIGHT,
            retry_after_s=_SOLD_OUT_RETRY_S,
        )


class SoldToday:
    """What was sold today as of a few seconds ago: for prices asked a thousand times a second."""

    MAX_AGE_S = 5.0

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._sold: dict[str, int] = {}
        self._read_at = float("-inf")

    async def check(self, price_msat: int, to: str) -> None:
        """Raises ``RateLimited``; the last money before a limit may be sold twice, and the second
        of the two is then paid back at dispatch."""
        if self._settings.limits == "off":
            return
        now = asyncio.get_running_loop().time()
        if now - self._read_at > self.MAX_AGE_S:
            self._read_at = now
            self._sold = await self._db.read(spends.today)
        check_sold(self._sold, self._settings, price_msat, to)
