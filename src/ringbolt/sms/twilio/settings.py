"""The settings of texts by an account at Twilio or a relative."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ringbolt.registry.settings import SmsCarrierSettings
from ringbolt.twilio.dialect import Dialect
from ringbolt.twilio.settings import TwilioAccountSettings


class TwilioSmsSettings(SmsCarrierSettings, TwilioAccountSettings):
    """Texts by an account at Twilio or a relative."""

    messaging_service_sid: str = Field(
        "",
        max_length=100,
        description="A messaging service of the account, which chooses the sender. Empty: texts "
        "come from senders.",
    )
    validity_s: int = Field(
        600,
        ge=1,
        le=36_000,
        description="How long a text may wait at the vendor; then it fails. No longer than "
        "orders.receipt_within_s, after which the money is returned.",
    )
    poll_s: float = Field(
        30.0,
        ge=1,
        le=3600,
        description="How often each open text is asked about, in case its callbacks are lost.",
    )

    @model_validator(mode="after")
    def _sends_texts(self) -> Self:
        if self.dialect is Dialect.TELNYX:
            raise ValueError(
                "Telnyx sends texts by another API: use type = http, as docs/howto-http-gateway.md "
                "has it"
            )
        return self
