"""The limits of each part: requests a second, calls at the same time, costs of a day.

They are counted in the store, so all processes of the shop keep them together. An order that finds
its part at a limit is asked of another part that may be asked as well; if there is none, its job
comes back: at a time that is reserved for it (requests a second), or for another look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ringbolt.core.commands import CallOrder, Command, SendText
from ringbolt.core.pricing.exchange import Exchange
from ringbolt.core.pricing.part_card import PartCard
from ringbolt.core.texts import segments
from ringbolt.registry.routing import next_to_ask
from ringbolt.registry.terms import PartTerms
from ringbolt.store import calls, jobs, rate_limits, spends
from ringbolt.store.attempts import Asked
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job

_LOOK_MS: Final = 500
_LOOKS_APART_MS: Final = 25
"""Orders that wait for a line of a part look for one at different moments: not all at once."""
_SPENT_LOOK_MS: Final = 30_000
_LATE_MS: Final = 2000
"""A turn that was missed by more than this, because no worker ran, has passed."""
_PART: Final = "part"
_TURN: Final = calls.PART_TURN
_ASKED: Final = "part_asked"

CALLS: Final = "calls"
SMS: Final = "sms"
NUMBERS: Final = "numbers"
MAIL: Final = "mail"
"""The areas: the sections of the settings that parts are in."""
NO_TERMS: Final = PartTerms()


class HasTerms(Protocol):
    """A set of parts that knows what each may do and whether it bills."""

    def terms(self, name: str) -> PartTerms: ...

    def bills(self, name: str) -> bool: ...


Estimate = Callable[[PartCard], int | None]
"""The most that an order can cost by a card, msat; None if that is not known."""


def estimate_of(exchange: Exchange, command: Command) -> Estimate:
    """What the order of ``command`` can cost: a call of its longest time, all segments of a text, a
    number, an e-mail."""

    def most_msat(card: PartCard) -> int | None:
        match command:
            case CallOrder():
                most = card.call(command.to, command.max_duration_s)
            case SendText():
                most = card.units(command.to, len(segments.split(command.message)))
            case _:
                most = card.units("", 1)
        return exchange.msat(most)

    return most_msat


@dataclass(frozen=True, slots=True)
class Route:
    """The parts that may deliver an order, in the order of asking. ``area``: ``calls``, ``sms``,
    ``numbers`` or ``mail``. ``limited``: the terms of those that have limits. ``billing``: those
    whose costs are booked. ``expected_msat``: what counts for the day of those whose costs of a day
    are limited, until the cost is known."""

    area: str
    names: tuple[str, ...]
    limited: Mapping[str, PartTerms]
    billing: frozenset[str] = frozenset()
    expected_msat: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, area: str, parts: HasTerms, names: Sequence[str], estimate: Estimate) -> Route:
        terms = {name: parts.terms(name) for name in names}
        return cls(
            area,
            tuple(names),
            {name: each for name, each in terms.items() if each.is_limited},
            frozenset(name for name in names if parts.bills(name)),
            {
                name: estimate(each.card) or 0
                for name, each in terms.items()
                if each.daily_spend_msat and each.card is not None
            },
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """No part may be asked before ``at_ms`` (ms UTC). ``payload``: for the job's next run."""

    at_ms: int
    why: str
    payload: Mapping[str, Any]


def choose_part(
    tx: Tx, job: Job, route: Route, asked: Asked, until_ms: int | None
) -> str | Wait | None:
    """The part to ask now, for an order that is given up at ``until_ms``; None if none is left to
    ask. The request counts for the limits of the part that is returned."""
    names = next_to_ask(route.names, asked.times, asked.refused)
    if not names:
        return None
    if names[0] not in route.limited:
        return names[0]
    affordable = _affordable(tx, route, names)
    if not affordable:
        return _later(tx, job, _SPENT_LOOK_MS, "its carriers have cost what they may cost today")
    with_lines = _with_lines(tx, route, affordable)
    if not with_lines:
        key = f"part-look:{route.area}:{affordable[0]}"
        at_ms = rate_limits.book(tx, key, _LOOKS_APART_MS, _LOOK_MS)
        return _later(tx, job, at_ms - tx.now_ms, "all lines of its carriers are in use")
    return _in_turn(tx, job, route, with_lines, asked, until_ms)


def wait_for_part(tx: Tx, job: Job, wait: Wait, until_ms: int | None) -> None:
    """Have the job come back when the wait is over, at the latest at ``until_ms``."""
    at_ms = wait.at_ms if until_ms is None else min(wait.at_ms, until_ms)
    jobs.retry(tx, job, max(0, at_ms - tx.now_ms), wait.why, wait.payload)


def keep_turn(tx: Tx, job: Job, name: str, asked: Asked) -> Job:
    """Keep the turn at the part ``name`` while the request is prepared."""
    return jobs.note(tx, job, {**job.payload, **_turn(name, tx.now_ms, asked)})


def has_turn(tx: Tx, job: Job) -> bool:
    """Whether the job comes back for a turn at a part that has come now."""
    return _TURN in job.payload and 0 <= tx.now_ms - int(job.payload[_TURN]) <= _LATE_MS


def _turn(name: str, at_ms: int, asked: Asked) -> dict[str, Any]:
    # A turn is for one request: with the count of earlier ones it is not used for a second.
    return {_PART: name, _TURN: at_ms, _ASKED: sum(asked.times.values())}


def _affordable(tx: Tx, route: Route, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that may cost more today."""
    for name in sorted(names):
        if route.limited.get(name, NO_TERMS).daily_spend_msat:
            # As in ``_with_lines``: no two machines spend the same rest.
            rate_limits.book(tx, f"part-spend:{route.area}:{name}", 0)
    return [name for name in names if not _is_spent(tx, route, name)]


def _is_spent(tx: Tx, route: Route, name: str) -> bool:
    limit_msat = route.limited.get(name, NO_TERMS).daily_spend_msat
    if not limit_msat:
        return False
    scope = spend_scope(route.area, name)
    spent_msat = spends.sold(tx, [scope]).get(scope, 0)
    return spent_msat >= limit_msat or spent_msat + route.expected_msat.get(name, 0) > limit_msat


def spend_scope(area: str, name: str) -> str:
    """The scope of a part's costs of a day, in ``store.spends``."""
    return f"{spends.PART}{area}:{name}"


def _with_lines(tx: Tx, route: Route, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that can carry one more call."""
    bounded = {name: route.limited[name].max_calls for name in names if name in route.limited}
    full = set()
    for name in sorted(name for name, most in bounded.items() if most):
        # The row is locked until the commit: no two machines count the same free line. They lock
        # in the order of the names, or two could wait for each other.
        rate_limits.book(tx, f"part-lines:{name}", 0)
        if calls.open_at(tx, name) >= bounded[name]:
            full.add(name)
    return [name for name in names if name not in full]


def _in_turn(
    tx: Tx, job: Job, route: Route, names: Sequence[str], asked: Asked, until_ms: int | None
) -> str | Wait:
    """The first of ``names`` that may get a request at this moment, or the wait for the earliest
    turn."""
    if job.payload.get(_ASKED) == sum(asked.times.values()):
        mine, turn_ms = str(job.payload[_PART]), int(job.payload[_TURN])
        if mine in names and tx.now_ms < turn_ms:  # the job was woken before its time
            return Wait(turn_ms, _waiting_at(mine), job.payload)
        if mine in names and tx.now_ms - turn_ms <= _LATE_MS:
            return mine
    steps = {name: _step_ms(route.limited.get(name, NO_TERMS)) for name in names}
    keys = {name: f"part-turn:{route.area}:{name}" for name in names if steps[name]}
    ends = rate_limits.look(tx, list(keys.values()))
    free_ms = {name: max(tx.now_ms, ends.get(keys.get(name, ""), 0)) for name in names}
    name = min(names, key=lambda each: free_ms[each])  # of several the first
    if not steps[name]:
        return name
    if until_ms is not None and free_ms[name] > until_ms:
        return _later(tx, job, until_ms - tx.now_ms, f"{name} has no time for it any more")
    at_ms = rate_limits.book(tx, keys[name], steps[name])
    if at_ms <= tx.now_ms:
        return name
    payload = {**job.payload, **_turn(name, at_ms, asked)}
    return Wait(at_ms, _waiting_at(name), payload)


def _waiting_at(name: str) -> str:
    return f"waiting for its turn at {name}"


def _step_ms(terms: PartTerms) -> int:
    return math.ceil(1000 / terms.per_second) if terms.per_second else 0


def _later(tx: Tx, job: Job, delay_ms: int, why: str) -> Wait:
    return Wait(tx.now_ms + max(1, delay_ms), why, job.payload)
