"""What ``ringbolt doctor`` finds out about a phone."""

from __future__ import annotations

from collections.abc import Sequence

from ringbolt.core.part_checks import Finding
from ringbolt.sms.smsgate.api import PhoneApi, refusal_words
from ringbolt.sms.smsgate.settings import SmsGateSettings
from ringbolt.sms.smsgate.webhooks import Registration


async def check_phone(
    settings: SmsGateSettings, api: PhoneApi, registration: Registration
) -> Sequence[Finding]:
    """Raises ``Unavailable`` if the API is not reached."""
    answer = await api.ask("GET", "/webhooks")
    if answer.status in (401, 403):
        fix = "Copy username and password from the app's Home tab into the settings."
        return [Finding("wrong", "credentials", f"The app refuses them ({answer.status}).", fix)]
    if answer.status != 200:
        fix = "Check base_url: local http://PHONE:8080, cloud https://HOST/3rdparty/v1."
        return [Finding("wrong", "address", f"It is no SMSGate ({refusal_words(answer)}).", fix)]
    found = [Finding("ok", "credentials", "The app takes them.")]
    found.append(await _webhooks(registration))
    if settings.mode == "cloud":
        found.append(await _device(registration))
    if not settings.numbers:
        fix = "Set numbers to receive texts, and to choose the SIM that sends."
        found.append(Finding("note", "numbers", "The numbers of its SIMs are not set.", fix))
    return found


async def _webhooks(registration: Registration) -> Finding:
    missing = await registration.missing()
    if not missing:
        return Finding("ok", "webhooks", "All events are reported to this shop.")
    fix = "Start the shop, which registers them. The app needs https:// (RINGBOLT_PUBLIC_URL)."
    return Finding("note", "webhooks", f"Not reported: {', '.join(missing)}.", fix)


async def _device(registration: Registration) -> Finding:
    device = await registration.device()
    if device is None:
        fix = "Compare device_id with the app's, and set the app to Cloud."
        return Finding("wrong", "device", "The account has no such phone.", fix)
    seen = device.last_seen or "never"
    return Finding("ok", "device", f"{device.name or device.id}, last seen {seen}.")
