"""The job queue: a job is written in the same transaction as the state that requires it.

A worker claims a job for a lease: ``run_at_ms`` moves to the end of the lease, so that the job of
a dead worker becomes due again by itself, and the job gets a new token. Every later change by the
worker requires that token. If another worker has claimed the job meanwhile, ``LeaseLost`` is
raised and the whole transaction rolls back.

A timer is a job with a later ``run_at_ms``. ``uniq`` names what a job is for, e.g.
``dispatch:<order>``; no two jobs have the same name, buried (failed for good) ones included.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from ringbolt.core.errors import RingboltError
from ringbolt.store import job_statements as sql
from ringbolt.store.engine.db import Handover, Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.job_lease import Lease
from ringbolt.store.schema.tables import job as table

Lane = Literal["money", "payout", "dispatch", "webhook", "unpaid"]
"""Each lane has its own worker slots, so that slow webhooks cannot delay a settlement. ``payout``:
payments to strangers, who decide how long they take. ``unpaid``: webhooks of orders that were never
paid."""
LANES: Final[tuple[Lane, ...]] = get_args(Lane)

Look = Callable[[Tx, str, str], object]
"""Reads what a job of a kind needs first, in the transaction of the claim; called with the order's
id and the job's ``uniq``."""

_NO_LOOKS: Mapping[str, Look] = {}
_EMPTY = "{}"
_MAX_ERROR = 500
POLL_MS = 5000
"""Workers look for due jobs at least this often, also if no wake-up comes."""


class LeaseLost(RingboltError):
    """The job is no longer this worker's: its lease ended, or it was cancelled or moved."""

    title = "Another worker has this job now"
    default_code = "LEASE_LOST"


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. ``attempts`` counts the claims, this one included; ``failures`` counts the
    consecutive failed runs before this one; ``seen`` is the result of the kind's ``Look``, read in
    the transaction of the claim."""

    id: int
    lane: Lane
    kind: str
    uniq: str
    order_id: str | None
    payload: dict[str, Any]
    attempts: int
    failures: int
    token: str
    lease_until_ms: int
    lease: Lease = field(compare=False)
    seen: object = field(default=None, compare=False)

    def still_ours(self) -> bool:
        """Whether no other worker can have claimed the job yet; makes no database query."""
        return self.lease.is_sure


def enqueue(
    tx: Tx,
    kind: str,
    lane: Lane,
    uniq: str,
    order_id: str | None = None,
    run_at_ms: int | None = None,
    payload: Mapping[str, Any] | None = None,
    seen: object = None,
) -> bool:
    """Add a job, due now or at ``run_at_ms`` (ms UTC); False if one named ``uniq`` exists.

    A worker of this process with a free slot gets a job that is due now at once: it is stored as
    claimed. ``seen``: what its ``Look`` would read, if the caller has it.
    """
    at_ms = tx.now_ms if run_at_ms is None else run_at_ms
    row = {
        "kind": kind,
        "lane": lane,
        "uniq": uniq,
        "order_id": order_id,
        "run_at_ms": at_ms,
        "payload": _to_json(payload or {}),
    }
    if run_at_ms is None and tx.handover is not None and tx.handover.reserve(lane):
        return _hand_over(tx, tx.handover, row, payload or {}, seen)
    added = insert_new(tx, table, **row)
    if added:
        _wake(tx, lane, at_ms)
    return added


def _hand_over(
    tx: Tx, handover: Handover, row: dict[str, Any], payload: Mapping[str, Any], seen: object
) -> bool:
    lease_ms = handover.lease_ms
    token, until_ms = secrets.token_hex(8), tx.now_ms + lease_ms
    claimed = row | {"run_at_ms": until_ms, "token": token, "attempts": 1}
    job_id = None
    try:
        job_id = tx.run(sql.insert_claimed(tx.dialect), claimed).scalar()
    finally:
        if job_id is None:
            handover.release(row["lane"])
    if job_id is None:
        return False
    job = Job(
        id=job_id,
        lane=row["lane"],
        kind=row["kind"],
        uniq=row["uniq"],
        order_id=row["order_id"],
        payload=dict(payload),
        attempts=1,
        failures=0,
        token=token,
        lease_until_ms=until_ms,
        lease=Lease.of(lease_ms),
        seen=seen,
    )
    tx.handed.append(job)
    before, tx.has_begun = tx.has_begun, True
    begun = handover.begin(tx, job)
    if begun is None:
        tx.has_begun = before
    else:
        tx.handed[-1] = replace(job, seen=begun)
    return True


def _wake(tx: Tx, lane: Lane, run_at_ms: int) -> None:
    """Wake the lane's workers, unless they look for themselves before the job is due."""
    if run_at_ms - tx.now_ms < POLL_MS:
        tx.wake.add(lane)


def ensure(
    tx: Tx,
    kind: str,
    lane: Lane,
    uniq: str,
    order_id: str | None = None,
    *,
    at_once: bool = False,
    seen: object = None,
) -> None:
    """Make sure that a job named ``uniq`` exists and does not end before this transaction commits.

    A worker that ends the job afterwards and checks for work left to do thus sees the changes of
    this transaction. ``at_once``: a waiting job becomes due now; a running one is left alone.
    ``seen`` as for ``enqueue``.
    """
    while not enqueue(tx, kind, lane, uniq, order_id, seen=seen):
        if tx.dialect == "sqlite" and not at_once:
            return  # SQLite has one writer, so no other transaction can end the job before
        found = tx.run(sql.NAMED, {"uniq_": uniq}).first()
        if found is None:
            continue  # PostgreSQL: the job ended while we waited for its row lock: add it again
        if at_once and found.token is None and not found.dead:
            reschedule(tx, uniq, tx.now_ms)
        return


def claim(
    tx: Tx,
    lane: Lane,
    limit: int,
    lease_ms: int,
    but: Collection[int] = (),
    looks: Mapping[str, Look] = _NO_LOOKS,
) -> list[Job]:
    """Claim up to ``limit`` due jobs of ``lane`` for ``lease_ms``, the longest overdue first.

    ``but``: ids of jobs that this worker is running, whose leases seem to have ended if the wall
    clock jumped forward. ``looks``, by job kind, read the order here, which saves each run a
    transaction.
    """
    # Jobs in ``but`` may be due as well: fetch as many more, or they would use up the limit.
    found = tx.run(sql.DUE, {"lane_": lane, "now_": tx.now_ms, "limit_": limit + len(but)})
    due = [row for row in found if row.id not in but][:limit]
    if not due:
        return []
    token = secrets.token_hex(8)
    lease = Lease.of(lease_ms)
    lease_until_ms = tx.now_ms + lease_ms
    _take(tx, [row.id for row in due], {"token_": token, "until_": lease_until_ms})
    return [
        Job(
            id=row.id,
            lane=lane,
            kind=row.kind,
            uniq=row.uniq,
            order_id=row.order_id,
            payload=json.loads(row.payload) if row.payload != _EMPTY else {},
            attempts=row.attempts + 1,
            failures=row.failures,
            token=token,
            lease_until_ms=lease_until_ms,
            lease=lease,
            seen=_look(tx, looks, row),
        )
        for row in due
    ]


def _take(tx: Tx, ids: list[int], values: dict[str, Any]) -> None:
    # SQLite has no arrays. A list of parameters is compiled again for every length, which costs
    # more than one prepared statement per row.
    if tx.dialect == "sqlite":
        for each in ids:
            tx.run(sql.TAKE_ONE, {"id_": each, **values})
    else:
        tx.run(sql.TAKE, {"ids_": ids, **values})


def _look(tx: Tx, looks: Mapping[str, Look], row: Any) -> object:
    look = looks.get(row.kind)
    return None if look is None or row.order_id is None else look(tx, row.order_id, row.uniq)


def claim_and_look_ahead(
    tx: Tx,
    lane: Lane,
    limit: int,
    lease_ms: int,
    but: Collection[int] = (),
    looks: Mapping[str, Look] = _NO_LOOKS,
) -> tuple[list[Job], int | None]:
    """``claim``, and if it filled fewer than ``limit``, the time of the next job of the lane
    (``next_run_at``), in the same transaction."""
    claimed = claim(tx, lane, limit, lease_ms, but, looks)
    return claimed, next_run_at(tx, lane) if len(claimed) < limit else None


def finish(tx: Tx, job: Job) -> None:
    """Delete a job that is done. Raises ``LeaseLost``, which rolls the transaction back."""
    _only_if_held(tx, job, sql.FINISH, {})


def retry(
    tx: Tx,
    job: Job,
    delay_ms: int,
    error: str,
    payload: Mapping[str, Any] | None = None,
    *,
    failed: bool = False,
) -> None:
    """Run the job again in ``delay_ms``, and store the reason. Raises ``LeaseLost``.

    ``payload``: for the next run; None keeps what is stored, by ``note`` too. ``failed``: counts
    this run as a failure; otherwise (it waits for something) the count of consecutive failures
    restarts at 0.
    """
    values = {
        "at_": tx.now_ms + delay_ms,
        "error_": error[:_MAX_ERROR],
        "payload_": None if payload is None else _to_json(payload),
        "failures_": job.failures + 1 if failed else 0,
    }
    _only_if_held(tx, job, sql.RETRY, values)
    _wake(tx, job.lane, tx.now_ms + delay_ms)


def note(tx: Tx, job: Job, payload: Mapping[str, Any]) -> Job:
    """Store another payload for later runs, and keep the claim; returns the changed job. Raises
    ``LeaseLost``."""
    _only_if_held(tx, job, sql.NOTE, {"payload_": _to_json(payload)})
    return replace(job, payload=dict(payload))


def bury(tx: Tx, job: Job, error: str) -> None:
    """Give a job up: its row stays, marked dead, for a person to look at. It keeps its name, so
    that no code adds the same job again unnoticed. Raises ``LeaseLost``."""
    _only_if_held(tx, job, sql.BURY, {"error_": error[:_MAX_ERROR]})


def extend(tx: Tx, job: Job, lease_ms: int) -> Job:
    """Extend the lease to ``lease_ms`` from now; returns the job with the longer lease, valid once
    this is committed. Raises ``LeaseLost``."""
    lease, until_ms = Lease.of(lease_ms), tx.now_ms + lease_ms
    _only_if_held(tx, job, sql.EXTEND, {"until_": until_ms})
    return replace(job, lease_until_ms=until_ms, lease=lease)


def sure(job: Job) -> None:
    """Raise ``LeaseLost`` unless the claim certainly still holds; makes no database query."""
    if not job.still_ours():
        raise _lost(job)


def check(tx: Tx, job: Job) -> None:
    """Raise ``LeaseLost`` unless the job is still ours. Locks its row: no other worker can claim
    it before this transaction commits."""
    if any(job.id == handed.id for handed in tx.handed):
        return  # added by this transaction: nobody else sees it yet
    if tx.run(sql.HELD_LOCKED, _holder(job)).first() is None:
        raise _lost(job)


def holds(tx: Tx, job: Job) -> bool:
    """Whether the job is still ours."""
    return tx.run(sql.HELD, _holder(job)).first() is not None


def reschedule(tx: Tx, uniq: str, run_at_ms: int) -> bool:
    """Move a job to another time (ms UTC); False if there is none. A worker that holds the job
    loses its claim."""
    found = tx.run(sql.RESCHEDULE, {"uniq_": uniq, "at_": run_at_ms}).first()
    if found is not None:
        tx.wake.add(found.lane)
    return found is not None


def bring_forward(tx: Tx, uniq: str, run_at_ms: int) -> bool:
    """Move a waiting job forward to ``run_at_ms`` (ms UTC); False if there is none, it is due
    sooner, or a worker holds it."""
    found = tx.run(sql.HASTEN, {"uniq_": uniq, "at_": run_at_ms}).first()
    if found is not None:
        tx.wake.add(found.lane)
    return found is not None


def exists(tx: Tx, uniq: str) -> bool:
    """Whether a job of that name exists that was not given up."""
    return tx.run(sql.EXISTS, {"uniq_": uniq}).first() is not None


def cancel(tx: Tx, uniq: str) -> bool:
    """Delete a job; False if there is none. A worker that holds it gets ``LeaseLost``."""
    return tx.run(sql.CANCEL, {"uniq_": uniq}).rowcount == 1


def release_all(tx: Tx) -> int:
    """End every lease now; returns how many. Call this only when no worker can be running."""
    return tx.run(sql.RELEASE, {"now_": tx.now_ms}).rowcount


def move_to_lane(tx: Tx, kind: str, former: Lane, lane: Lane) -> None:
    """Move the jobs of a kind from one lane to another; a worker that runs one keeps it."""
    tx.run(sql.MOVE_TO_LANE, {"kind_": kind, "former_": former, "lane_": lane})
    tx.wake.add(lane)


def next_run_at(tx: Tx, lane: Lane) -> int | None:
    """When the next job of ``lane`` becomes due (ms; may be past), None if there is none."""
    found = tx.run(sql.NEXT, {"lane_": lane}).scalar()
    return None if found is None else int(found)


def _only_if_held(tx: Tx, job: Job, statement: Any, values: dict[str, Any]) -> None:
    if tx.run(statement, _holder(job) | values).rowcount != 1:
        raise _lost(job)


def _to_json(payload: Mapping[str, Any]) -> str:
    return json.dumps(dict(payload), separators=(",", ":")) if payload else _EMPTY


def _holder(job: Job) -> dict[str, Any]:
    return {"id_": job.id, "token_": job.token}


def _lost(job: Job) -> LeaseLost:
    return LeaseLost(f"Job {job.uniq} is no longer held by this worker.")
