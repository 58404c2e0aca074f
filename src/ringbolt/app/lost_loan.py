"""Find the loan that answered a lost request, at a provider that keeps no reference of ours.

It is one that fits the request and that nobody wrote down. A loan that another worker is about to
write down looks the same, so only one that still belongs to nobody after a while is taken. Loans
that fit the same requests are as good as each other: which attempt gets which does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringbolt.app.ask_for_number import answered
from ringbolt.app.close_lease import give_back_uniq
from ringbolt.app.order_request import ReceiveTexts, from_json
from ringbolt.app.shop import Shop
from ringbolt.app.take_text import CLOCKS_DIFFER_MS
from ringbolt.numbers.provider import ANY_COUNTRY, ActiveLoan
from ringbolt.store import jobs, orders, receptions
from ringbolt.store.attempts import Attempt
from ringbolt.store.db import Tx
from ringbolt.store.jobs import Job

CLAIM_AFTER_MS: Final = 15_000
"""Longer than a provider's answer is waited for: by then its loan is written down."""


def take_lost(tx: Tx, shop: Shop, job: Job, attempt: Attempt, loans: Iterable[ActiveLoan]) -> bool:
    """Whether the job was seen to: a loan was taken for ``attempt``, or is watched for a while.
    False: there is none."""
    found = _nobodys(tx, attempt, loans)
    watched = job.payload.get("watched", ()) if job.payload.get("watcher") == attempt.ref else ()
    since_ms = int(job.payload.get("watched_ms", tx.now_ms))
    left = [loan for loan in found if loan.lent.lease_id in watched]
    if left and tx.now_ms - since_ms >= CLAIM_AFTER_MS:
        answered(tx, shop, job, attempt, left[0].lent)
        return True
    if not found:
        return False
    if not left:
        since_ms, watched = tx.now_ms, [loan.lent.lease_id for loan in found]
    told = {"watcher": attempt.ref, "watched": list(watched), "watched_ms": since_ms}
    delay_ms = since_ms + CLAIM_AFTER_MS - tx.now_ms
    why = "a loan that nobody wrote down may be the one"
    jobs.retry(tx, job, delay_ms, why, {**job.payload, **told})
    return True


def _nobodys(tx: Tx, attempt: Attempt, loans: Iterable[ActiveLoan]) -> list[ActiveLoan]:
    """The loans that fit what ``attempt`` asked for and that are not written down, the oldest
    first."""
    order = orders.by_id(tx, attempt.order_id)
    assert order is not None
    wanted = from_json(order.request, ReceiveTexts)
    earliest_ms = attempt.created_ms - CLOCKS_DIFFER_MS
    fitting = [loan for loan in loans if _fits(wanted, loan) and loan.from_ms >= earliest_ms]
    unknown = [loan for loan in fitting if not _is_known(tx, attempt.carrier, loan.lent.lease_id)]
    return sorted(unknown, key=lambda loan: loan.from_ms)


def _fits(wanted: ReceiveTexts, loan: ActiveLoan) -> bool:
    return (
        loan.service == wanted.service
        and loan.hours == wanted.hours
        and wanted.country in (ANY_COUNTRY, loan.lent.country)
        and (not wanted.again or loan.lent.number == wanted.again)
    )


def _is_known(tx: Tx, provider: str, loan_id: str) -> bool:
    """Whether an order has or had it, or it is about to be given back."""
    return receptions.lease_of_provider(tx, provider, loan_id) is not None or jobs.exists(
        tx, give_back_uniq(provider, loan_id)
    )
