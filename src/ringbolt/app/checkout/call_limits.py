"""The limits of calls, for challenges that are requested a thousand times a second: full limits and
suppressed numbers are read every few seconds, and looked up again only when one matches."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ringbolt.app.checkout.check_purchase import suppressed
from ringbolt.app.checkout.spent_parts import budgets_of, check_spent
from ringbolt.app.limits import destination_limits
from ringbolt.app.limits.destination_limits import Limits, limits_of
from ringbolt.app.limits.quiet_times import check_quiet_hours
from ringbolt.app.limits.spend_limits import HOUR_MS, MAX_AGE_S, SoldToday
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.commands import CallOrder
from ringbolt.core.keys import hashes_of
from ringbolt.store import rate_limits, suppressions
from ringbolt.store.engine.db import Tx


@dataclass(frozen=True, slots=True)
class _Known:
    """``full``: keys of limits that may be reached; ``suppressed``: hashes of numbers on the list;
    ``mark``: the version of that list."""

    full: frozenset[str] = field(default_factory=frozenset)
    suppressed: frozenset[str] = field(default_factory=frozenset)
    mark: tuple[int, int] = (0, 0)


class CallLimits:
    """What one process knows of all limits of calls, at most ``max_age_s`` old. A check costs no
    query as long as no limit is reached and no number is suppressed."""

    def __init__(self, shop: Shop, max_age_s: float = MAX_AGE_S) -> None:
        self._shop = shop
        self._max_age_s = max_age_s
        self._sold = SoldToday(shop.db, shop.policies.limits, max_age_s)
        self._known = _Known()
        self._read_at = float("-inf")

    async def check(self, order: CallOrder, price_msat: int, client_address: str) -> None:
        """Check before there is an invoice. Raises ``RateLimited`` and ``DestinationRefused``.

        A call that exceeds a limit within these seconds is paid back when it is dispatched.
        """
        shop = self._shop
        await self._refresh()
        known = self._known
        if known.suppressed and not known.suppressed.isdisjoint(hashes_of(shop.keyring, order.to)):
            raise suppressed()
        if shop.policies.limits.abuse.quiet_hours:
            check_quiet_hours(shop.policies.limits, order.to, shop.clock.now_ms())
        budgets = budgets_of(shop, order)
        if budgets:  # only where every carrier has one: a challenge costs no query else
            await shop.db.read(check_spent, budgets)
        await self._sold.check(price_msat, order.to)
        if known.full:
            limits = limits_of(shop.policies.limits, order, "", shop.hash_of(client_address))
            if not known.full.isdisjoint(limits.keys):
                await shop.db.read(_look, limits)

    async def _refresh(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._read_at > self._max_age_s:
            self._read_at = now
            self._known = await self._shop.db.read(_read, self._shop.policies.limits, self._known)


def _look(tx: Tx, limits: Limits) -> None:
    refusal = destination_limits.look(tx, limits)
    if refusal is not None:
        raise refusal.error()


def _read(tx: Tx, policy: LimitPolicy, known: _Known) -> _Known:
    mark = suppressions.mark(tx, "sms")
    hashes = known.suppressed if mark == known.mark else suppressions.hashes(tx, "sms")
    full: frozenset[str] = frozenset()
    if policy.is_on:
        keys = rate_limits.full(tx, _least_ahead_ms(policy))
        full = frozenset(key for key, _ in keys if key.startswith(destination_limits.OF_CALLS))
    return _Known(full, hashes, mark)


def _least_ahead_ms(policy: LimitPolicy) -> int:
    """A limit of calls can only be reached if its key is further ahead of schedule than this."""
    abuse = policy.abuse
    hourly = (
        policy.calls_per_number_per_hour,
        abuse.contacts_per_block_per_hour,
        abuse.same_text_per_client_per_hour,
        abuse.same_text_anonymous_per_hour,
    )
    spans = [(limit, HOUR_MS) for limit in hourly]
    spans.append((abuse.contacts_per_number_per_day, destination_limits.DAY_MS))
    return min((period // limit) * (limit - 1) for limit, period in spans)
