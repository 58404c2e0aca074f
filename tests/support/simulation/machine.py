"""What every simulation shares: a shop on a real database, driven by Hypothesis through everything
that may happen to it, in whatever order, until its end is judged."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    StateMachineMeta,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ringbolt.clock import SystemClock
from ringbolt.core.errors import RingboltError
from ringbolt.store import jobs
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from support.rigs.fate import Died, Fate

T = TypeVar("T")
KINDS_OF_DEATH = st.sampled_from(["before", "after"])


class AbstractMachine(StateMachineMeta, ABCMeta):
    """Of a state machine that lacks a method nothing can be made."""


class ShopMachine(RuleBasedStateMachine, metaclass=AbstractMachine):
    """The rules are what may happen. A machine opens its ``world`` in a rule of ``initialize``;
    ``template`` is a migrated database."""

    template: ClassVar[Path]
    world: Any
    process: Any

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="rb-simulation-"))
        self.clock = SystemClock()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def open_database(self) -> Database:
        """A fresh one, on the machine's clock."""
        path = self.directory / "shop.db"
        shutil.copy(self.template, path)
        return self.run(open_database(f"sqlite:///{path}", self.clock))

    @property
    def is_open(self) -> bool:
        return hasattr(self, "world")

    # What a machine says of itself

    async def work_once(self, process: Any) -> None:
        """What a process does when it works."""
        await process.run_due()

    async def complaints(self) -> list[str]:
        """What does not agree now, and must."""
        found: list[str] = await self.world.complaints()
        return found

    @abstractmethod
    async def drain(self) -> None:
        """Every part answers again, all work is done, and the end of every order is checked."""

    # The shop

    @rule()
    def listen(self) -> None:
        self.run(self.process.listen())

    @rule()
    def work(self) -> None:
        self.run(self.work_once(self.process))

    @rule(at=st.integers(1, 14), kind=KINDS_OF_DEATH)
    def die_while_working(self, at: int, kind: str) -> None:
        async def listen_and_work(process: Any) -> None:
            await process.listen()
            await self.work_once(process)

        self.die(at, kind, listen_and_work)

    def die(self, at: int, kind: str, work: Callable[[Any], Awaitable[None]]) -> None:
        """A process dies right before or after its ``at``-th outside effect, if it has so many;
        its jobs are free again."""

        async def until_dead() -> None:
            try:
                await work(self.world.process(Fate(at, kind)))
            except Died:
                await self.world.db.tx(jobs.release_all)

        self.run(until_dead())

    async def attempt(self, work: Awaitable[object]) -> None:
        """Do what may be refused."""
        try:
            await work
        except RingboltError:
            return

    def pass_ms(self, ms: int) -> None:
        """Time passes, or the clock is set back."""
        self.clock.set_offset(self.clock.offset_ms + ms)

    # What always holds

    @invariant()
    def the_books_agree(self) -> None:
        if self.is_open:
            assert self.run(self.complaints()) == []

    def teardown(self) -> None:
        try:
            if self.is_open:
                self.run(self.drain())
        finally:
            if self.is_open:
                self.run(self.world.db.close())
            self.runner.close()
            shutil.rmtree(self.directory)


def assert_holds_whatever_happens(
    machine: type[ShopMachine], template: Path, examples: int
) -> None:
    """Run ``machine`` so many times; RINGBOLT_TEST_EXAMPLES replaces the number."""
    machine.template = template
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("RINGBOLT_TEST_EXAMPLES", examples)),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
