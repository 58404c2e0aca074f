"""Clips behind signed URLs, for carriers that cannot read our files.

A URL names one clip and a time until which it is served. All of it stands in the URL, under a MAC,
so that nothing is kept and any machine that has the file can serve it.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from pathlib import Path
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.calls.call import SAMPLE_RATE, Clip
from ringbolt.core.hmac_sha256 import keyed

AUDIO_PREFIX: Final = "/audio"
BYTES_PER_MS: Final = SAMPLE_RATE * 2 // 1000
_FIELDS: Final = struct.Struct(">QQ")
_MAC_BYTES: Final = 16
_SILENCE: Final = b""
"""The name of no file."""


class NotServed(Enum):
    """Why nothing is behind a URL."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ServedClip:
    """``size`` bytes of samples at the beginning of the raw file ``path``; None: of silence."""

    path: Path | None
    size: int


class ServedAudio:
    """Implements ``AudioUrls``. ``keys``: the present one first, then former ones that are still
    honoured. ``directory``: where all clips are. ``base_url``: how the shop is reached."""

    def __init__(self, keys: Sequence[bytes], directory: Path, base_url: str, clock: Clock) -> None:
        self._macs = [keyed(key) for key in keys]
        self._directory = directory
        self._base_url = base_url
        self._clock = clock

    def url(self, clip: Clip, valid_s: int) -> str:
        """Where ``clip`` is a WAV file for ``valid_s`` seconds. Raises ``ValueError`` for one that
        is not in ``directory``."""
        name = Path(clip.path).relative_to(self._directory).as_posix().encode()
        return self._signed(name, clip.duration_ms, valid_s)

    def silence(self, ms: int, valid_s: int) -> str:
        """Where ``ms`` of silence are a WAV file for ``valid_s`` seconds."""
        return self._signed(_SILENCE, ms, valid_s)

    def _signed(self, name: bytes, duration_ms: int, valid_s: int) -> str:
        until_ms = self._clock.now_ms() + valid_s * 1000
        signed = _FIELDS.pack(until_ms, duration_ms) + name
        token = urlsafe_b64encode(self._macs[0](signed)[:_MAC_BYTES] + signed).decode()
        return f"{self._base_url}{AUDIO_PREFIX}/{token.rstrip('=')}.wav"

    def find(self, token: str) -> ServedClip | NotServed:
        """What the ``token`` of a URL stands for. It reads the disk."""
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (Base64Error, ValueError):
            return NotServed.UNKNOWN
        mac, signed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any(compare_digest(each(signed)[:_MAC_BYTES], mac) for each in self._macs):
            return NotServed.UNKNOWN
        until_ms, duration_ms = _FIELDS.unpack_from(signed)
        if self._clock.now_ms() >= until_ms:
            return NotServed.EXPIRED
        if signed[_FIELDS.size :] == _SILENCE:
            return ServedClip(None, duration_ms * BYTES_PER_MS)
        path = self._directory / signed[_FIELDS.size :].decode()
        try:
            size = min(path.stat().st_size, duration_ms * BYTES_PER_MS)
        except OSError:  # purged, or made on another machine
            return NotServed.UNKNOWN
        return ServedClip(path, size)
