"""The settings of a carrier of calls at Twilio or a relative."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ringbolt.registry.settings import VoiceCarrierSettings
from ringbolt.twilio.dialect import RULES
from ringbolt.twilio.settings import TwilioAccountSettings


class TwilioCarrierSettings(TwilioAccountSettings, VoiceCarrierSettings):
    """Calls through Twilio, SignalWire, Telnyx (TeXML) or Somleng."""

    poll_s: float = Field(
        5.0,
        ge=0.05,
        le=300,
        description="How often a call is asked about that no callback has told of yet, seconds; "
        "with callbacks it is asked about far less often.",
    )

    @model_validator(mode="after")
    def _has_an_application(self) -> Self:
        if RULES[self.dialect].needs_application and not self.application_sid:
            raise ValueError(f"{self.dialect} needs an application_sid: the application that calls")
        return self
