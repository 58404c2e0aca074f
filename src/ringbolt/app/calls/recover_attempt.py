"""Resolve an attempt that a worker left behind after it asked the carrier, or before.

The carrier's ``Recovery`` says how: ask again with the same reference, look it up first, or wait.
A person is never called twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.attempts import ABSENT_AFTER_MS, is_surely_absent, part_is_gone
from ringbolt.app.calls.ask_carrier import ask, give_up, write_down
from ringbolt.app.calls.check_call import apply_all
from ringbolt.app.calls.render import render
from ringbolt.app.jobs import DISPATCH_CALL
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import HUNG_UP
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import AudioUnplayable, SpeechFailed, Unavailable
from ringbolt.core.outcome import Recovery
from ringbolt.store import jobs
from ringbolt.store.attempts import Asked
from ringbolt.store.calls import Attempt, AttemptState
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.voice.carrier import Accepted, SupportsCallLookup, VoiceCarrier


@dataclass(frozen=True, slots=True)
class Work:
    """An order's call and its state. ``is_unwanted``: the buyer hung up during dispatch."""

    order: Order
    attempt: Attempt | None
    now_ms: int
    asked: Asked
    is_unwanted: bool = False

    @property
    def is_late(self) -> bool:
        """Whether the order's deadline has passed."""
        return self.order.deadline_ms is not None and self.now_ms >= self.order.deadline_ms

    @property
    def may_be_placed(self) -> bool:
        """Whether the call may be requested (again)."""
        return not self.is_late and not self.is_unwanted


async def recover(shop: Shop, job: Job, work: Work, attempt: Attempt) -> None:
    """DISPATCHING: an earlier run asked, or was about to ask, and did not store the answer."""
    if attempt.state in (AttemptState.ACCEPTED, AttemptState.DONE):
        await write_down(shop, job, work.order, attempt, Accepted(""))
        return
    carrier = shop.carriers.named(attempt.carrier)
    if carrier is None:
        await _wait_or_give_up(shop, job, work, attempt, part_is_gone(attempt))
    elif carrier.recovery is Recovery.LOOKUP and isinstance(carrier, SupportsCallLookup):
        await _look_up(shop, job, work, attempt, carrier)
    elif carrier.recovery is Recovery.IDEMPOTENT and work.may_be_placed:
        await _ask_again(shop, job, carrier, work.order, attempt)
    elif work.is_unwanted:
        # Nothing will tell more than the call's events, which a call that is hung up has none of
        # if it was never placed.
        await shop.db.tx(give_up, job, work.order.id, HUNG_UP, False)
    else:
        await _wait_or_give_up(shop, job, work, attempt, "the carrier's answer is not known")


async def _look_up(
    shop: Shop, job: Job, work: Work, attempt: Attempt, carrier: VoiceCarrier
) -> None:
    assert isinstance(carrier, SupportsCallLookup)
    try:
        found = await carrier.find(attempt.ref)
    except Unavailable as error:
        await _wait_or_give_up(shop, job, work, attempt, error.message)
        return
    if found is not None:
        await write_down(shop, job, work.order, attempt, Accepted(found.carrier_id))
        await apply_all(shop, attempt.carrier, found.events)
    elif not is_surely_absent(job, attempt, work.now_ms):
        seen = {"absent": attempt.ref, "absent_ms": work.now_ms}
        why = "the carrier does not know the call (yet)"
        await shop.db.tx(jobs.retry, job, ABSENT_AFTER_MS, why, seen)
    elif not work.may_be_placed:
        await shop.db.tx(give_up, job, work.order.id, "no carrier took the call", True)
    else:
        await _ask_again(shop, job, carrier, work.order, attempt)


async def _ask_again(
    shop: Shop, job: Job, carrier: VoiceCarrier, order: Order, attempt: Attempt
) -> None:
    """There is no such call, or the same reference makes it the same call."""
    command = order.command_as(CallOrder)
    try:
        rendered = await render(
            shop, command.script(shop.policies.calls.linger_ms), command.max_play_ms
        )
    except (SpeechFailed, AudioUnplayable) as error:
        may_retry = carrier.recovery is Recovery.LOOKUP
        why = f"{error.code}: {error.message}"
        await shop.db.tx(give_up, job, order.id, why, may_retry)
        return
    job = await shop.db.tx(jobs.note, job, {})
    await ask(shop, job, carrier, order, attempt, rendered)


async def _wait_or_give_up(shop: Shop, job: Job, work: Work, attempt: Attempt, why: str) -> None:
    if not work.is_late:
        delay_ms = DISPATCH_CALL.backoff.delay_ms(job.attempts)
        await shop.db.tx(jobs.retry, job, delay_ms, why)
        return
    # The phone may have rung: the money goes back, but nothing is tried again.
    why = f"the outcome is not known: {why}"
    await shop.db.tx(give_up, job, work.order.id, why, False)
