"""Every kind of job, declared once: its stored name, its lane, the names of its jobs, how long it
waits for a part that does not answer, and what happens to a job that keeps failing.

``worker/handlers.py`` says which use case runs each. Names, lanes and prefixes are stored with
every job: names and prefixes of existing kinds never change, and lanes only with a look at jobs
that are stored (``move_payouts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ringbolt.core.order import Fulfilment
from ringbolt.store import jobs, payouts, withdrawals
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job, Lane


class GiveUp(Enum):
    """What happens to a job whose runs keep failing through a fault that is not an outage.

    FAIL_ORDER: the job is buried, its order fails, and the buyer has the money back.
    EVERY_MINUTE, EVERY_HOUR: it must succeed one day, so it is retried for ever, and logged.
    """

    FAIL_ORDER = 0
    EVERY_MINUTE = 60_000
    EVERY_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Backoff:
    """Twice as long with every try, from ``first_ms`` to ``longest_ms``."""

    first_ms: int
    longest_ms: int

    def delay_ms(self, tries: int) -> int:
        """How long to wait after ``tries`` tries before this one."""
        return min(self.longest_ms, self.first_ms << min(tries, _MAX_DOUBLINGS))


_MAX_DOUBLINGS: Final = 30
FAULT_BACKOFF: Final = Backoff(500, 300_000)
"""After a run that ended in a fault, whatever its kind."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job. There is one job for each subject: an order's id unless noted otherwise.

    ``name`` and ``lane`` are stored with each job; ``prefix`` begins each job's name, and is the
    whole name of a kind with only one job. Kinds with the same prefix exclude each other.
    ``backoff`` applies while the part that a run asks does not answer.
    """

    name: str
    lane: Lane
    prefix: str
    give_up: GiveUp
    backoff: Backoff = Backoff(1000, 30_000)

    def key(self, subject: str = "") -> str:
        """The name of the one job about ``subject``."""
        return self.prefix + subject

    def subject_of(self, job: Job) -> str:
        """The subject of a job of this kind."""
        return job.uniq.removeprefix(self.prefix)

    def enqueue(
        self,
        tx: Tx,
        subject: str = "",
        *,
        order_id: str | None = None,
        run_at_ms: int | None = None,
        payload: Mapping[str, Any] | None = None,
        seen: object = None,
    ) -> bool:
        """Add the job about ``subject``, or else ``order_id``, due now or at ``run_at_ms``; False
        if there is one already. ``seen``: what its run would read first, if that is at hand."""
        key = self.key(subject or order_id or "")
        return jobs.enqueue(tx, self.name, self.lane, key, order_id, run_at_ms, payload, seen)

    def ensure(
        self,
        tx: Tx,
        subject: str,
        order_id: str,
        *,
        lane: Lane | None = None,
        at_once: bool = False,
        seen: object = None,
    ) -> None:
        """Make sure that the job exists, and that it does not end before this commits (see
        ``store.jobs.ensure``). ``lane``: another than the kind's own; ``seen`` as for
        ``enqueue``."""
        key = self.key(subject)
        jobs.ensure(tx, self.name, lane or self.lane, key, order_id, at_once=at_once, seen=seen)

    def reschedule(self, tx: Tx, subject: str, run_at_ms: int) -> bool:
        """Move the job to another time; False if there is none. A worker that runs it
        loses its lease."""
        return jobs.reschedule(tx, self.key(subject), run_at_ms)

    def cancel(self, tx: Tx, subject: str = "") -> bool:
        """Remove the job; False if there is none. A worker that runs it loses its
        lease."""
        return jobs.cancel(tx, self.key(subject))

    def exists(self, tx: Tx, subject: str) -> bool:
        """Whether there is the job, and it is not given up."""
        return jobs.exists(tx, self.key(subject))

    def bring_forward(self, tx: Tx, subject: str, run_at_ms: int) -> bool:
        """Have a job that waits for a later time run at ``run_at_ms``; False if there is none, or
        it is due sooner, or a worker runs it."""
        return jobs.bring_forward(tx, self.key(subject), run_at_ms)


# Kinds with the prefix ``dispatch:`` are of one order in turn: it has one job that moves it on.
DISPATCH_CALL: Final = JobKind("dispatch_call", "dispatch", "dispatch:", GiveUp.FAIL_ORDER)
CHECK_CALL: Final = JobKind(
    "check_call", "dispatch", "check:", GiveUp.FAIL_ORDER, Backoff(15_000, 15_000)
)
"""About an attempt, by our reference of it."""
HANG_UP_CALL: Final = JobKind(
    "hang_up_call", "dispatch", "hang_up:", GiveUp.EVERY_MINUTE, Backoff(1000, 5000)
)
"""A hang-up that was accepted from the buyer: there until the order's call is over."""
HANG_UP_ATTEMPT: Final = JobKind(
    "hang_up_attempt", "dispatch", "hang_up_attempt:", GiveUp.EVERY_MINUTE, Backoff(1000, 5000)
)
"""About an attempt, by our reference of it: nobody pays for its call, and it may be up."""
FETCH_RECORDINGS: Final = JobKind(
    "fetch_recordings", "webhook", "recordings:", GiveUp.EVERY_HOUR, Backoff(15_000, 15_000)
)
"""About an attempt, by our reference of it."""

DISPATCH_MESSAGE: Final = JobKind("dispatch_message", "dispatch", "dispatch:", GiveUp.FAIL_ORDER)
MESSAGE_DEADLINE: Final = JobKind(
    "message_deadline", "dispatch", "receipt:", GiveUp.FAIL_ORDER, Backoff(5000, 5000)
)

DISPATCH_RECEIVING: Final = JobKind(
    "dispatch_reception", "dispatch", "dispatch:", GiveUp.FAIL_ORDER, Backoff(500, 5000)
)
END_RECEIVING: Final = JobKind(
    "end_reception", "dispatch", "end:", GiveUp.FAIL_ORDER, Backoff(2000, 2000)
)
"""An order's one timer: its code's deadline, a rental's trial, the end of the number's time."""
RELEASE_NUMBER: Final = JobKind(
    "give_back", "dispatch", "give_back:", GiveUp.EVERY_HOUR, Backoff(2000, 60_000)
)
"""About a lease, by its provider and the provider's name of it."""
MATCH_TEXTS: Final = JobKind("match_texts", "dispatch", "match_texts", GiveUp.EVERY_HOUR)

DISPATCH_SPEECH: Final = JobKind("dispatch_speech", "dispatch", "dispatch:", GiveUp.FAIL_ORDER)

CLOSE_HOLD: Final = JobKind(
    "close_hold", "money", "close_hold:", GiveUp.EVERY_MINUTE, Backoff(2000, 15_000)
)
LOOK_AFTER_HOLDS: Final = JobKind(
    "look_after_holds", "money", "look_after_holds", GiveUp.EVERY_MINUTE
)
PAY_REFUND: Final = JobKind(
    "pay_refund", "payout", "refund:", GiveUp.EVERY_HOUR, Backoff(500, 60_000)
)
PAY_REFERRAL: Final = JobKind(
    "pay_referral", "payout", payouts.JOB_PREFIX, GiveUp.EVERY_HOUR, Backoff(500, 60_000)
)
"""About a Lightning Address."""
WITHDRAW: Final = JobKind(
    "withdraw", "payout", withdrawals.JOB_PREFIX, GiveUp.EVERY_HOUR, Backoff(500, 30_000)
)
"""About a withdrawal, by its id: there until it is paid, or back on the balance."""

SEND_WEBHOOK: Final = JobKind("send_webhook", "webhook", "webhook:", GiveUp.EVERY_HOUR)
"""About an order and a topic of it."""
BOOK_COSTS: Final = JobKind("book_costs", "webhook", "book_costs", GiveUp.EVERY_HOUR)
"""There while any cost of an attempt is to be booked."""
SWEEP: Final = JobKind("sweep", "webhook", "sweep", GiveUp.EVERY_HOUR)

DISPATCH: Final[Mapping[Fulfilment, JobKind]] = {
    Fulfilment.CALL: DISPATCH_CALL,
    Fulfilment.SEND: DISPATCH_MESSAGE,
    Fulfilment.RECEIVE: DISPATCH_RECEIVING,
    Fulfilment.SPEAK: DISPATCH_SPEECH,
}
"""The job that fulfils a paid order; a top-up needs none."""

KINDS: Final = (
    DISPATCH_CALL, CHECK_CALL, HANG_UP_CALL, HANG_UP_ATTEMPT, FETCH_RECORDINGS, DISPATCH_MESSAGE,
    MESSAGE_DEADLINE, DISPATCH_RECEIVING, END_RECEIVING, RELEASE_NUMBER, MATCH_TEXTS,
    DISPATCH_SPEECH, CLOSE_HOLD,
    LOOK_AFTER_HOLDS, PAY_REFUND, PAY_REFERRAL, WITHDRAW, SEND_WEBHOOK, BOOK_COSTS,
    SWEEP,
)  # fmt: skip


def move_payouts(tx: Tx) -> None:
    """Move the payments to strangers of an earlier version out of the lane of the shop's money."""
    for kind in (PAY_REFUND, PAY_REFERRAL):
        jobs.move_to_lane(tx, kind.name, "money", kind.lane)
