"""A shop that leases numbers, on both databases."""

from __future__ import annotations

import pytest

from ringbolt.clock import SystemClock
from ringbolt.store.engine.db import Database
from support.rigs.receiving import ReceivingProcess, ReceivingWorld


@pytest.fixture
def world(database: Database, clock: SystemClock) -> ReceivingWorld:
    return ReceivingWorld(database, clock)


@pytest.fixture
def process(world: ReceivingWorld) -> ReceivingProcess:
    return world.process()
