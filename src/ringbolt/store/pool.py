"""The operator's own numbers and their loans.

A number has one open loan at most, rests after each, and is not lent for the same service again
for months: the service may still know it as the former buyer's. Only who asks for that very number
gets it for the service once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.text_tables import pool_lease, pool_number

REST_MS: Final = 10 * 60_000
"""After a loan, so that a late text does not come to the next borrower."""
SAME_SERVICE_MS: Final = 90 * 24 * 3_600_000
ANY_COUNTRY: Final = 999
FORGET_BATCH: Final = 500
_CANDIDATES: Final = 50
"""Tried in turn, when other machines take the first of them at the same moment."""


@dataclass(frozen=True, slots=True)
class PoolNumber:
    """``removed_ms``: since when it is not lent any more; None if it is."""

    number: str
    country: int
    label: str
    added_ms: int
    removed_ms: int | None


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
    """``total`` numbers are free; ``used[service]`` of them had that service too lately."""

    total: int
    used: Mapping[str, int]


def add(tx: Tx, number: str, country: int, label: str = "") -> bool:
    """Take a number (E.164) into the pool, or back into it; False if it is there already."""
    new = {"number": number, "country": country, "label": label}
    if insert_new(tx, pool_number, **new, added_ms=tx.now_ms):
        return True
    values = {"number_": number, "country_": country, "label_": label}
    return tx.run(_RESTORE, values).rowcount == 1


def remove(tx: Tx, number: str) -> bool:
    """Lend it no more; a loan that goes on does. False if it is not there."""
    return tx.run(_REMOVE, {"number_": number, "now_": tx.now_ms}).rowcount == 1


def listing(tx: Tx) -> list[PoolNumber]:
    """Every number that is in the pool, in order."""
    return [PoolNumber(**row) for row in tx.run(_LISTING).mappings()]


def countries(tx: Tx) -> tuple[int, ...]:
    """Where the numbers are, free or not, in rising order."""
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
    """Lend a free number for ``duration_ms``, the one that rested longest; None if there is none.

    Asked again with the same ``ref``, the answer is the same loan, even if it is over. ``again``:
    this very number; the rules about the same service do not hold for it.
    """
    lease = by_ref(tx, ref)
    if lease is not None:
        return lease
    end_overdue(tx)  # an overdue loan still holds the number's one place for an open one
    new = {"ref": ref, "service": service, "from_ms": tx.now_ms}
    for number in _lendable(tx, service, country, avoid, again):
        # Another machine may lend the same number, or for the same reference, at this moment.
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
    """Whether ``lend`` would give that very number ``again``."""
    end_overdue(tx)
    return bool(_lendable(tx, service, ANY_COUNTRY, frozenset(), number))


def by_ref(tx: Tx, ref: str) -> PoolLease | None:
    row = tx.run(_BY_REF, {"ref_": ref}).mappings().first()
    return None if row is None else PoolLease(**row)


def end(tx: Tx, ref: str) -> bool:
    """End a loan now; False if it is over or unknown."""
    return tx.run(_END, {"ref_": ref, "now_": tx.now_ms}).rowcount == 1


def end_overdue(tx: Tx) -> int:
    """End the loans whose time is up, as of that time; how many."""
    return tx.run(_END_OVERDUE, {"now_": tx.now_ms}).rowcount


def forget(tx: Tx) -> int:
    """Remove loans that no rule asks about any more, ``FORGET_BATCH`` at most; how many."""
    end_overdue(tx)
    return tx.run(_FORGET, {"before_": tx.now_ms - SAME_SERVICE_MS}).rowcount


def free(tx: Tx, country: int) -> FreeNumbers:
    """What could be lent now in ``country`` (999: anywhere)."""
    values = {"country_": country, **_limits(tx)}
    total = tx.run(_FREE_TOTAL, {name: values[name] for name in values if name != "forgotten_"})
    used = {row.service: row.n for row in tx.run(_FREE_USED, values)}
    return FreeNumbers(total.scalar_one(), used)


class DatabasePool:
    """The pool as whoever lends its numbers sees it, a transaction a call."""

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
    return {"rested_": tx.now_ms - REST_MS, "forgotten_": tx.now_ms - SAME_SERVICE_MS}


# Built once: building a statement costs more than running it.
_number, _lease, _other = pool_number.c, pool_lease.c, pool_lease.alias("other").c
_of_number = _lease.number == _number.number
_open = _lease.ended_ms.is_(None)
_there = _number.removed_ms.is_(None)
_any_or_this = bindparam("country_", type_=Integer)
_in_country = or_(_any_or_this == ANY_COUNTRY, _number.country == _any_or_this)
# These are about all loans of a number, beside the one that a statement may be about.
_had = exists().where(_other.number == _number.number)


def _over_after(name: str) -> ColumnElement[bool]:
    """Loans that ended after a time, or go on; told so that a long history is not read."""
    since = bindparam(name, type_=_other.ended_ms.type)
    return or_(_other.ended_ms > since, and_(_other.ended_ms.is_(None), _other.until_ms > since))


_rests = _over_after("rested_")
_same_service = _other.service == bindparam("service_")
_is_free = and_(_there, _in_country, not_(_had.where(_rests)))
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
# The last text of this service is this buyer's own, so the number need not rest after its loan.
_AGAIN = select(_number.number).where(
    _there,
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
_LISTING = select(pool_number).where(_there).order_by(_number.number)
_REMOVE = (
    update(pool_number)
    .where(_number.number == bindparam("number_"), _there)
    .values(removed_ms=bindparam("now_"))
)
_RESTORE = (
    update(pool_number)
    .where(_number.number == bindparam("number_"), not_(_there))
    .values(removed_ms=None, country=bindparam("country_"), label=bindparam("label_"))
)
