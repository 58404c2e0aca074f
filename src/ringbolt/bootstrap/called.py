"""Routes for far ends that call the shop: callbacks, and audio that carriers fetch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from starlette.routing import BaseRoute

from ringbolt.api.audio import audio_routes
from ringbolt.api.callbacks import callback_routes
from ringbolt.app.shop import Shop
from ringbolt.core.callback import SupportsCallbacks
from ringbolt.core.keys import derive
from ringbolt.voice.audio.served import ServedAudio
from ringbolt.voice.carrier import NeedsAudioUrls

log = structlog.get_logger("ringbolt.parts")


def called_routes(shop: Shop) -> list[BaseRoute]:
    """The routes of the parts that have callbacks, and audio routes for carriers that fetch audio
    (each gets the signer of the URLs)."""
    parts = list(_parts(shop))
    _warn_of_unreachable(shop, parts)
    routes = callback_routes(shop.keyring, shop.base_url, parts)
    fetching = [carrier for carrier in shop.carriers if isinstance(carrier, NeedsAudioUrls)]
    if fetching:
        keys = [derive(secret, "audio") for secret in shop.keyring.all()]
        served = ServedAudio(keys, shop.settings.data_dir, shop.base_url, shop.clock)
        for carrier in fetching:
            carrier.fetch_audio_from(served)
        routes += audio_routes(served)
    return routes


def _warn_of_unreachable(shop: Shop, parts: list[tuple[str, str, object]]) -> None:
    """Warn if a part must reach the shop, but no public URL is set: its callbacks would go to the
    listening address, which only this machine can reach."""
    if shop.settings.public_url:
        return
    for area, name, part in parts:
        if isinstance(part, SupportsCallbacks | NeedsAudioUrls):
            log.warning(
                "a part has to reach the shop: set RINGBOLT_PUBLIC_URL",
                area=area,
                part=name,
                used=shop.base_url,
            )


def _parts(shop: Shop) -> Iterator[tuple[str, str, object]]:
    """Every part with its area and name."""
    sets: dict[str, Any] = {
        "lightning": shop.nodes,
        "voice": shop.carriers,
        "sms": shop.sms_carriers,
        "numbers": shop.number_providers,
        "mail": shop.mailers,
    }
    for area, parts in sets.items():
        for part in parts.entries:
            yield area, part.name, part.port
