"""What every section of the settings has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


def listed(value: Any) -> Any:
    """A list of words as the environment writes it: separated by commas."""
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
