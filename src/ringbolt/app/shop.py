"""What the use cases work with: the open shop, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ringbolt.clock import Clock
from ringbolt.core.call import Clip
from ringbolt.core.keys import Keyring
from ringbolt.core.rates import RateCard
from ringbolt.lightning.node import LightningNode, SupportsPayments
from ringbolt.settings import Settings
from ringbolt.speech.engine import Speaker
from ringbolt.store.db import Database
from ringbolt.voice.carrier import VoiceCarrier


class PlayableAudio(Protocol):
    """Audio behind a URL."""

    async def probe(self, url: str) -> object:
        """Look at its beginning. Raises ``AudioUnplayable`` if it is nothing to be played."""
        ...

    async def load(self, url: str, max_ms: int) -> Clip:
        """Fetch and decode it, no further than ``max_ms``. Raises ``AudioUnplayable``."""
        ...

    async def purge(self, older_than_s: float) -> int:
        """Remove decoded audio that was not used for that long; returns how many files."""
        ...


@dataclass(frozen=True, slots=True)
class Shop:
    """Settings and every part that a use case may need. ``payer`` is None for a node that
    cannot pay out; ``scripted_numbers`` is true while the carrier is simulated."""

    settings: Settings
    db: Database
    clock: Clock
    keyring: Keyring
    rates: RateCard
    node: LightningNode
    payer: SupportsPayments | None
    carrier: VoiceCarrier
    speaker: Speaker
    audio: PlayableAudio
    scripted_numbers: bool

    @property
    def limits(self) -> bool:
        return self.settings.limits == "on"
