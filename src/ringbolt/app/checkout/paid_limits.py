"""The limits of what is paid for one by one, for challenges that are requested a thousand times a
second: full limits and suppressed recipients are read every few seconds, and looked up again only
when one matches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from ringbolt.app.checkout.check_purchase import suppressed
from ringbolt.app.checkout.order_rows import PaidOnce, kind_of
from ringbolt.app.checkout.spent_parts import budgets_of, check_spent
from ringbolt.app.limits import destination_limits
from ringbolt.app.limits.destination_limits import Limits, limits_of
from ringbolt.app.limits.quiet_times import check_quiet_hours
from ringbolt.app.limits.spend_limits import HOUR_MS, MAX_AGE_S, SoldToday
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts, SpeakText
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.keys import hashes_of
from ringbolt.core.order import OrderKind
from ringbolt.store import rate_limits, suppressions
from ringbolt.store.engine.db import Tx
from ringbolt.store.suppressions import CHANNELS, Channel, channel_of


@dataclass(frozen=True, slots=True)
class _Listed:
    """``hashes`` of recipients that are suppressed on a channel, and the ``mark`` of that list."""

    hashes: frozenset[str] = field(default_factory=frozenset)
    mark: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Known:
    """``full``: keys of limits that may be reached; ``suppressed``: recipients by channel."""

    full: frozenset[str] = field(default_factory=frozenset)
    suppressed: Mapping[Channel, _Listed] = field(
        default_factory=lambda: {channel: _Listed() for channel in CHANNELS}
    )


class PaidLimits:
    """What one process knows of all limits, at most ``max_age_s`` old. A check costs no
    query as long as no limit is reached and no recipient is suppressed."""

    def __init__(self, shop: Shop, max_age_s: float = MAX_AGE_S) -> None:
        self._shop = shop
        self._max_age_s = max_age_s
        self._sold = SoldToday(shop.db, shop.policies.limits, max_age_s)
        self._known = _Known()
        self._read_at = float("-inf")

    async def check(self, command: PaidOnce, price_msat: int, client_address: str) -> None:
        """Check before there is an invoice. Raises ``RateLimited`` and ``DestinationRefused``.

        An order that exceeds a limit within these seconds is paid back when it is paid or, a call,
        when it is dispatched.
        """
        shop = self._shop
        await self._refresh()
        known, kind = self._known, kind_of(command)
        to = "" if isinstance(command, SpeakText | ReceiveTexts) else command.to
        if to:
            hashes = known.suppressed[channel_of(kind)].hashes
            if hashes and not hashes.isdisjoint(hashes_of(shop.keyring, _recipient(kind, to))):
                raise suppressed()
        if kind.has_number and shop.policies.limits.abuse.quiet_hours:
            check_quiet_hours(shop.policies.limits, to, shop.clock.now_ms())
        budgets = budgets_of(shop, command)
        if budgets:  # only where every carrier has one: a challenge costs no query else
            await shop.db.read(check_spent, budgets)
        await self._sold.check(price_msat, to if kind.has_number else "")
        if known.full:
            limits = limits_of(shop.policies.limits, command, "", shop.hash_of(client_address))
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


def _recipient(kind: OrderKind, to: str) -> str:
    return mailbox_of(to) if kind is OrderKind.EMAIL else to


def _read(tx: Tx, policy: LimitPolicy, known: _Known) -> _Known:
    listed = {channel: _listed(tx, channel, known.suppressed[channel]) for channel in CHANNELS}
    full: frozenset[str] = frozenset()
    if policy.is_on:
        keys = rate_limits.full(tx, _least_ahead_ms(policy))
        full = frozenset(key for key, _ in keys if key.startswith(destination_limits.REFUSING))
    return _Known(full, listed)


def _listed(tx: Tx, channel: Channel, known: _Listed) -> _Listed:
    mark = suppressions.mark(tx, channel)
    return known if mark == known.mark else _Listed(suppressions.hashes(tx, channel), mark)


def _least_ahead_ms(policy: LimitPolicy) -> int:
    """A limit can only be reached if its key is further ahead of schedule than this."""
    abuse = policy.abuse
    hourly = (
        policy.calls_per_number_per_hour,
        abuse.texts_per_number_per_hour,
        abuse.mails_per_domain_per_hour,
        abuse.contacts_per_block_per_hour,
        abuse.same_text_per_client_per_hour,
        abuse.same_text_anonymous_per_hour,
    )
    daily = (
        abuse.texts_per_number_per_day,
        abuse.mails_per_address_per_day,
        abuse.contacts_per_number_per_day,
    )
    spans = [(limit, HOUR_MS) for limit in hourly]
    spans += [(limit, destination_limits.DAY_MS) for limit in daily]
    return min((period // limit) * (limit - 1) for limit, period in spans)
