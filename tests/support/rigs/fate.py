"""A process that may die, or stand still, at any outside effect.

Everything that has an effect outside of the process (a commit, a request to a carrier or a node) is
a numbered boundary: a ``Fate`` lets the process die right before or right after the n-th of them,
or stop there until it is told to go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec, TypeVar

from ringbolt.store.engine.db import Database, Dialect, Handover, Report, Subscription, Tx

P = ParamSpec("P")
T = TypeVar("T")


class Died(BaseException):
    """The process is no more; nothing of it runs on."""


@dataclass
class Fate:
    """What happens to a process at its ``at``-th outside effect (from 1; 0: nothing ever).

    ``kind``: ``before`` or ``after`` it dies; ``pause`` it stands still right before it, until
    ``go_on`` is set. ``seen`` names the effects so far.
    """

    at: int = 0
    kind: str = "before"
    seen: list[str] = field(default_factory=list)
    dead: bool = False
    stands_still: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def effect(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        self.check()
        self.seen.append(name)
        mine = len(self.seen) == self.at
        if mine and self.kind == "before":
            self.die()
        if mine and self.kind == "pause":
            self.stands_still.set()
            await self.go_on.wait()
        result = await act()
        if mine and self.kind == "after":
            self.die()
        return result

    def check(self) -> None:
        if self.dead:
            raise Died

    def die(self) -> None:
        self.dead = True
        raise Died


class RightBefore(Fate):
    """Something else happens right before the first effect called ``name``."""

    def __init__(self, name: str, deed: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.name = name
        self.deed: Callable[[], Awaitable[object]] | None = deed

    async def effect(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        if name == self.name and self.deed is not None:
            deed, self.deed = self.deed, None
            await deed()
        return await super().effect(name, act)

    @property
    def happened(self) -> bool:
        return self.deed is None


class MortalDatabase:
    """A ``Database`` whose commits are boundaries."""

    def __init__(self, db: Database, fate: Fate) -> None:
        self._db = db
        self._fate = fate

    @property
    def dialect(self) -> Dialect:
        return self._db.dialect

    async def tx(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        name = f"tx {getattr(fn, '__name__', fn)}"
        return await self._fate.effect(name, partial(self._db.tx, fn, *args, **kwargs))

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self._fate.check()
        return await self._db.read(fn, *args, **kwargs)

    def hand_jobs_to(self, handover: Handover | None) -> None:
        """Nobody: the jobs of these processes are claimed and run one by one."""

    def listen(self, channel: str) -> Subscription:
        return self._db.listen(channel)

    def report_steps_to(self, report: Report | None) -> None:
        self._db.report_steps_to(report)

    async def close(self) -> None: ...


def mortal(port: Any, fate: Fate, *names: str) -> Any:
    """The same port, to which every request of ``names`` is a boundary."""

    def effect(name: str) -> Any:
        return lambda *asked, **more: fate.effect(
            name, partial(getattr(port, name), *asked, **more)
        )

    same = {name: getattr(port, name) for name in dir(port) if not name.startswith("_")}
    return SimpleNamespace(**same | {name: effect(name) for name in names if hasattr(port, name)})
