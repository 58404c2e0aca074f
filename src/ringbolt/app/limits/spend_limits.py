"""How much may be sold in a day, and to one country in an hour.

Counted when an order's money is secured, in that very transaction, and calls when a carrier is
asked: an unpaid order does not count. An order over a limit fails at once, and the money goes
back. Failed orders are uncounted: otherwise orders that fail, and cost nothing, could close a shop
for the day.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ringbolt.app.policies import LimitPolicy
from ringbolt.core.commands import CallOrder, SendText
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import span
from ringbolt.core.order import OrderKind
from ringbolt.core.phone import SCRIPTED, calling_code, region_of
from ringbolt.core.pricing.money import msat
from ringbolt.store import attempts, spends
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order

HOUR_MS: Final = 3_600_000
MAX_AGE_S: Final = 5.0
"""How old the sums may be that a challenge is checked against."""
SOLD_OUT_RETRY_S: Final = 3600
"""Failed orders are uncounted, so that there may be room before midnight."""

_SOLD_OUT = "this shop has sold as much as its operator allows in a day"
_PREFIX_SOLD_OUT = "this shop has sold as much to this country as its operator allows in a day"
_HOUR_SOLD_OUT = "this shop has sold as much to this country as its operator allows in an hour"


def is_counted(limits: LimitPolicy, kind: OrderKind) -> bool:
    """Whether orders of that kind count for the limits at all."""
    return limits.is_on and kind.is_sold


def prefix_scope(number: str) -> str:
    """The scope of a number's calling code; '' for a scripted number, which costs nothing."""
    return "" if SCRIPTED.fullmatch(number) else f"prefix:{calling_code(number)}"


def number_of(order: Order) -> str:
    """The number that a text or call is for, '' for other orders."""
    command = order.command if order.kind.has_number else None
    return command.to if isinstance(command, CallOrder | SendText) else ""


def _scopes(to: str, at_ms: int) -> tuple[str, ...]:
    """Where a sale to the number ``to`` ('' for none) counts: in all, and its country's."""
    scope = prefix_scope(to) if to else ""
    return (spends.ALL, scope, spends.hour_scope(region_of(to), at_ms)) if scope else (spends.ALL,)


def _over(sold: dict[str, int], limits: LimitPolicy, more_msat: int = 0) -> str:
    """Which limit these sums are over, with ``more_msat`` in each; '' if they are over none."""
    abuse = limits.abuse
    for scope, already in sold.items():
        limit, why = abuse.hourly_country_sats, _HOUR_SOLD_OUT
        if scope == spends.ALL:
            limit, why = abuse.daily_spend_sats, _SOLD_OUT
        elif scope.startswith("prefix:"):
            limit, why = abuse.daily_prefix_sats, _PREFIX_SOLD_OUT
        if already + more_msat > msat(limit):
            return why
    return ""


def count_sale(tx: Tx, limits: LimitPolicy, order: Order, to: str) -> str:
    """Count what is sold (to the number ``to``, '' for none); '' or why it must not be."""
    return _over(spends.add(tx, _scopes(to, tx.now_ms), order.price_msat, order.id), limits)


def uncount_sale(tx: Tx, order: Order, at_ms: int, amount_msat: int | None = None) -> None:
    """Uncount an order that was counted at ``at_ms``, or ``amount_msat`` of it."""
    amount_msat = order.price_msat if amount_msat is None else amount_msat
    if amount_msat > 0:
        spends.uncount(tx, _scopes(number_of(order), at_ms), amount_msat, order.id, at_ms)


def count_failed(tx: Tx, order: Order, amount_msat: int | None = None) -> None:
    """An order that was counted failed, and its money goes back; or ``amount_msat`` of it.

    An order sold with limits off was not counted; sums never go below zero.
    """
    if not order.kind.is_sold or amount_msat == 0:
        return
    counted_ms = order.paid_ms
    if order.kind is OrderKind.CALL:
        counted_ms = attempts.first_of_this_try_ms(tx, order.id)
    if counted_ms is not None:
        uncount_sale(tx, order, counted_ms, amount_msat)


def look_at_sold(tx: Tx, limits: LimitPolicy, price_msat: int, to: str) -> None:
    """Raises ``RateLimited`` if selling this now would be over a limit."""
    scopes = _scopes(to, tx.now_ms)
    sold = dict.fromkeys(scopes, 0) | spends.sold(tx, scopes)
    _refuse(_over(sold, limits, price_msat), tx.now_ms)


def sold_out(why: str, now_ms: int, code: str = "") -> RateLimited:
    """The refusal, for a buyer without an order, that says what ``count_sale`` found."""
    hourly = why == _HOUR_SOLD_OUT
    wait_ms = HOUR_MS - now_ms % HOUR_MS
    return RateLimited(
        f"{why[0].upper()}{why[1:]}.",
        code=code or ("HOURLY_LIMIT_REACHED" if hourly else "DAILY_LIMIT_REACHED"),
        suggestion=f"Try again in {span(wait_ms)}. Nothing was charged."
        if hourly
        else "Try again after midnight UTC. Nothing was charged.",
        retry_after_s=-(-wait_ms // 1000) if hourly else SOLD_OUT_RETRY_S,
    )


def _refuse(why: str, now_ms: int) -> None:
    if why:
        raise sold_out(why, now_ms)


class SoldToday:
    """What was sold today, at most ``max_age_s`` ago: for requests that come a thousand times a
    second."""

    def __init__(self, db: Database, limits: LimitPolicy, max_age_s: float = MAX_AGE_S) -> None:
        self._max_age_s = max_age_s
        self._db = db
        self._limits = limits
        self._sold: dict[str, int] = {}
        self._now_ms = 0
        self._read_at = float("-inf")

    async def check(self, price_msat: int, to: str) -> None:
        """Raises ``RateLimited``; the last money before a limit may be sold twice, and the second
        of the two is then paid back at dispatch."""
        if not self._limits.is_on:
            return
        now = asyncio.get_running_loop().time()
        if now - self._read_at > self._max_age_s:
            self._read_at = now
            self._sold, self._now_ms = await self._db.read(_today)
        sold = {scope: self._sold.get(scope, 0) for scope in _scopes(to, self._now_ms)}
        _refuse(_over(sold, self._limits, price_msat), self._now_ms)


def _today(tx: Tx) -> tuple[dict[str, int], int]:
    return spends.today(tx), tx.now_ms
