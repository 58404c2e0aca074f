"""What every section of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ringbolt.registry.settings import listed as listed  # noqa: PLC0414 - sections use it


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
