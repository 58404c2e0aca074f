"""What every section of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from ringbolt.registry.settings import listed as listed  # noqa: PLC0414 - sections use it
from ringbolt.registry.values import usable


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    _usable = field_validator("*")(usable)
