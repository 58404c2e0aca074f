"""``type = "twilio"``: texts by an account at Twilio, or at a relative of the same API."""

from __future__ import annotations

from ringbolt.registry.types import Context, PartType
from ringbolt.sms.carrier import SmsCarrier
from ringbolt.sms.twilio.settings import TwilioSmsSettings
from ringbolt.twilio.settings import open_api


def _build(settings: TwilioSmsSettings, context: Context) -> SmsCarrier:
    from ringbolt.sms.twilio.carrier import TwilioSms  # noqa: PLC0415 - as configured

    return TwilioSms(settings, open_api(settings, settings.name), context.clock)


TWILIO = PartType(TwilioSmsSettings, _build)
