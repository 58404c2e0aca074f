"""When a call that is paid from a balance may begin: an account has a limit of calls that begin
in a second, and of calls that are up at the same time.

Each waiting call has its own time, and its job sleeps until then: however many calls of an account
wait, only one looks for a line at a time. A call that ends wakes the account's next one, the one
that has waited longest. Accounts do not delay each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.jobs import DISPATCH_CALL
from ringbolt.app.policies import Policies
from ringbolt.core.order import PaymentMethod
from ringbolt.store import calls, jobs, rate_limits
from ringbolt.store.calls import Waiting
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order

_LOOK_MS: Final = 500
"""Between two looks of an account for a free line of the shop, which all accounts share."""
_OWN_LOOK_MS: Final = 5000
"""Between two looks of an account for a free line of its own; a call that ends wakes the next."""
_LATE_MS: Final = 2000
"""A turn that was missed by more than this, because no worker ran, has passed."""
_PACE_MS: Final = 1050
_SPACING_MS: Final = 1100
"""Turns are a little further apart than the limit requires: a late call then neither puts too many
calls into one second, nor delays those after it."""
_TURN: Final = "turn_ms"
_OWN_LINE: Final = "own_line"


@dataclass(frozen=True, slots=True)
class Pacing:
    """The limits of one account: ``at_once`` calls up, ``per_second`` begun."""

    account: str
    at_once: int
    per_second: int

    @property
    def pace_ms(self) -> int:
        """Between two calls at least."""
        return -(-_PACE_MS // self.per_second)

    @property
    def spacing_ms(self) -> int:
        """Between two turns."""
        return -(-_SPACING_MS // self.per_second)


def pacing_of(policies: Policies, order: Order) -> Pacing | None:
    """None for a call that is paid otherwise, or where limits are off."""
    if (
        not policies.limits.is_on
        or order.method is not PaymentMethod.BALANCE
        or order.account_id is None
    ):
        return None
    policy = policies.calls
    return Pacing(order.account_id, policy.account_lines, policy.account_per_second)


def may_start(tx: Tx, job: Job, order: Order, pacing: Pacing, lines: int) -> bool:
    """Whether the call may be prepared now; if not, its job comes back at its own moment.

    ``lines``: how many calls of the whole shop may be up.
    """
    due_ms = job.payload.get(_TURN)
    if due_ms is None or tx.now_ms - due_ms > _LATE_MS:
        at_ms = rate_limits.book(tx, f"turn:{pacing.account}", pacing.spacing_ms)
        if at_ms > tx.now_ms:
            _come_back(tx, job, order, at_ms, "waiting for its turn")
            return False
    if not has_line(tx, job, order, pacing, lines):
        return False
    earlier = _next(tx, pacing.account)
    if earlier is not None and (earlier.created_ms, earlier.order_id) < (
        order.created_ms,
        order.id,
    ):
        DISPATCH_CALL.bring_forward(tx, earlier.order_id, tx.now_ms)
        _come_back(tx, job, order, earlier.run_at_ms, "another call waited longer")
        return False
    return True


def has_line(tx: Tx, job: Job, order: Order, pacing: Pacing, lines: int) -> bool:
    """Whether one more call may be up; if not, the job comes back after all others that wait."""
    is_own = calls.open_of(tx, pacing.account) >= pacing.at_once
    if not is_own and calls.open_attempts(tx) < lines:
        return True
    look_ms = _OWN_LOOK_MS if is_own else _LOOK_MS
    at_ms = rate_limits.book(tx, f"turn:{pacing.account}", look_ms, look_ms)
    _come_back(tx, job, order, at_ms, "waiting for a free line", {_OWN_LINE: is_own})
    return False


def keeps_rate(tx: Tx, job: Job, order: Order, pacing: Pacing) -> bool:
    """Whether the call may begin at this moment; if not, its job comes back in the next one."""
    wait_ms = rate_limits.take(tx, f"cps:{pacing.account}", limit=1, period_ms=pacing.pace_ms)
    if wait_ms:
        _come_back(tx, job, order, tx.now_ms + wait_ms, "waiting for its turn")
    return not wait_ms


def began(tx: Tx, pacing: Pacing) -> None:
    """A line was free, and perhaps another one is: the next waiting call looks in the next turn."""
    following = _next(tx, pacing.account)
    if following is not None and following.run_at_ms > tx.now_ms + 2 * pacing.spacing_ms:
        DISPATCH_CALL.bring_forward(tx, following.order_id, tx.now_ms + pacing.spacing_ms)


def ended(tx: Tx, order: Order) -> None:
    """A call is over: the account's next one looks now, if it waits for a line of its own.

    For a line of the shop all accounts look equally often: a call that ends gives its account no
    priority.
    """
    if order.method is not PaymentMethod.BALANCE or order.account_id is None:
        return
    following = _next(tx, order.account_id)
    if following is not None and json.loads(following.payload).get(_OWN_LINE):
        DISPATCH_CALL.bring_forward(tx, following.order_id, tx.now_ms)


def _next(tx: Tx, account: str) -> Waiting | None:
    return calls.next_waiting(tx, account, DISPATCH_CALL.prefix)


def _come_back(
    tx: Tx, job: Job, order: Order, at_ms: int, why: str, more: Mapping[str, Any] | None = None
) -> None:
    """Reschedule the job, at the latest to the order's deadline, where it is given up."""
    at_ms = min(at_ms, order.deadline_ms or at_ms)
    jobs.retry(tx, job, max(0, at_ms - tx.now_ms), why, {_TURN: at_ms, **(more or {})})
