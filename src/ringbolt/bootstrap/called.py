"""What far ends ask of the shop: the callbacks of its parts, and the audio that carriers fetch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.routing import BaseRoute

from ringbolt.api.audio import audio_routes
from ringbolt.api.callbacks import callback_routes
from ringbolt.app.shop import Shop
from ringbolt.core.keys import derive
from ringbolt.voice.audio.served import ServedAudio
from ringbolt.voice.carrier import NeedsAudioUrls


def called_routes(shop: Shop) -> list[BaseRoute]:
    """The routes of those parts that have some; carriers that fetch audio are told where from."""
    routes = callback_routes(shop.keyring, shop.base_url, _parts(shop))
    fetching = [carrier for carrier in shop.carriers if isinstance(carrier, NeedsAudioUrls)]
    if fetching:
        keys = [derive(secret, "audio") for secret in shop.keyring.all()]
        served = ServedAudio(keys, shop.settings.data_dir, shop.base_url, shop.clock)
        for carrier in fetching:
            carrier.fetch_audio_from(served)
        routes += audio_routes(served)
    return routes


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
