"""The options of the simulated world."""

from __future__ import annotations

from pydantic import Field

from ringbolt.settings.section import Section


class SimulatorSettings(Section):
    url: str = Field(
        "",
        description="Where a simulated world runs by itself (ringbolt simulator). "
        "Empty: the shop runs one inside.",
    )
    speed: float = Field(
        1.0,
        gt=0,
        le=1000,
        description="How many times faster than real time simulated phones ring and talk.",
    )
