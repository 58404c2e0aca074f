"""The same settings with only simulated parts."""

from __future__ import annotations

from ringbolt.settings.calls import CallSettings
from ringbolt.settings.lightning import NODE, LndSettings
from ringbolt.settings.messages import MailSettings, NumberSettings, SmsSettings
from ringbolt.settings.root import Settings


def all_simulated(settings: Settings) -> Settings:
    """``settings`` as if no part were configured, so that no real service is used or paid."""
    return settings.model_copy(
        update={
            "lnd": LndSettings(),
            "node": NODE.default_part(),
            "calls": settings.calls.model_copy(update={"carriers": CallSettings().carriers}),
            "sms": settings.sms.model_copy(update={"carriers": SmsSettings().carriers}),
            "numbers": NumberSettings(),
            "mail": settings.mail.model_copy(update={"servers": MailSettings().servers}),
        }
    )
