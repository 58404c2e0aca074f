"""``type = "smsgate"``: an Android phone with the app SMSGate sends texts, and receives those to
its numbers."""

from __future__ import annotations

from ringbolt.registry.types import Context, PartType, PartUnusable
from ringbolt.sms.carrier import SmsCarrier
from ringbolt.sms.smsgate.settings import SmsGateSettings


def _build(settings: SmsGateSettings, context: Context) -> SmsCarrier:
    from ringbolt.sms.smsgate.carrier import SmsGateCarrier  # noqa: PLC0415 - as configured

    if not settings.signing_key.get_secret_value().strip():
        raise PartUnusable("signing_key is blank: anyone could hand in texts")
    return SmsGateCarrier(settings, context)


SMSGATE = PartType(SmsGateSettings, _build)
