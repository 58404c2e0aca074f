"""Resolve an attempt to send whose answer was not stored.

The carrier's ``Recovery`` says how: ask again with the same reference, look it up first, or wait
for a receipt until the deadline. Nothing is sent twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.attempts import ABSENT_AFTER_MS, is_surely_absent, part_is_gone
from ringbolt.app.jobs import DISPATCH_MESSAGE
from ringbolt.app.messages.ask_to_send import ask, give_up, is_late, out_sms, record_mailed
from ringbolt.app.messages.record_receipt import record_answer, record_receipt
from ringbolt.app.policies import SettleOn
from ringbolt.app.shop import Shop
from ringbolt.core.commands import SendText
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderKind
from ringbolt.core.outcome import Recovery
from ringbolt.mail.mailer import Mailer, SupportsMailLookup
from ringbolt.sms.carrier import (
    OpenText,
    SmsCarrier,
    SmsSnapshot,
    SupportsSmsLookup,
    SupportsSmsPolling,
    SupportsSmsSearch,
)
from ringbolt.store import jobs, messages
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order

UNLISTED_AFTER_MS = 30_000
"""As ``ABSENT_AFTER_MS``, for a carrier whose list of messages is searched: it may lag behind."""
Found = SmsSnapshot | str
"""What a carrier knows of a text, or a mail server's name for an e-mail."""


@dataclass(frozen=True, slots=True)
class Work:
    """``is_fresh``: the intent was just stored, and no carrier has been asked yet."""

    order: Order
    attempt: Attempt
    now_ms: int
    is_fresh: bool = False

    @property
    def is_late(self) -> bool:
        return is_late(self.order, self.now_ms)


async def recover(shop: Shop, job: Job, work: Work) -> None:
    """An earlier run asked, or was about to ask, and did not store the answer."""
    part = part_of(shop, work.order, work.attempt)
    if part is None:
        part_is_gone(work.attempt)
        await shop.db.tx(jobs.finish, job)  # its deadline returns the money
        return
    recovery = part.recovery
    if recovery is Recovery.LOOKUP:
        await _look_up(shop, job, work)
    elif recovery is Recovery.IDEMPOTENT and not work.is_late:
        await ask(shop, job, work.order, work.attempt)
    else:  # a receipt may still come; if none does, the deadline returns the money
        await shop.db.tx(jobs.finish, job)


def part_of(shop: Shop, order: Order, attempt: Attempt) -> Mailer | SmsCarrier | None:
    """The carrier or mail server that was asked; None if it is gone from the settings."""
    if order.kind is OrderKind.EMAIL:
        return shop.mailers.named(attempt.carrier)
    return shop.sms_carriers.named(attempt.carrier)


async def find(shop: Shop, order: Order, attempt: Attempt) -> Found | None:
    """What the carrier of ``attempt`` knows under our reference; None if it never accepted the
    message, cannot look it up, or is gone from the settings. Raises ``Unavailable``."""
    part: object = part_of(shop, order, attempt)
    if part is None:
        part_is_gone(attempt)
    if isinstance(part, SupportsMailLookup | SupportsSmsLookup):
        return await part.find(attempt.ref)
    if isinstance(part, SupportsSmsPolling):
        known = await shop.db.read(messages.parts_of, attempt.id)
        if known:
            text = OpenText(attempt.ref, tuple(each.part_id for each in known))
            return SmsSnapshot(text.ref, text.part_ids, tuple(await part.poll([text])))
    if isinstance(part, SupportsSmsSearch):
        return await _search(shop, part, order, attempt)
    return None


async def _search(
    shop: Shop, carrier: SupportsSmsSearch, order: Order, attempt: Attempt
) -> SmsSnapshot | None:
    """The oldest text like ours that no other attempt has. Raises ``Unavailable``."""
    text = out_sms(shop, order.command_as(SendText), attempt)
    for found in await carrier.search(text, attempt.created_ms):
        if not await shop.db.read(_is_anothers, attempt, found):
            return found
    return None


def _is_anothers(tx: Tx, attempt: Attempt, found: Found) -> bool:
    """Whether another attempt has one of these texts: a search finds all that are alike."""
    if isinstance(found, str):
        return False
    named = [messages.part_named(tx, attempt.carrier, part_id) for part_id in found.part_ids]
    return any(each is not None and each[0].attempt_id != attempt.id for each in named)


def is_surely_ours(tx: Tx, part: object, attempt: Attempt, found: Found) -> bool:
    """Whether what a search found is still no other attempt's; nobody else can take it until the
    commit. What was found under our reference is always ours."""
    if isinstance(found, str) or not isinstance(part, SupportsSmsSearch):
        return True
    messages.claim_names(tx, attempt.carrier, found.part_ids)
    return not _is_anothers(tx, attempt, found)


def record_found(tx: Tx, attempt: Attempt, found: Found, settle_on: SettleOn) -> None:
    """Write down what was found; harmless if it is known."""
    if isinstance(found, str):
        record_mailed(tx, attempt, found)
        return
    record_answer(tx, attempt.order_id, attempt.ref, attempt.carrier, found.part_ids, settle_on)
    for receipt in found.receipts:
        record_receipt(tx, attempt.carrier, receipt, settle_on)


async def _look_up(shop: Shop, job: Job, work: Work) -> None:
    attempt = work.attempt
    try:
        found = await find(shop, work.order, attempt)
    except Unavailable as error:
        await shop.db.tx(_look_again, job, work, error.message)
        return
    part = part_of(shop, work.order, attempt)
    is_searched = isinstance(part, SupportsSmsSearch)
    absent_after_ms = UNLISTED_AFTER_MS if is_searched else ABSENT_AFTER_MS
    if found is not None:
        settle_on = shop.policies.messages.settles_on(attempt.carrier)
        await shop.db.tx(_found, job, attempt, found, settle_on, part)
    elif not is_surely_absent(job, attempt, work.now_ms, absent_after_ms):
        seen = {"absent": attempt.ref, "absent_ms": work.now_ms}
        why = "it is not known there (yet)"
        await shop.db.tx(jobs.retry, job, absent_after_ms, why, seen)
    elif work.is_late:
        await shop.db.tx(_give_up, job, attempt.order_id)
    else:
        job = await shop.db.tx(jobs.note, job, {})
        await ask(shop, job, work.order, attempt)


def _look_again(tx: Tx, job: Job, work: Work, why: str) -> None:
    if work.is_late:  # the deadline's job looks once more, and decides
        jobs.finish(tx, job)
    else:
        jobs.retry(tx, job, DISPATCH_MESSAGE.backoff.delay_ms(job.attempts), why)


def _found(
    tx: Tx, job: Job, attempt: Attempt, found: Found, settle_on: SettleOn, part: object
) -> None:
    if not is_surely_ours(tx, part, attempt, found):
        jobs.retry(tx, job, 1000, "the text that was found is that of another order")
        return
    jobs.finish(tx, job)
    record_found(tx, attempt, found, settle_on)


def _give_up(tx: Tx, job: Job, order_id: str) -> None:
    jobs.finish(tx, job)
    give_up(tx, order_id, "it could not be sent in time")
