"""The operator's own numbers and their leases.

A number has at most one open lease. After a lease it rests (``REST_MS``), and it is not leased for
the same service again for ``SAME_SERVICE_MS``, because the service may still link the number to
the former buyer's account. The exception is a former holder who asks for exactly that number.

A number whose telephone is **watched** is not leased while that is silent, and rests when it comes
back: its texts of the meantime come first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.metadata import Int64
from ringbolt.store.schema.text_tables import pool_lease, pool_number

REST_MS: Final = 10 * 60_000
"""How long a number rests after a lease, so that a late text does not reach the next buyer."""
SAME_SERVICE_MS: Final = 90 * 24 * 3_600_000
ALIVE_MS: Final = 5 * 60_000
"""How long a watched telephone may be silent. It gives a sign of life every minute."""
ANY_COUNTRY: Final = 999
FORGET_BATCH: Final = 500
_CANDIDATES: Final = 50
"""Free numbers to try in turn: other machines may lease the first ones at the same moment."""


@dataclass(frozen=True, slots=True)
class PoolNumber:
    """``number`` in E.164; all times are ms UTC. ``removed_ms``: when it left the pool, None while
    in it. ``watched_by``: the carrier of its telephone, '' if none watches it.
    ``alive_until_ms``: it counts as silent from then on, 0 if its telephone was never heard, None
    if it is not watched. ``back_ms``: when it was heard again after a silence, None if never."""

    number: str
    country: int
    label: str
    added_ms: int
    removed_ms: int | None
    watched_by: str
    alive_until_ms: int | None
    back_ms: int | None

    def is_silent(self, now_ms: int) -> bool:
        return self.alive_until_ms is not None and self.alive_until_ms <= now_ms


@dataclass(frozen=True, slots=True)
class PoolLease:
    ref: str
    number: str
    country: int
    service: str
    from_ms: int
    until_ms: int
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class FreeNumbers:
    """``total`` numbers are free; ``used[service]`` of them cannot be leased for that service,
    because they were leased for it within ``SAME_SERVICE_MS``."""

    total: int
    used: Mapping[str, int]


def add(tx: Tx, number: str, country: int, label: str = "") -> bool:
    """Add a number (E.164) to the pool, or restore a removed one; False if it is in the pool."""
    new = {"number": number, "country": country, "label": label}
    if insert_new(tx, pool_number, **new, added_ms=tx.now_ms):
        return True
    values = {"number_": number, "country_": country, "label_": label}
    return tx.run(_RESTORE, values).rowcount == 1


def remove(tx: Tx, number: str) -> bool:
    """Remove a number from the pool; an open lease goes on. False if it is not in the pool."""
    return tx.run(_REMOVE, {"number_": number, "now_": tx.now_ms}).rowcount == 1


def listing(tx: Tx) -> list[PoolNumber]:
    """Every number in the pool, sorted."""
    return [PoolNumber(**row) for row in tx.run(_LISTING).mappings()]


def watch(tx: Tx, numbers: Collection[str], carrier: str) -> None:
    """From now on, lend these numbers only as long as ``heard`` is called for them."""
    if numbers:
        tx.run(_WATCH, {"numbers_": sorted(numbers), "by_": carrier})


def heard(tx: Tx, numbers: Collection[str], carrier: str) -> None:
    """The telephones of these numbers gave a sign of life to the ``carrier`` that watches them."""
    now_ms = tx.now_ms
    values = {"numbers_": sorted(numbers), "by_": carrier}
    tx.run(_HEARD, {**values, "now_": now_ms, "until_": now_ms + ALIVE_MS})


def states(tx: Tx) -> list[tuple[PoolNumber, str]]:
    """Every number in the pool, sorted, with ``ready``, ``leased``, ``resting`` or ``silent``."""
    last = {row.number: row for row in tx.run(_LAST_LEASES)}
    return [(entry, _state(entry, last.get(entry.number), tx.now_ms)) for entry in listing(tx)]


def _state(entry: PoolNumber, lease: Any, now_ms: int) -> str:
    if lease is not None and lease.open_until_ms is not None and lease.open_until_ms > now_ms:
        return "leased"
    if entry.is_silent(now_ms):
        return "silent"
    ended_ms = 0 if lease is None else max(lease.ended_ms or 0, lease.open_until_ms or 0)
    rests = now_ms - max(ended_ms, entry.back_ms or 0) < REST_MS
    return "resting" if rests else "ready"


def has(tx: Tx, number: str) -> bool:
    """Whether a number is in the pool."""
    return tx.run(_HAS, {"number_": number}).first() is not None


def countries(tx: Tx) -> tuple[int, ...]:
    """The country ids of all numbers in the pool, free or leased, in ascending order."""
    return tuple(tx.run(_COUNTRIES).scalars())


def acquire(
    tx: Tx,
    ref: str,
    service: str,
    country: int,
    duration_ms: int,
    avoid: Set[str] = frozenset(),
    again: str = "",
) -> PoolLease | None:
    """Lease a free number for ``duration_ms``, the one unused longest; None if none is free.

    Idempotent: the same ``ref`` returns the same lease, even if that has ended. ``avoid``: numbers
    not to lease. ``again``: lease exactly this number, which may have had the service before.
    """
    lease = by_ref(tx, ref)
    if lease is not None:
        return lease
    # An overdue lease that is not ended yet still occupies the unique index on open leases.
    end_overdue(tx)
    new = {"ref": ref, "service": service, "from_ms": tx.now_ms}
    for number in _lendable(tx, service, country, avoid, again):
        # Insert and see, not look and insert: another machine may lease the same number, or for
        # the same ``ref``, at this moment. The unique indexes decide who gets it.
        if insert_new(tx, pool_lease, **new, number=number, until_ms=tx.now_ms + duration_ms):
            break
    return by_ref(tx, ref)


def _lendable(tx: Tx, service: str, country: int, avoid: Set[str], again: str) -> Sequence[str]:
    values: dict[str, Any] = {"service_": service, **_limits(tx)}
    if again:
        del values["forgotten_"]
        return tx.run(_AGAIN, {**values, "again_": again}).scalars().all()
    wanted = {"country_": country, "avoid_": sorted(avoid)}
    return tx.run(_FREE_FOR, values | wanted).scalars().all()


def has_again(tx: Tx, number: str, service: str) -> bool:
    """Whether ``acquire`` with ``again=number`` would lease that number for ``service`` now."""
    end_overdue(tx)
    return bool(_lendable(tx, service, ANY_COUNTRY, frozenset(), number))


def has_free(tx: Tx, service: str, country: int) -> bool:
    """Whether ``acquire`` would lease a number for ``service`` in ``country`` now; only reads."""
    return bool(_lendable(tx, service, country, frozenset(), ""))


def by_ref(tx: Tx, ref: str) -> PoolLease | None:
    row = tx.run(_BY_REF, {"ref_": ref}).mappings().first()
    return None if row is None else PoolLease(**row)


def end(tx: Tx, ref: str) -> bool:
    """End a lease now; False if it has ended already or is unknown."""
    return tx.run(_END, {"ref_": ref, "now_": tx.now_ms}).rowcount == 1


def end_overdue(tx: Tx) -> int:
    """End the leases past their ``until_ms``, with that as the end; returns how many."""
    return tx.run(_END_OVERDUE, {"now_": tx.now_ms}).rowcount


def forget(tx: Tx) -> int:
    """Delete up to ``FORGET_BATCH`` leases older than ``SAME_SERVICE_MS``, which no rule needs;
    returns how many."""
    end_overdue(tx)
    return tx.run(_FORGET, {"before_": tx.now_ms - SAME_SERVICE_MS}).rowcount


def free(tx: Tx, country: int) -> FreeNumbers:
    """How many numbers could be leased now in ``country`` (``ANY_COUNTRY``: anywhere)."""
    values = {"country_": country, **_limits(tx)}
    total = tx.run(_FREE_TOTAL, {name: values[name] for name in values if name != "forgotten_"})
    used = {row.service: row.n for row in tx.run(_FREE_USED, values)}
    return FreeNumbers(total.scalar_one(), used)


class DatabasePool:
    """The pool for use outside a transaction: each method runs a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(
        self,
        ref: str,
        service: str,
        country: int,
        duration_ms: int,
        avoid: Set[str] = frozenset(),
        again: str = "",
    ) -> PoolLease | None:
        return await self._database.tx(acquire, ref, service, country, duration_ms, avoid, again)

    async def find(self, ref: str) -> PoolLease | None:
        return await self._database.tx(_find, ref)

    async def has_again(self, number: str, service: str) -> bool:
        return await self._database.tx(has_again, number, service)

    async def has_free(self, service: str, country: int) -> bool:
        return await self._database.read(has_free, service, country)

    async def end(self, ref: str) -> None:
        await self._database.tx(end, ref)

    async def countries(self) -> tuple[int, ...]:
        return await self._database.read(countries)

    async def free(self, country: int) -> FreeNumbers:
        return await self._database.read(free, country)


def _find(tx: Tx, ref: str) -> PoolLease | None:
    end_overdue(tx)
    return by_ref(tx, ref)


def _limits(tx: Tx) -> dict[str, int]:
    return {
        "now_": tx.now_ms,
        "rested_": tx.now_ms - REST_MS,
        "forgotten_": tx.now_ms - SAME_SERVICE_MS,
    }


# Built once: building a statement costs more than running it.
_number, _lease, _other = pool_number.c, pool_lease.c, pool_lease.alias("other").c
_of_number = _lease.number == _number.number
_open = _lease.ended_ms.is_(None)
_there = _number.removed_ms.is_(None)
_any_or_this = bindparam("country_", type_=Integer)
_in_country = or_(_any_or_this == ANY_COUNTRY, _number.country == _any_or_this)
# An alias, because these conditions look at all leases of a number, while the statement around
# them may already select one lease from the same table.
_had = exists().where(_other.number == _number.number)


def _over_after(name: str) -> ColumnElement[bool]:
    """Leases that ended after the time in parameter ``name``, or are still open.

    Two plain comparisons instead of one on ``coalesce(ended_ms, until_ms)``, which no index
    serves: a number's long history would be read each time.
    """
    since = bindparam(name, type_=_other.ended_ms.type)
    return or_(_other.ended_ms > since, and_(_other.ended_ms.is_(None), _other.until_ms > since))


_rests = _over_after("rested_")
_same_service = _other.service == bindparam("service_")
_is_alive = and_(
    or_(_number.alive_until_ms.is_(None), _number.alive_until_ms > bindparam("now_")),
    or_(_number.back_ms.is_(None), _number.back_ms <= bindparam("rested_")),
)
_is_free = and_(_there, _is_alive, _in_country, not_(_had.where(_rests)))
_last_ended_ms = (
    select(func.max(_other.ended_ms)).where(_other.number == _number.number).scalar_subquery()
)

_FREE_FOR = (
    select(_number.number)
    .where(
        _is_free,
        _number.number.not_in(bindparam("avoid_", expanding=True)),
        not_(_had.where(_same_service, _over_after("forgotten_"))),
    )
    .order_by(func.coalesce(_last_ended_ms, 0), _number.number)
    .limit(_CANDIDATES)
)
# For a former holder. Late texts of this service would be the buyer's own anyway, so the number
# need not rest after a lease for the same service. It must after one for another service, and must
# not be leased at present.
_AGAIN = select(_number.number).where(
    _there,
    _is_alive,
    _number.number == bindparam("again_"),
    not_(_had.where(_rests, or_(_other.ended_ms.is_(None), not_(_same_service)))),
)
_LEASES = select(pool_lease, _number.country).join(pool_number, _of_number)
_BY_REF = _LEASES.where(_lease.ref == bindparam("ref_"))
_END = (
    update(pool_lease)
    .where(_lease.ref == bindparam("ref_"), _open)
    .values(ended_ms=bindparam("now_"))
)
_END_OVERDUE = (
    update(pool_lease)
    .where(_open, _lease.until_ms <= bindparam("now_"))
    .values(ended_ms=_lease.until_ms)
)
_FORGET = pool_lease.delete().where(
    _lease.ref.in_(
        select(_lease.ref).where(_lease.ended_ms <= bindparam("before_")).limit(FORGET_BATCH)
    )
)
_FREE_TOTAL = select(func.count()).select_from(pool_number).where(_is_free)
_FREE_USED = (
    select(_lease.service, func.count(_number.number.distinct()).label("n"))
    .join(pool_number, _of_number)
    .where(_is_free, func.coalesce(_lease.ended_ms, _lease.until_ms) > bindparam("forgotten_"))
    .group_by(_lease.service)
)
_COUNTRIES = select(_number.country).where(_there).distinct().order_by(_number.country)
_LAST_LEASES = select(
    _lease.number,
    func.max(_lease.ended_ms).label("ended_ms"),
    func.max(case((_open, _lease.until_ms))).label("open_until_ms"),
).group_by(_lease.number)
_LISTING = select(pool_number).where(_there).order_by(_number.number)
_HAS = select(_number.number).where(_number.number == bindparam("number_"), _there)
_OF_THESE = _number.number.in_(bindparam("numbers_", expanding=True))
_WATCH = (
    update(pool_number)
    .where(_OF_THESE, or_(_number.alive_until_ms.is_(None), _number.watched_by != bindparam("by_")))
    .values(watched_by=bindparam("by_"), alive_until_ms=func.coalesce(_number.alive_until_ms, 0))
)
_HEARD = (
    update(pool_number)
    .where(_OF_THESE)
    .values(
        watched_by=bindparam("by_"),
        alive_until_ms=bindparam("until_"),
        back_ms=case(
            (
                _number.alive_until_ms.between(1, bindparam("now_")),
                bindparam("now_", type_=Int64),
            ),
            else_=_number.back_ms,
        ),
    )
)
_REMOVE = (
    update(pool_number)
    .where(_number.number == bindparam("number_"), _there)
    .values(removed_ms=bindparam("now_"))
)
_RESTORE = (
    update(pool_number)
    .where(_number.number == bindparam("number_"), not_(_there))
    .values(
        removed_ms=None,
        country=bindparam("country_"),
        label=bindparam("label_"),
        watched_by="",
        alive_until_ms=None,
        back_ms=None,
    )
)
