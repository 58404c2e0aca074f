"""The options of calls, and of text to speech."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from ringbolt.registry.settings import PartSettings
from ringbolt.settings.parts import OfTypes
from ringbolt.settings.section import Section
from ringbolt.speech.types import SPEAKERS
from ringbolt.voice.types import CARRIERS

SPEAKER: Final = OfTypes(SPEAKERS, default="local")
CALL_CARRIERS: Final = OfTypes(CARRIERS, many=True)


class CallSettings(Section):
    charge_on: Literal["answered", "placed"] = Field(
        "answered",
        description="What is charged: an answered call, or every call that a carrier accepted.",
    )
    rate_card: str = Field("", description="A rate card (.toml or .csv). Empty: the one shipped.")
    caller_id: str = Field("+12025550199", description="The number that calls come from, E.164.")

    @field_validator("caller_id")
    @classmethod
    def _is_e164(cls, value: str) -> str:
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value, re.ASCII):
            raise ValueError("write it in E.164 format: + and digits only")
        return value

    ring_timeout_s: int = Field(30, ge=5, le=120, description="How long a phone may ring, seconds.")
    linger_s: float = Field(
        3.0,
        ge=0,
        le=30,
        description="How long to listen for key presses after the message, seconds.",
    )
    dispatch_deadline_s: int = Field(
        300,
        ge=10,
        le=3600,
        description="A paid call that no carrier accepted within so many seconds is given up, "
        "and the money is returned.",
    )
    per_number_per_hour: int = Field(
        20,
        ge=1,
        description="Calls to one number per hour. More wait, and are given up with the money "
        "returned when they would wait too long.",
    )
    max_concurrent: int = Field(200, ge=1, description="Calls placed at the same time; more wait.")
    carriers: Annotated[tuple[PartSettings, ...], NoDecode, CALL_CARRIERS] = Field(
        default_factory=CALL_CARRIERS.default_list, description="The carriers of calls."
    )
