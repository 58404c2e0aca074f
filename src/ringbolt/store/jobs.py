"""What happens next: jobs that commit together with the state that calls for them.

A job is claimed for a lease: its ``run_at_ms`` moves to the lease's end, so that a dead worker's
job simply becomes due again, and a fresh token is put on it. Whoever ends it must still have
that token, or its whole transaction rolls back (``LeaseLost``): somebody else has it now.

A worker may also be stopped for longer than its lease and go on as if nothing had been. So the
lease is counted on its own monotonic clock too (``Lease``), to be looked at without a database
right before anything that cannot be taken back.

Timers are jobs with a later ``run_at_ms``. ``uniq`` names what a job is for, e.g.
``dispatch:<order>``; there is never more than one of a name, buried ones included.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import ARRAY, any_, bindparam, delete, func, literal_column, select, update

from ringbolt.core.errors import RingboltError
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import job as table

Lane = Literal["money", "dispatch", "webhook", "unpaid"]
"""Each lane has its own slots, so that slow webhooks cannot keep a settle waiting. ``unpaid``: the
webhooks of orders that nobody paid."""

Look = Callable[[Tx, str, str], object]
"""What a kind's first look at an order is: given the order's id and the job's name."""

_NO_LOOKS: Mapping[str, Look] = {}
_EMPTY = "{}"
_MAX_ERROR = 500
_SURE_PART = 0.75
"""Of a lease, how much this machine relies on; the rest covers what two clocks may differ in,
and the way of a request to whoever it is for."""


class LeaseLost(RingboltError):
    """The job is no longer this worker's: its lease ended, or it was cancelled or moved."""

    title = "Somebody else does this now"
    default_code = "LEASE_LOST"


@dataclass(slots=True)
class Lease:
    """Until when a claim surely holds, in seconds of ``time.monotonic``, which no clock change
    moves and which goes on while the process is stopped. Whoever extends a lease moves it."""

    sure_until_s: float

    @classmethod
    def of(cls, lease_ms: int) -> Lease:
        """A lease that begins now."""
        return cls(time.monotonic() + lease_ms / 1000 * _SURE_PART)

    @property
    def is_sure(self) -> bool:
        return time.monotonic() < self.sure_until_s


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. ``attempts`` counts the claims, this one included; ``failures`` the runs in
    a row that ended in a fault, before this one; ``seen`` is what its kind's ``Look`` gave in the
    transaction of the claim."""

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
        """Whether nobody else can have taken it over yet; asks no database."""
        return self.lease.is_sure


def enqueue(
    tx: Tx,
    kind: str,
    lane: Lane,
    uniq: str,
    order_id: str | None = None,
    run_at_ms: int | None = None,
    payload: Mapping[str, Any] | None = None,
) -> bool:
    """Add a job, due now or at ``run_at_ms``; False if there is one named ``uniq`` already."""
    added = insert_new(
        tx,
        table,
        kind=kind,
        lane=lane,
        uniq=uniq,
        order_id=order_id,
        run_at_ms=tx.now_ms if run_at_ms is None else run_at_ms,
        payload=_to_json(payload or {}),
    )
    if added:
        tx.wake.add(lane)
    return added


def ensure(
    tx: Tx, kind: str, lane: Lane, uniq: str, order_id: str | None = None, *, at_once: bool = False
) -> None:
    """See to it that there is a job named ``uniq``, and that it does not end before this commits:
    who ends it, and then looks whether something is left to do, sees what this transaction did.

    ``at_once``: one that waits for its time becomes due now; one that runs is left alone.
    """
    while not enqueue(tx, kind, lane, uniq, order_id):
        if tx.dialect == "sqlite" and not at_once:
            return  # its one writer lets nobody end the job before
        found = tx.run(_NAMED, {"uniq_": uniq}).first()
        if found is None:
            continue  # PostgreSQL: it ended while we waited for its lock
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
    """Take up to ``limit`` due jobs of ``lane`` for ``lease_ms``, the longest due first.

    ``but`` are the ids of those that the asker is at: after a jump of the clock their leases
    seem to have ended. ``looks``, by kind, spare who runs a job a transaction of its own.
    """
    # Those of ``but`` are due too, and must not take the places of others.
    found = tx.run(_DUE, {"lane_": lane, "now_": tx.now_ms, "limit_": limit + len(but)})
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
    if tx.dialect == "sqlite":  # a list would be compiled anew, which costs more than its rows
        for each in ids:
            tx.run(_TAKE_ONE, {"id_": each, **values})
    else:
        tx.run(_TAKE, {"ids_": ids, **values})


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
    """``claim``, and when the next job of the lane becomes due after that (``next_run_at``)."""
    claimed = claim(tx, lane, limit, lease_ms, but, looks)
    return claimed, next_run_at(tx, lane) if len(claimed) < limit else None


def finish(tx: Tx, job: Job) -> None:
    """The job is done. Raises ``LeaseLost``, which takes the transaction's effects with it."""
    _only_if_held(tx, job, _FINISH, {})


def retry(
    tx: Tx,
    job: Job,
    delay_ms: int,
    error: str,
    payload: Mapping[str, Any] | None = None,
    *,
    failed: bool = False,
) -> None:
    """Let it be tried again in ``delay_ms``, and note why. Raises ``LeaseLost``.

    ``payload`` is what the next run is told; None: what this one was. ``failed`` counts this run
    as a failure; waiting for something is none, and ends the row of them.
    """
    told = job.payload if payload is None else payload
    values = {
        "at_": tx.now_ms + delay_ms,
        "error_": error[:_MAX_ERROR],
        "payload_": _to_json(told),
        "failures_": job.failures + 1 if failed else 0,
    }
    _only_if_held(tx, job, _RETRY, values)
    tx.wake.add(job.lane)


def note(tx: Tx, job: Job, payload: Mapping[str, Any]) -> Job:
    """Change what later runs of the job are told, and keep it; the job as it is then, to go on
    with. Raises ``LeaseLost``."""
    _only_if_held(tx, job, _NOTE, {"payload_": _to_json(payload)})
    return replace(job, payload=dict(payload))


def bury(tx: Tx, job: Job, error: str) -> None:
    """Give it up: it stays as a dead row for a person to look at, and keeps its name, so that
    nobody begins it anew unseen. Raises ``LeaseLost``."""
    _only_if_held(tx, job, _BURY, {"error_": error[:_MAX_ERROR]})


def extend(tx: Tx, job: Job, lease_ms: int) -> Job:
    """Hold it until ``lease_ms`` from now; the job with its longer lease, to be relied on once
    this is committed. Raises ``LeaseLost``."""
    lease, until_ms = Lease.of(lease_ms), tx.now_ms + lease_ms
    _only_if_held(tx, job, _EXTEND, {"until_": until_ms})
    return replace(job, lease_until_ms=until_ms, lease=lease)


def sure(job: Job) -> None:
    """Raise ``LeaseLost`` unless the job is surely still ours; asks no database."""
    if not job.still_ours():
        raise _lost(job)


def check(tx: Tx, job: Job) -> None:
    """Raise ``LeaseLost`` unless the job is still ours; nobody can claim it before the commit."""
    if tx.run(_HELD_LOCKED, _holder(job)).first() is None:
        raise _lost(job)


def holds(tx: Tx, job: Job) -> bool:
    """Whether the job is still ours."""
    return tx.run(_HELD, _holder(job)).first() is not None


def reschedule(tx: Tx, uniq: str, run_at_ms: int) -> bool:
    """Move a job to another time; False if there is none. Takes it from whoever holds it."""
    found = tx.run(_RESCHEDULE, {"uniq_": uniq, "at_": run_at_ms}).first()
    if found is not None:
        tx.wake.add(found.lane)
    return found is not None


def bring_forward(tx: Tx, uniq: str, run_at_ms: int) -> bool:
    """Have a job that waits for a later time run at ``run_at_ms``; False if there is none, or it
    is due sooner, or somebody holds it."""
    found = tx.run(_HASTEN, {"uniq_": uniq, "at_": run_at_ms}).first()
    if found is not None:
        tx.wake.add(found.lane)
    return found is not None


def exists(tx: Tx, uniq: str) -> bool:
    """Whether there is a job of that name that is not given up."""
    return tx.run(_EXISTS, {"uniq_": uniq}).first() is not None


def cancel(tx: Tx, uniq: str) -> bool:
    """Remove a job; False if there is none. Whoever holds it finds its lease lost."""
    return tx.run(_CANCEL, {"uniq_": uniq}).rowcount == 1


def release_all(tx: Tx) -> int:
    """End every lease now; returns how many. Only for who knows that no worker is alive."""
    return tx.run(_RELEASE, {"now_": tx.now_ms}).rowcount


def next_run_at(tx: Tx, lane: Lane) -> int | None:
    """When the next job of ``lane`` becomes due (ms; may be past), None if there is none."""
    found = tx.run(_NEXT, {"lane_": lane}).scalar()
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


# Built once: building a statement costs more than running it.
_OURS = (table.c.id == bindparam("id_"), table.c.token == bindparam("token_"))
# A literal: SQLite plans a statement anew at every run if a partial index hangs on a parameter.
_ALIVE = table.c.dead == literal_column("0")
# One column for "due" and "lease over", so that one index finds both and the next time too: with a
# column for each, every claim read all timers that wait (149 s for 2,000 orders).
# SKIP LOCKED: machines that claim at once take different jobs. (Left out on SQLite: one writer.)
_DUE = (
    select(table)
    .where(
        table.c.lane == bindparam("lane_"),
        _ALIVE,
        table.c.run_at_ms <= bindparam("now_"),
    )
    .order_by(table.c.run_at_ms, table.c.id)
    .limit(bindparam("limit_"))
    .with_for_update(skip_locked=True)
)
_TAKEN = update(table).values(
    token=bindparam("token_"), run_at_ms=bindparam("until_"), attempts=table.c.attempts + 1
)
_TAKE = _TAKEN.where(table.c.id == any_(bindparam("ids_", type_=ARRAY(table.c.id.type))))
_TAKE_ONE = _TAKEN.where(table.c.id == bindparam("id_"))
_FINISH = delete(table).where(*_OURS)
_RETRY = (
    update(table)
    .where(*_OURS)
    .values(
        token=None,
        run_at_ms=bindparam("at_"),
        last_error=bindparam("error_"),
        payload=bindparam("payload_"),
        failures=bindparam("failures_"),
    )
)
_NOTE = update(table).where(*_OURS).values(payload=bindparam("payload_"))
_BURY = update(table).where(*_OURS).values(token=None, dead=1, last_error=bindparam("error_"))
_EXTEND = update(table).where(*_OURS).values(run_at_ms=bindparam("until_"))
_NAMED = (
    select(table.c.token, table.c.dead).where(table.c.uniq == bindparam("uniq_")).with_for_update()
)
_HELD = select(table.c.id).where(*_OURS)
_HELD_LOCKED = _HELD.with_for_update()
_RESCHEDULE = (
    update(table)
    .where(table.c.uniq == bindparam("uniq_"), _ALIVE)
    .values(token=None, run_at_ms=bindparam("at_"))
    .returning(table.c.lane)
)
_HASTEN = (
    update(table)
    .where(
        table.c.uniq == bindparam("uniq_"),
        _ALIVE,
        table.c.token.is_(None),
        table.c.run_at_ms > bindparam("at_"),
    )
    .values(run_at_ms=bindparam("at_"))
    .returning(table.c.lane)
)
_EXISTS = select(table.c.id).where(table.c.uniq == bindparam("uniq_"), _ALIVE)
_RELEASE = (
    update(table)
    .where(table.c.token.is_not(None), table.c.dead == 0)
    .values(token=None, run_at_ms=bindparam("now_"))
)
_CANCEL = delete(table).where(table.c.uniq == bindparam("uniq_"))
_NEXT = select(func.min(table.c.run_at_ms)).where(table.c.lane == bindparam("lane_"), _ALIVE)
