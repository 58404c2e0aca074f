"""The process that makes an MP3 or Ogg Opus file: ``python -m ringbolt.voice.audio.encode_worker
FORMAT SAMPLE_RATE``, with raw s16le mono on standard input and the file on standard output.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, Final

KINDS: Final = {"mp3": ("mp3", "libmp3lame", 64_000), "opus": ("ogg", "libopus", 32_000)}
"""FFmpeg's names of container and encoder, and the bit rate, by format."""


def encode(pcm: bytes, format_name: str, sample_rate: int) -> bytes:
    """The whole file."""
    import av  # noqa: PLC0415 - after the priority is lowered
    import numpy  # noqa: PLC0415

    container, codec, bit_rate = KINDS[format_name]
    file = io.BytesIO()
    with av.open(file, "w", format=container, options={"fflags": "+bitexact"}) as output:
        stream: Any = output.add_stream(codec, rate=sample_rate)
        stream.layout = "mono"
        stream.bit_rate = bit_rate
        samples = numpy.frombuffer(pcm, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = sample_rate
        for part in (frame, None):
            output.mux(stream.encode(part))
    return file.getvalue()


def main() -> int:
    os.nice(5)  # calls that are up have priority
    format_name, sample_rate = sys.argv[1:]
    sys.stdout.buffer.write(encode(sys.stdin.buffer.read(), format_name, int(sample_rate)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
