"""WAV files of 16-bit PCM, mono: what the simulated phones hear, and previews.

For untrusted files there is ``decoder``; this reads only what Ringbolt itself writes.
"""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ringbolt.core.calls.call import SAMPLE_RATE

HEADER_SIZE = 44
UNKNOWN_LENGTH = 0xFFFFFFFF
"""The data size of a WAV of unknown length, as streaming writers set it."""


@dataclass(frozen=True, slots=True)
class WavAudio:
    """``pcm``: s16le mono samples. ``sample_rate``: samples per second."""

    pcm: bytes
    sample_rate: int

    @property
    def duration_ms(self) -> int:
        return len(self.pcm) // 2 * 1000 // self.sample_rate


def wav_header(data_size: int | None, sample_rate: int = SAMPLE_RATE) -> bytes:
    """The 44 bytes before ``data_size`` bytes of samples; None if their number is not known."""
    size = UNKNOWN_LENGTH if data_size is None else data_size
    riff_size = min(size + HEADER_SIZE - 8, UNKNOWN_LENGTH)
    format_chunk = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", riff_size, b"WAVE", b"fmt ", len(format_chunk))
        + format_chunk
        + struct.pack("<4sI", b"data", size)
    )


def wav_bytes(pcm: bytes, sample_rate: int = SAMPLE_RATE) -> bytes:
    """``pcm`` (s16le mono) as a whole WAV file."""
    return wav_header(len(pcm), sample_rate) + pcm


def read_wav(source: Path | bytes) -> WavAudio:
    """Read a 16-bit mono WAV; one that is cut off, or of unknown length, gives what is there.

    Raises ``ValueError`` for anything else.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2 or not file.getframerate():
                raise ValueError("not 16-bit mono PCM")
            pcm = file.readframes(file.getnframes())
            return WavAudio(pcm[: len(pcm) // 2 * 2], file.getframerate())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV file: {error or 'too short'}") from error


class WavWriter:
    """A WAV file that grows; after every ``flush`` the file is a valid WAV."""

    def __init__(self, path: Path, sample_rate: int = SAMPLE_RATE) -> None:
        self._sample_rate = sample_rate
        self._data_size = 0
        self._file = path.open("wb")
        self._file.write(wav_header(0, sample_rate))

    @property
    def duration_ms(self) -> int:
        return self._data_size // 2 * 1000 // self._sample_rate

    def write(self, pcm: bytes) -> None:
        """Append samples (s16le mono)."""
        self._file.write(pcm)
        self._data_size += len(pcm)

    def flush(self) -> None:
        """Update the header and write everything to the file."""
        self._file.seek(0)
        self._file.write(wav_header(self._data_size, self._sample_rate))
        self._file.seek(0, io.SEEK_END)
        self._file.flush()

    def close(self) -> None:
        if not self._file.closed:
            self.flush()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
