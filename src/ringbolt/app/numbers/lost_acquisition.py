"""Find the lease that answered a lost request, at a provider that keeps no reference of ours.

It is a lease that fits the request and that we have not stored. A lease that another worker is
about to store looks the same, so we take only one that is still unclaimed after a while. Leases
that fit the same request are interchangeable: it does not matter which attempt gets which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringbolt.app.numbers.ask_for_number import Terms, answered
from ringbolt.app.numbers.close_lease import is_known
from ringbolt.app.numbers.receive_text import CLOCKS_DIFFER_MS
from ringbolt.core.commands import ReceiveTexts
from ringbolt.numbers.provider import ANY_COUNTRY, ActiveLease
from ringbolt.store import jobs, orders
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job

CLAIM_AFTER_MS: Final = 15_000
"""Longer than we wait for a provider's answer: by then its lease is stored."""


def record_lost(
    tx: Tx, terms: Terms, job: Job, attempt: Attempt, leases: Iterable[ActiveLease]
) -> bool:
    """Whether a lease was taken for ``attempt``, or one is watched for a while and the job is
    scheduled again. False: there is none."""
    found = _nobodys(tx, attempt, leases)
    watched = job.payload.get("watched", ()) if job.payload.get("watcher") == attempt.ref else ()
    since_ms = int(job.payload.get("watched_ms", tx.now_ms))
    left = [lease for lease in found if lease.acquired.lease_id in watched]
    if left and tx.now_ms - since_ms >= CLAIM_AFTER_MS:
        answered(tx, terms, job, attempt, left[0].acquired)
        return True
    if not found:
        return False
    if not left:
        since_ms, watched = tx.now_ms, [lease.acquired.lease_id for lease in found]
    watch = {"watcher": attempt.ref, "watched": list(watched), "watched_ms": since_ms}
    delay_ms = since_ms + CLAIM_AFTER_MS - tx.now_ms
    why = "a lease that is not stored may be the one"
    jobs.retry(tx, job, delay_ms, why, {**job.payload, **watch})
    return True


def _nobodys(tx: Tx, attempt: Attempt, leases: Iterable[ActiveLease]) -> list[ActiveLease]:
    """The leases that fit what ``attempt`` asked for and that are not stored, the oldest first."""
    order = orders.by_id(tx, attempt.order_id)
    assert order is not None
    wanted = order.command_as(ReceiveTexts)
    earliest_ms = attempt.created_ms - CLOCKS_DIFFER_MS
    fitting = [lease for lease in leases if _fits(wanted, lease) and lease.from_ms >= earliest_ms]
    unknown = [
        lease for lease in fitting if not is_known(tx, attempt.carrier, lease.acquired.lease_id)
    ]
    return sorted(unknown, key=lambda lease: lease.from_ms)


def _fits(wanted: ReceiveTexts, lease: ActiveLease) -> bool:
    return (
        lease.service in (None, wanted.service)
        and lease.hours in (None, wanted.hours)
        and wanted.country in (ANY_COUNTRY, lease.acquired.country)
        and (not wanted.again or lease.acquired.number == wanted.again)
    )
