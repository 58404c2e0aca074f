"""Kills and standstills at random moments: which moment it is must not be chosen by the test."""

from __future__ import annotations

import asyncio
import os
import random
import signal

from support.processes.shop import ServerProcess

KILLS = int(os.environ.get("RINGBOLT_TEST_KILLS", "6"))
"""How often a shop is killed among many purchases. Every boundary is tried by a suite of its own:
this finds what nobody thought of, and more of it with more kills."""


async def a_random_moment(chance: random.Random, least_s: float, most_s: float) -> None:
    await asyncio.sleep(chance.uniform(least_s, most_s))


async def stand_still(process: ServerProcess, seconds: float) -> None:
    """Nothing of it runs for so long; then it goes on."""
    process.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        process.signal(signal.SIGCONT)
