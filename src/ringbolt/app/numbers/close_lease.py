"""The end of a lease in our books, the timer of its order, and the job that tells the provider."""

from __future__ import annotations

from ringbolt.app.checkout.choose_provider import find_provider
from ringbolt.app.jobs import END_RECEIVING, RELEASE_NUMBER
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.numbers.provider import NumberProvider
from ringbolt.store import attempts, orders, receiving_orders
from ringbolt.store.attempts import AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.receiving_orders import NumberLease


def lease_named(provider: str, provider_id: str) -> str:
    """The subject of the job that gives a lease back."""
    return f"{provider}:{provider_id}"


def is_known(tx: Tx, provider: str, provider_id: str) -> bool:
    """Whether an order has or had the lease, or it is about to be given back."""
    if receiving_orders.lease_of_provider(tx, provider, provider_id) is not None:
        return True
    return RELEASE_NUMBER.exists(tx, lease_named(provider, provider_id))


def set_timer(tx: Tx, order_id: str, at_ms: int) -> None:
    """Set the order's timer to ``at_ms``. A worker that runs it now loses its lease of the job."""
    if not END_RECEIVING.reschedule(tx, order_id, at_ms):
        END_RECEIVING.enqueue(tx, order_id=order_id, run_at_ms=at_ms)


def end_lease(tx: Tx, lease: NumberLease, why: str) -> None:
    """End the buyer's lease; texts that come to the number now belong to no order."""
    receiving_orders.end_lease(tx, lease.id, why)
    attempts.update(tx, lease.id, state=AttemptState.DONE, finished_ms=tx.now_ms)


def close_receiving(
    tx: Tx, order_id: str, lease: NumberLease | None, why: str, *, keep_timer: bool = False
) -> None:
    """Stop receiving for this order, and cancel its timer unless the caller keeps it."""
    if lease is not None and lease.ended_ms is None:
        end_lease(tx, lease, why)
    receiving_orders.update_receiving(tx, order_id, closed_ms=tx.now_ms)
    if not keep_timer:
        END_RECEIVING.cancel(tx, order_id)
    orders.finish(tx, order_id)


def see_to_giving_back(
    tx: Tx, order_id: str, provider: str, provider_id: str, until_ms: int, run_at_ms: int = 0
) -> None:
    """Add the job that tells the provider, until it succeeds, that a lease is not needed any more.

    ``until_ms``: when the provider ends the lease by itself. ``run_at_ms``: the earliest time.
    """
    RELEASE_NUMBER.enqueue(
        tx,
        lease_named(provider, provider_id),
        order_id=order_id,
        run_at_ms=max(tx.now_ms, run_at_ms),
        payload={"provider": provider, "loan": provider_id, "until_ms": until_ms},
    )


def provider_named(shop: Shop, name: str) -> NumberProvider:
    """The provider of a lease. Raises ``Unavailable`` if it is no longer configured."""
    provider = find_provider(shop, name)
    if provider is not None:
        return provider
    raise Unavailable(
        f"The number provider {name} is not configured.",
        suggestion="Tell the operator; the money of an order without a code returns by itself.",
    )
