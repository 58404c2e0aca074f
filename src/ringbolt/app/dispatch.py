"""Ask a carrier for a paid call: write the intent down, ask, write the answer down.

A worker may die between any two lines. What it leaves behind is an attempt with an intent; the
next worker resolves it as the carrier allows (``Recovery``), and never calls a person twice.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass

from ringbolt.app import call_order
from ringbolt.app.record_outcome import apply_event, check_uniq, fail, mark_in_progress
from ringbolt.app.render import Rendered, render
from ringbolt.app.shop import Shop
from ringbolt.core.call import CallStatus
from ringbolt.core.errors import AudioUnplayable, SpeechFailed, Unavailable
from ringbolt.core.order import OrderState
from ringbolt.core.phone import SCRIPTED
from ringbolt.store import calls, jobs, orders, rate_limits
from ringbolt.store.calls import Attempt, AttemptState
from ringbolt.store.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.voice.carrier import (
    Accepted,
    PlaceCall,
    PlaceResult,
    Recovery,
    Rejected,
    SupportsCallLookup,
    Unknown,
)

CHECK_CALL = "check_call"
MAX_ATTEMPTS = 6
"""How often a carrier that refuses for now is asked in one try: for about half a minute."""
ABSENT_AFTER_MS = 5000
"""A carrier that does not know a call may still be reading our request, or its list may lag:
only if it still does not know it so much later is there none."""
_CONCURRENCY_RETRY_MS = 500
_HOUR_MS = 3_600_000
_SILENCE_MARGIN_MS = 20_000
_NOT_ON_ITS_WAY = frozenset({OrderState.PAID, OrderState.DISPATCHING})


@dataclass(frozen=True, slots=True)
class _Work:
    order: Order
    attempt: Attempt | None
    now_ms: int

    @property
    def is_late(self) -> bool:
        """Nobody is called any more for this order."""
        return self.order.deadline_ms is not None and self.now_ms >= self.order.deadline_ms


def _load(tx: Tx, order_id: str) -> _Work | None:
    order = orders.by_id(tx, order_id)
    if order is None:
        return None
    return _Work(order, calls.present_attempt(tx, order_id), tx.now_ms)


@dataclass(frozen=True, slots=True)
class _Limits:
    """``lines``: calls up at the same time, 0 = any number. ``number``: '' if how often it is
    called is not limited, else at most ``per_hour``."""

    lines: int
    number: str
    per_hour: int


def _limits(shop: Shop, command: call_order.CallOrder) -> _Limits:
    settings = shop.settings.calls
    if not shop.limits:
        return _Limits(0, "", 0)
    is_scripted = shop.scripted_numbers and SCRIPTED.fullmatch(command.to)
    number = "" if is_scripted else command.to
    return _Limits(settings.max_concurrent, number, settings.per_number_per_hour)


async def dispatch_call(shop: Shop, job: Job) -> None:
    """The job behind every placed call; safe to run again at any point. Raises ``LeaseLost``."""
    assert job.order_id is not None
    work = await shop.db.read(_load, job.order_id)
    if work is not None and work.order.state is OrderState.PAID:
        await _first(shop, job, work)
    elif work is not None and work.order.state is OrderState.DISPATCHING and work.attempt:
        await _recover(shop, job, work, work.attempt)
    elif work is not None and work.attempt and work.attempt.state is AttemptState.ACCEPTED:
        # Its events came before its answer was written down, and may yet stop coming.
        await _write_down(shop, job, work.order, work.attempt, Accepted(""))
    else:
        await shop.db.tx(jobs.finish, job)


async def _first(shop: Shop, job: Job, work: _Work) -> None:
    """PAID: make the audio, write the intent, ask."""
    order = work.order
    command = call_order.from_json(order.request)
    limits = _limits(shop, command)
    if work.is_late or (limits.lines and await shop.db.read(calls.open_attempts) >= limits.lines):
        # No audio is fetched for a call that cannot be placed now.
        await shop.db.tx(_hold_back, job, order.id, work.is_late, _k1())
        return
    try:
        rendered = await render(shop, command.script(_linger_ms(shop)))
    except (SpeechFailed, AudioUnplayable) as error:
        await shop.db.tx(_give_up, job, order.id, f"{error.code}: {error.message}", True, _k1())
        return
    attempt = await shop.db.tx(
        _intend,
        job,
        order.id,
        shop.carrier.name,
        secrets.token_hex(16),
        rendered.notes,
        limits,
        _k1(),
    )
    if attempt is not None:
        await _ask(shop, job, order, attempt, rendered)


def _hold_back(tx: Tx, job: Job, order_id: str, is_late: bool, k1: str) -> None:
    if is_late:
        _give_up(tx, job, order_id, "no carrier could take the call in time", True, k1)
    else:
        jobs.retry(tx, job, _CONCURRENCY_RETRY_MS, "waiting for a free line")


def _leave_in_peace(tx: Tx, job: Job, order: Order | None, wait_ms: int, k1: str) -> None:
    """The number was called often lately: later, or not at all."""
    if order is not None and tx.now_ms + wait_ms >= (order.deadline_ms or 0):
        _give_up(tx, job, order.id, "this number was called too often lately", True, k1)
    else:
        jobs.retry(tx, job, wait_ms, "the number is left in peace for a while")


def _intend(
    tx: Tx,
    job: Job,
    order_id: str,
    carrier: str,
    ref: str,
    notes: tuple[str, ...],
    limits: _Limits,
    k1: str,
) -> Attempt | None:
    """PAID -> DISPATCHING with an attempt written down; None if there is nothing to ask now."""
    order = orders.by_id(tx, order_id)
    if order is not None and order.deadline_ms is not None and tx.now_ms >= order.deadline_ms:
        _hold_back(tx, job, order_id, True, k1)
        return None
    if limits.lines and calls.open_attempts(tx) >= limits.lines:
        _hold_back(tx, job, order_id, False, k1)
        return None
    if limits.number and not calls.attempts_in_this_try(tx, order_id):
        wait_ms = rate_limits.take(
            tx, f"to:{limits.number}", limit=limits.per_hour, period_ms=_HOUR_MS
        )
        if wait_ms:
            _leave_in_peace(tx, job, order, wait_ms, k1)
            return None
    if not orders.move(tx, order_id, OrderState.DISPATCHING, f"asking {carrier}"):
        jobs.finish(tx, job)
        return None
    jobs.check(tx, job)
    calls.update_call(tx, order_id, notes=notes)
    return calls.add_attempt(tx, order_id, attempt_id=ref, carrier=carrier, ref=ref)


async def _ask(shop: Shop, job: Job, order: Order, attempt: Attempt, rendered: Rendered) -> None:
    command = call_order.from_json(order.request)
    linger_ms = _linger_ms(shop)
    jobs.sure(job)
    result = await shop.carrier.place(
        PlaceCall(
            ref=attempt.ref,
            to=command.to,
            caller_id=shop.settings.calls.caller_id,
            script=rendered.script,
            ring_timeout_s=shop.settings.calls.ring_timeout_s,
            max_duration_s=command.max_duration_s(linger_ms),
            still_wanted=job.still_ours,
        )
    )
    await _write_down(shop, job, order, attempt, result)


async def _write_down(
    shop: Shop, job: Job, order: Order, attempt: Attempt, result: PlaceResult
) -> None:
    patience_ms = _patience_ms(shop, call_order.from_json(order.request))
    charge_on = shop.settings.calls.charge_on
    await shop.db.tx(_answered, job, attempt, result, charge_on, patience_ms, _k1())


def _answered(
    tx: Tx,
    job: Job,
    attempt: Attempt,
    result: PlaceResult,
    charge_on: str,
    patience_ms: int,
    k1: str,
) -> None:
    """Write the carrier's answer down."""
    current = calls.attempt_by_ref(tx, attempt.ref, lock=True)
    if current is not None and current.last_seq > 0 and not isinstance(result, Accepted):
        # The call is told of, so there is one: no or "not known" came too late to be true.
        result = Accepted(current.carrier_id or "")
    match result:
        case Accepted(carrier_id):
            _accepted(tx, attempt, carrier_id, charge_on, patience_ms)
            jobs.finish(tx, job)
        case Rejected(reason, permanent):
            calls.update_attempt(
                tx,
                attempt.id,
                state=AttemptState.REJECTED,
                reason=reason,
                finished_ms=tx.now_ms,
            )
            why = f"the carrier refused: {reason}"
            asked = calls.attempts_in_this_try(tx, attempt.order_id)
            if permanent or asked >= MAX_ATTEMPTS:
                calls.update_call(
                    tx, attempt.order_id, status=CallStatus.FAILED, cause=reason,
                    ended_ms=tx.now_ms,
                )  # fmt: skip
                fail(tx, attempt.order_id, why, may_retry=True, k1=k1)
                jobs.finish(tx, job)
            else:
                orders.move(tx, attempt.order_id, OrderState.PAID, why,
                            only_from=frozenset({OrderState.DISPATCHING}))  # fmt: skip
                jobs.retry(tx, job, 1000 * 2 ** (asked - 1), reason)
        case Unknown(reason):
            calls.update_attempt(tx, attempt.id, state=AttemptState.UNKNOWN, reason=reason)
            jobs.retry(tx, job, 1000, reason)


def _accepted(tx: Tx, attempt: Attempt, carrier_id: str, charge_on: str, patience_ms: int) -> None:
    if carrier_id:
        calls.update_attempt(tx, attempt.id, carrier_id=carrier_id)
    current = calls.attempt_by_ref(tx, attempt.ref)
    if current is not None and current.state in (AttemptState.INTENT, AttemptState.UNKNOWN):
        calls.update_attempt(tx, attempt.id, state=AttemptState.ACCEPTED)
    mark_in_progress(tx, attempt.order_id, charge_on, CallStatus.INITIATED)
    if current is not None and current.finished_ms is None:
        jobs.enqueue(
            tx,
            kind=CHECK_CALL,
            lane="dispatch",
            uniq=check_uniq(attempt.ref),
            order_id=attempt.order_id,
            run_at_ms=tx.now_ms + patience_ms,
        )


async def _recover(shop: Shop, job: Job, work: _Work, attempt: Attempt) -> None:
    """DISPATCHING: somebody asked, or was about to ask, and did not write down the answer."""
    if attempt.state in (AttemptState.ACCEPTED, AttemptState.DONE):
        await _write_down(shop, job, work.order, attempt, Accepted(""))
        return
    carrier = shop.carrier
    if carrier.recovery is Recovery.LOOKUP and isinstance(carrier, SupportsCallLookup):
        await _look_up(shop, job, work, attempt, carrier)
    elif carrier.recovery is Recovery.IDEMPOTENT and not work.is_late:
        await _ask_again(shop, job, work.order, attempt)
    else:
        await _wait_or_give_up(shop, job, work, attempt, "the carrier's answer is not known")


async def _look_up(
    shop: Shop, job: Job, work: _Work, attempt: Attempt, carrier: SupportsCallLookup
) -> None:
    try:
        found = await carrier.find(attempt.ref)
    except Unavailable as error:
        await _wait_or_give_up(shop, job, work, attempt, error.message)
        return
    if found is not None:
        await _write_down(shop, job, work.order, attempt, Accepted(found.carrier_id))
        for event in found.events:
            await shop.db.tx(apply_event, event, shop.settings.calls.charge_on, _k1())
    elif not _is_surely_absent(job, attempt, work.now_ms):
        seen = {"absent": attempt.ref, "absent_ms": work.now_ms}
        why = "the carrier does not know the call (yet)"
        await shop.db.tx(jobs.retry, job, ABSENT_AFTER_MS, why, seen)
    elif work.is_late:
        await shop.db.tx(_give_up, job, work.order.id, "no carrier took the call", True, _k1())
    else:
        await _ask_again(shop, job, work.order, attempt)


def _is_surely_absent(job: Job, attempt: Attempt, now_ms: int) -> bool:
    """Whether an earlier run of this job, long enough ago, heard the same."""
    absent_ms = int(job.payload.get("absent_ms", now_ms))
    return job.payload.get("absent") == attempt.ref and now_ms - absent_ms >= ABSENT_AFTER_MS


async def _ask_again(shop: Shop, job: Job, order: Order, attempt: Attempt) -> None:
    """There is no such call, or the same reference makes it the same call."""
    command = call_order.from_json(order.request)
    try:
        rendered = await render(shop, command.script(_linger_ms(shop)))
    except (SpeechFailed, AudioUnplayable) as error:
        may_retry = shop.carrier.recovery is Recovery.LOOKUP
        why = f"{error.code}: {error.message}"
        await shop.db.tx(_give_up, job, order.id, why, may_retry, _k1())
        return
    job = await shop.db.tx(jobs.note, job, {})
    await _ask(shop, job, order, attempt, rendered)


async def _wait_or_give_up(shop: Shop, job: Job, work: _Work, attempt: Attempt, why: str) -> None:
    if not work.is_late:
        await shop.db.tx(jobs.retry, job, min(30_000, 1000 * 2 ** min(job.attempts, 5)), why)
        return
    # The phone may have rung: the money goes back, but nothing is tried again.
    why = f"the outcome is not known: {why}"
    await shop.db.tx(_give_up, job, work.order.id, why, False, _k1())
    with suppress(Unavailable):  # it may still ring; nobody pays for it any more
        await shop.carrier.hang_up(attempt.ref)


def _give_up(tx: Tx, job: Job, order_id: str, why: str, may_retry: bool, k1: str) -> None:
    """Fail the order before its call came about; if it just did, the job has another look."""
    if not fail(tx, order_id, why, may_retry=may_retry, k1=k1, only_from=_NOT_ON_ITS_WAY):
        jobs.retry(tx, job, 0, why)
        return
    calls.update_call(tx, order_id, status=CallStatus.FAILED, cause=why, ended_ms=tx.now_ms)
    attempt = calls.present_attempt(tx, order_id)
    if attempt is not None and attempt.finished_ms is None:
        calls.update_attempt(tx, attempt.id, finished_ms=tx.now_ms)
    jobs.finish(tx, job)


def _linger_ms(shop: Shop) -> int:
    return round(shop.settings.calls.linger_s * 1000)


def _patience_ms(shop: Shop, command: call_order.CallOrder) -> int:
    """How long a call can take at most, from asking to its last event."""
    seconds = shop.settings.calls.ring_timeout_s + command.max_duration_s(_linger_ms(shop))
    return seconds * 1000 + _SILENCE_MARGIN_MS


def _k1() -> str:
    return secrets.token_hex(32)
