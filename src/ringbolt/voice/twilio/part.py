"""``type = "twilio"``: calls through Twilio, SignalWire, Telnyx (TeXML) or Somleng."""

from __future__ import annotations

from ringbolt.registry.types import Context, PartType
from ringbolt.voice.carrier import VoiceCarrier
from ringbolt.voice.twilio.settings import TwilioCarrierSettings


def _build(settings: TwilioCarrierSettings, context: Context) -> VoiceCarrier:
    from ringbolt.voice.twilio.carrier import TwilioCarrier  # noqa: PLC0415 - as configured

    folder = context.data_dir / "carriers" / settings.name
    return TwilioCarrier(settings, context.clock, folder)


TWILIO = PartType(TwilioCarrierSettings, _build)
