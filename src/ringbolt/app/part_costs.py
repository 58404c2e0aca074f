"""What attempts cost: recorded as parts tell it, booked once it is known.

Nothing waits for a cost. What a part tells with an event, an answer or a receipt is recorded in the
same transaction; one job converts and books it afterwards, asks parts that know it only later, and
falls back on the operator's card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from ringbolt.app import part_limits
from ringbolt.app.jobs import BOOK_COSTS
from ringbolt.app.part_limits import NUMBERS, Route, spend_scope
from ringbolt.app.shop import Shop
from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.errors import Unavailable
from ringbolt.core.part_checks import SupportsCostLookup
from ringbolt.core.pricing.amount import SATS, Amount
from ringbolt.core.pricing.exchange import Exchange
from ringbolt.core.pricing.part_card import PartCard
from ringbolt.store import attempts, jobs, ledger, part_costs, spends
from ringbolt.store.attempts import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.part_costs import AttemptCost, DueCost

log = structlog.get_logger("ringbolt.costs")

EVERY_MS: Final = 10_000
"""How long a cost may wait to be booked."""
_AT_ONCE: Final = 200
_MINUTE_MS: Final = 60_000
LOOKUPS_MS: Final = (
    30_000,
    *(minutes * _MINUTE_MS for minutes in (2, 10, 30, 60, 180, 360, 780)),
)
"""How long after the end of an attempt, and then after the last time, its part is asked for its
cost: for a day."""


class _Text(msgspec.Struct):
    to: str = ""


_decode = msgspec.json.Decoder(_Text).decode


def begin_cost(tx: Tx, route: Route, made: Attempt) -> None:
    """The intent to ask a part was just stored: if it bills, its cost is going to be booked."""
    if made.carrier not in route.billing:
        return
    expected_msat = route.expected_msat.get(made.carrier, 0)
    part_costs.begin(tx, made, route.area, expected_msat)
    if expected_msat:
        spends.add(tx, [spend_scope(route.area, made.carrier)], expected_msat, made.order_id)
    BOOK_COSTS.enqueue(tx, run_at_ms=tx.now_ms + EVERY_MS)


def tell_cost(tx: Tx, made: Attempt, area: str, amount: Amount | None, n: int = 0) -> None:
    """The part told what the attempt costs, or (``n`` from 1) one segment of it."""
    if amount is not None and part_costs.tell(tx, made, area, {n: amount}):
        BOOK_COSTS.enqueue(tx, run_at_ms=tx.now_ms + EVERY_MS)


async def book_costs(shop: Shop, job: Job) -> None:
    """The job: book what is known by now. It comes back as long as any cost is open."""
    while True:
        found = await shop.db.read(part_costs.due, _AT_ONCE)
        for each in found:
            await _look_at(shop, each)
        if len(found) < _AT_ONCE:
            break
    await shop.db.tx(_come_back, job)


def schedule(tx: Tx) -> None:
    """Make sure that open costs are looked at; harmless if they are."""
    if part_costs.next_due_ms(tx) is not None:
        BOOK_COSTS.enqueue(tx, run_at_ms=tx.now_ms)


def _come_back(tx: Tx, job: Job) -> None:
    next_ms = part_costs.next_due_ms(tx)
    if next_ms is None:
        jobs.finish(tx, job)
    else:
        jobs.retry(tx, job, max(EVERY_MS, next_ms - tx.now_ms), "")


@dataclass(frozen=True, slots=True)
class _Known:
    """``source``: ``told``, ``card`` or ``none``; ``amount`` None: nobody knows it."""

    source: str
    amount: Amount | None


async def _look_at(shop: Shop, due: DueCost) -> None:
    known = await _known(shop, due)
    if known is not None:
        await shop.db.tx(_book, due, known, shop.policies.exchange)


async def _known(shop: Shop, due: DueCost) -> _Known | None:
    """What the attempt costs; None if its part may tell it later, or has told it just now."""
    if _is_free(due):
        return _Known("none", Amount(0, SATS))
    total = due.cost.total
    if total is not None:
        return _Known("told", total)
    if not due.cost.told and due.finished_ms is not None and await _is_awaited(shop, due):
        return None
    amount = _by_card(shop.parts_of(due.cost.area).terms(due.cost.part).card, due)
    return _Known("none" if amount is None else "card", amount)


def _is_free(due: DueCost) -> bool:
    """A part takes nothing for what it refused or never had, nor for a number without a text."""
    if due.cost.area == NUMBERS:
        return not due.is_used
    return not due.cost.told and (due.state is AttemptState.REJECTED or not due.is_accepted)


async def _is_awaited(shop: Shop, due: DueCost) -> bool:
    """Ask the part, if it tells costs later than other things. Whether it may still tell it, or has
    told it now."""
    cost = due.cost
    part: object = shop.parts_of(cost.area).named(cost.part)
    if not isinstance(part, SupportsCostLookup):
        return False
    if cost.lookups:
        try:
            amount = await part.cost_of(due.ref, due.carrier_id)
        except Unavailable as error:
            log.info("a part could not be asked for a cost", part=cost.part, why=error.message)
            amount = None
        if amount is not None and await shop.db.tx(_found, cost, amount):
            return True
    if cost.lookups >= len(LOOKUPS_MS):
        return False
    from_ms = due.finished_ms if due.finished_ms and not cost.lookups else shop.clock.now_ms()
    due_ms, lookups = from_ms + LOOKUPS_MS[cost.lookups], cost.lookups + 1
    await shop.db.tx(_look_later, cost.attempt_id, due_ms, lookups)
    return True


def _look_later(tx: Tx, attempt_id: str, due_ms: int, lookups: int) -> None:
    part_costs.change(tx, attempt_id, due_ms=due_ms, lookups=lookups)


def _found(tx: Tx, cost: AttemptCost, amount: Amount) -> bool:
    made = attempts.by_id(tx, cost.attempt_id)
    assert made is not None, "an attempt is never removed"
    return part_costs.tell(tx, made, cost.area, {part_costs.WHOLE: amount})


def _by_card(card: PartCard | None, due: DueCost) -> Amount | None:
    if card is None:
        return None
    match due.cost.area:
        case part_limits.CALLS:
            return card.call(due.to, -(-due.talked_ms // 1000))
        case part_limits.SMS:
            return card.units(_decode(due.request).to, due.segments)
        case part_limits.NUMBERS:
            return card.units(due.number, 1)
        case _:
            return card.units("", 1)


def _book(tx: Tx, due: DueCost, known: _Known, exchange: Exchange) -> None:
    """Book what the cost differs from what is booked, and count it for the day of its part."""
    cost = part_costs.of_attempt(tx, due.cost.attempt_id, lock=True)
    if cost is None or cost.told != due.cost.told:
        return  # the part told something meanwhile: the job comes back for it
    msat = exchange.msat(known.amount)
    bookings = cost.bookings + _post(tx, cost, (msat or 0) - (cost.msat or 0))
    _count(tx, cost, (msat or 0) - cost.expected_msat)
    part_costs.change(
        tx,
        cost.attempt_id,
        source=known.source,
        currency=known.amount.currency if known.amount else "",
        micros=known.amount.micros if known.amount else None,
        msat=msat,
        bookings=bookings,
        expected_msat=msat or 0,
        open=0,
    )
    if known.amount is None or known.amount.micros:
        told = str(known.amount or "not known")
        log.info(
            "cost",
            order=cost.order_id[:12],
            part=cost.part,
            cost=told,
            source=known.source,
            msat=msat,
        )


def _post(tx: Tx, cost: AttemptCost, more_msat: int) -> int:
    """Book a difference; how many bookings that takes."""
    if not more_msat:
        return 0
    owed = chart.account_of_part(f"{cost.area}:{cost.part}")
    ledger.ensure_account(tx, chart.PARTS_COST, "expense", stored=False)
    ledger.ensure_account(tx, owed, "liability", stored=False)
    is_more = more_msat > 0
    ledger.post(
        tx,
        idem=chart.part_cost_idem(f"{cost.attempt_id}:{cost.bookings + 1}"),
        debit=chart.PARTS_COST if is_more else owed,
        credit=owed if is_more else chart.PARTS_COST,
        amount_msat=abs(more_msat),
        kind=chart.PART_COST if is_more else chart.PART_COST_BACK,
        order_id=cost.order_id,
    )
    return 1


def _count(tx: Tx, cost: AttemptCost, more_msat: int) -> None:
    scope = spend_scope(cost.area, cost.part)
    if more_msat > 0:
        spends.add(tx, [scope], more_msat, cost.order_id)
    elif more_msat < 0:
        spends.uncount(tx, [scope], -more_msat, cost.order_id, cost.created_ms)
