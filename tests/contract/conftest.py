"""A line to the simulated phones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringbolt.core.calls.call import Clip
from support.contracts.voice import Rig, rig, tone


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as made:
        yield made


@pytest.fixture
def second(line: Rig) -> Clip:
    """A second of sound."""
    return line.clip(tone(1000))
