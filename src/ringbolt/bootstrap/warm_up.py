"""Loads the usual voice and the pages in the background, so that the first sentence after a start
is not seconds slower than the rest, and the first visitors do not wait for templates and languages.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.engine import Speaker, SupportsWarmUp

log = structlog.get_logger("ringbolt.speech")

_LOOK_EVERY_S: Final = 5.0
_IDLE: Final = 0.8
"""Work that waits or runs per core, below which the machine counts as idle."""


def load_per_core() -> float:
    """The average of the last minute; 0 where the system does not tell."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):  # Windows
        return 0.0


async def warm_up_when_idle(
    speaker: Speaker,
    load: Callable[[], float] = load_per_core,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Load the usual voice as soon as the machine is idle; return when it is loaded, by this or by
    a first text. The process that speaks runs at lower priority. Never raises: the first text then
    loads the voice."""
    while isinstance(speaker, SupportsWarmUp) and speaker.wants_warm_up:
        if load() >= _IDLE:
            await wait(_LOOK_EVERY_S)
            continue
        try:
            await speaker.warm_up()
        except (SpeechFailed, OSError) as error:
            log.warning("the voice is not loaded yet: the first text will take longer", why=error)
        return


async def warm_pages_when_idle(
    warm_up: Callable[[], None],
    load: Callable[[], float] = load_per_core,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run ``warm_up`` in a thread as soon as the machine is idle. Never raises: a page that cannot
    be loaded fails when it is asked for."""
    while load() >= _IDLE:
        await wait(_LOOK_EVERY_S)
    try:
        await asyncio.to_thread(warm_up)
    except Exception:
        log.exception("the pages could not be loaded in advance")
