"""``type = "http"``: a gateway of texts over HTTP, described in the settings
([how](howto-http-gateway.md))."""

from __future__ import annotations

from ringbolt.registry.types import Context, PartType
from ringbolt.sms.carrier import SmsCarrier
from ringbolt.sms.http.settings import HttpSmsSettings


def _build(settings: HttpSmsSettings, context: Context) -> SmsCarrier:
    from ringbolt.sms.http.carrier import http_carrier  # noqa: PLC0415 - as configured

    return http_carrier(settings, context.clock)


HTTP = PartType(HttpSmsSettings, _build)
