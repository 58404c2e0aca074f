"""What the shop's carriers and providers bill, in sats."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from ringbolt.settings.section import Section, listed

_CODE: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_MOST: Final = 10**9


class CostSettings(Section):
    sats_per: Annotated[dict[str, float], NoDecode] = Field(
        default_factory=dict,
        description="How many sats one unit of a currency is that carriers bill in, e.g. "
        "USD=1100,EUR=1250. What is billed in another currency is listed, but not booked.",
    )

    @field_validator("sats_per", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("{"):  # JSON, as for parts
            try:
                return json.loads(value)
            except ValueError:
                raise ValueError('write USD=1100, or JSON such as {"USD": 1100}') from None
        pairs = [item.partition("=") for item in listed(value)]
        return {code.strip(): rate.strip() for code, _, rate in pairs}

    @field_validator("sats_per")
    @classmethod
    def _are_rates(cls, value: dict[str, float]) -> dict[str, float]:
        for code, rate in value.items():
            if not _CODE.fullmatch(code) or code == "SAT" or not 0 < rate <= _MOST:
                raise ValueError(
                    "write currencies of three capital letters and how many sats one unit is, e.g. "
                    "USD=1100"
                )
        return value
