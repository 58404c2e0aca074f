"""Check before a payment whether a buyer can have the number of an earlier order again.

A number that is free now may be taken by the time of the payment; then the money goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.errors import Conflict, Role
from ringbolt.core.humanise import span
from ringbolt.numbers.provider import NumberProvider, SupportsNumberAgain
from ringbolt.store import orders, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.store.receiving_orders import NumberLease

COOL_DOWN_MS: Final = 10 * 60_000
"""How long a number rests after a lease: texts that are still on their way to the former buyer
must not reach another."""
REUSE_AFTER_MS: Final = 90 * 86_400_000
"""How long a service is expected to refuse a number that it has seen before."""


@dataclass(frozen=True, slots=True)
class FormerOrder:
    """An earlier order whose number is wanted again: ``command`` has the country of that number.
    ``is_over``: its lease has ended."""

    command: ReceiveTexts
    number: str
    lease: NumberLease
    is_over: bool


def former_order(tx: Tx, order_id: str) -> FormerOrder | None:
    """None if there is no such order, or it had no number."""
    order = orders.by_id(tx, order_id)
    if order is None or not order.kind.is_received:
        return None
    receiving = receiving_orders.receiving_of(tx, order_id)
    if receiving is None or receiving.lease_id is None:
        return None
    lease = receiving_orders.lease_by_id(tx, receiving.lease_id)
    assert lease is not None, "a lease is never removed"
    request = order.command_as(ReceiveTexts)
    command = ReceiveTexts(receiving.service, receiving.number_country, real=request.real)
    return FormerOrder(command, receiving.number, lease, receiving.closed_ms is not None)


@dataclass(frozen=True, slots=True)
class Claimant:
    """The buyer of a number: an account, or else a client address (hashed)."""

    account_id: str | None
    client: str

    @classmethod
    def of(cls, order: Order) -> Claimant:
        return cls(order.account_id, order.client)

    def had(self, tx: Tx, lease: NumberLease) -> bool:
        """Whether the order of ``lease`` is theirs."""
        order = orders.by_id(tx, lease.order_id)
        if order is None:
            return False
        if self.account_id is not None or order.account_id is not None:
            return self.account_id == order.account_id
        return bool(self.client) and self.client == order.client


@dataclass(frozen=True, slots=True)
class _Taken:
    until_ms: int
    is_own: bool
    now_ms: int


async def check_again(
    shop: Shop, provider: NumberProvider | None, former: NumberLease, claimant: Claimant
) -> None:
    """Raises ``Conflict`` if ``claimant`` cannot have the number of ``former`` once more, and
    ``Unavailable`` if the provider cannot be asked. ``provider`` None: it is gone from the
    settings."""
    taken = await shop.db.read(_taken, former.number, claimant)
    if taken is not None:
        raise _is_taken(former.number, taken)
    if await _is_gone(provider, former):
        raise Conflict(
            f"{former.number} is not available any more.",
            code="NUMBER_GONE",
            role=Role.FORMER_ORDER,
            suggestion="Order another number. Nothing was charged.",
            number=former.number,
        )


async def _is_gone(provider: NumberProvider | None, former: NumberLease) -> bool:
    if provider is None or provider.name != former.provider:
        return True
    if isinstance(provider, SupportsNumberAgain):
        return not await provider.has_again(former.number, former.service)
    return False


def _is_taken(number: str, taken: _Taken) -> Conflict:
    wait_ms = taken.until_ms - taken.now_ms
    whose = "another order of yours has it" if taken.is_own else "another buyer has or just had it"
    return Conflict(
        f"{number} is not free, because {whose}.",
        code="NUMBER_TAKEN",
        role=Role.FORMER_ORDER,
        suggestion=f"Try again in {span(wait_ms)}, or order another number. Nothing was charged.",
        number=number,
        whose=whose,
        wait=span(wait_ms),
        retry_after_s=-(-wait_ms // 1000),
    )


def _taken(tx: Tx, number: str, claimant: Claimant) -> _Taken | None:
    """Until when the number is taken, or rests afterwards; None if it is free for ``claimant``."""
    for lease in receiving_orders.leases_of_number(tx, number, tx.now_ms - REUSE_AFTER_MS):
        is_own = claimant.had(tx, lease)
        ends_ms = max(lease.until_ms, tx.now_ms + 1) if lease.ended_ms is None else lease.ended_ms
        free_ms = ends_ms if is_own else ends_ms + COOL_DOWN_MS
        if free_ms > tx.now_ms:
            return _Taken(free_ms, is_own, tx.now_ms)
    return None
