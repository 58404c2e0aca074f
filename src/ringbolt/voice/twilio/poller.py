"""Asks about calls that no callback tells of, and commits what could not be committed before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.voice.twilio.journal import Journal
from ringbolt.voice.twilio.journals import LONGEST_MS, Journals

AT_ONCE: Final = 8
WITH_CALLBACKS_S: Final = 60.0
"""How often a call is asked about whose callbacks come: one may be lost."""
log = structlog.get_logger("ringbolt.twilio")


class Poller:
    """``look`` asks about a call and writes down what is told, ``flush`` commits it. ``every_s``:
    how often calls without callbacks are asked about."""

    def __init__(
        self,
        journals: Journals,
        look: Callable[[Journal], Awaitable[bool]],
        flush: Callable[[Journal], Awaitable[None]],
        every_s: float,
        clock: Clock,
    ) -> None:
        self._journals = journals
        self._look = look
        self._flush = flush
        self._every_s = every_s
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Never returns; raises what the sink raises, but for ``Unavailable``."""
        while True:
            await asyncio.sleep(self._every_s)
            self._journals.forget_lost(self._clock.now_ms())
            for record in await self._journals.open_calls():
                if self._clock.now_ms() - record.asked_ms <= LONGEST_MS:
                    await self._journals.known(record.ref)
            now_s = asyncio.get_running_loop().time()
            due = [each for each in self._journals if self._is_due(each, now_s)]
            await asyncio.gather(*map(self._ask, due))

    def _is_due(self, journal: Journal, now_s: float) -> bool:
        if journal.uncommitted:
            return True
        if not journal.sid:
            return False  # whoever asked for it looks it up
        if journal.news_s is None:
            return now_s - journal.asked_s >= self._every_s
        return now_s - max(journal.news_s, journal.asked_s) >= WITH_CALLBACKS_S

    async def _ask(self, journal: Journal) -> None:
        async with self._places:
            try:
                if not journal.is_over:
                    journal.asked_s = asyncio.get_running_loop().time()
                    await self._look(journal)
                await self._flush(journal)
            except Unavailable as error:
                log.info("a call cannot be asked about", ref=journal.ref, error=error.message)
