"""The simulated carrier's clips: raw s16le samples in files named by their SHA-256."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from ringbolt.core.calls.call import SAMPLE_RATE, Clip
from ringbolt.simulator.voice.line import BEEP, FRAME_MS, Span
from ringbolt.simulator.voice.sounds import beep
from ringbolt.voice.audio.g711 import ULAW_SILENCE, encode_ulaw

FRAME_SAMPLES: Final = SAMPLE_RATE * FRAME_MS // 1000
MAX_CLIP_BYTES: Final = 3600 * SAMPLE_RATE * 2
"""An hour of audio."""
_PIECE_FRAMES: Final = 50
_CACHED_PIECES: Final = 1024
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ClipRefused(Exception):
    """The content does not have the SHA-256 that was named, or is too long."""


class ClipStore:
    """Keeps clips, and returns their audio as mu-law frames, reading a second at a time.

    Calls that play the same clip share what was read and coded: a second of audio is 8 kB, and
    the last thousand are cached.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._pieces: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def find(self, sha256: str) -> Clip | None:
        path = self._directory / sha256
        if _SHA256.fullmatch(sha256) is None or not path.is_file():
            return None
        samples = path.stat().st_size // 2
        return Clip(str(path), -(-samples * 1000 // SAMPLE_RATE))

    async def keep(self, sha256: str, chunks: AsyncIterator[bytes]) -> None:
        """Store ``chunks``. Raises ``ClipRefused`` if their SHA-256 is another."""
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as file:
            part = Path(file.name)
            try:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > MAX_CLIP_BYTES:
                        raise ClipRefused("A clip lasts an hour at most.")
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
                if digest.hexdigest() != sha256 or size % 2:
                    raise ClipRefused("The sound is not what its SHA-256 says, or not s16le.")
            except BaseException:
                await asyncio.to_thread(part.unlink)
                raise
        await asyncio.to_thread(part.replace, self._directory / sha256)

    def frames(self, span: Span) -> bytes:
        """The audio of ``span`` as mu-law; the last frame is padded with silence.

        Raises ``OSError`` if the clip cannot be read.
        """
        if not span.clip:
            return _SILENCE * span.frames
        if span.clip == BEEP:
            sound = beep()
            return sound[span.first * FRAME_SAMPLES : (span.first + span.frames) * FRAME_SAMPLES]
        first, last = span.first, span.first + span.frames
        number = first // _PIECE_FRAMES
        sound = self._piece(span.clip, number)
        if last > (number + 1) * _PIECE_FRAMES:
            count = (last - 1) // _PIECE_FRAMES + 1
            sound = b"".join(self._piece(span.clip, n) for n in range(number, count))
        start = number * _PIECE_FRAMES
        return sound[(first - start) * FRAME_SAMPLES : (last - start) * FRAME_SAMPLES]

    def _piece(self, path: str, number: int) -> bytes:
        key = (path, number)
        piece = self._pieces.get(key)
        if piece is None:
            piece = self._pieces[key] = _read_piece(Path(path), number)
            if len(self._pieces) > _CACHED_PIECES:
                self._pieces.popitem(last=False)
        else:
            self._pieces.move_to_end(key)
        return piece


_SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES


def _read_piece(path: Path, number: int) -> bytes:
    """A second of a clip as mu-law: some 16 kB from the page cache, far below a millisecond."""
    size = _PIECE_FRAMES * FRAME_SAMPLES
    with path.open("rb") as file:
        file.seek(number * size * 2)
        pcm = file.read(size * 2)
    code = encode_ulaw(pcm[: len(pcm) // 2 * 2])
    return code.ljust(size, bytes([ULAW_SILENCE]))
