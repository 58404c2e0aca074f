"""Sounds encoded by FFmpeg, into any of its formats."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import av

from support.odd_wavs import RATE, Array


def encoded(
    sound: Array,
    encoder: str,
    format_name: str,
    rate: int = 48000,
    *,
    bit_rate: int = 0,
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
) -> bytes:
    """``sound``: floats of ``RATE``, one row for each channel, or one channel."""
    rows = sound.reshape(-1, sound.shape[-1])
    layout = {1: "mono", 2: "stereo"}[len(rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound"
        with av.open(str(path), "w", format=format_name, options=options or {}) as container:
            stream: Any = container.add_stream(
                encoder,
                rate,
                options={"strict": "experimental"} | (codec_options or {}),
                layout=layout,
            )
            if bit_rate:
                stream.bit_rate = bit_rate
            context = stream.codec_context
            context.open()
            frame = av.AudioFrame.from_ndarray(rows.astype("f4"), format="fltp", layout=layout)
            frame.sample_rate = RATE
            resampler = av.AudioResampler(
                context.format, context.layout, rate, context.frame_size or None
            )
            for part in [*resampler.resample(frame), *resampler.resample(None), None]:
                container.mux(stream.encode(part))
        return path.read_bytes()


def with_id3(data: bytes, size: int) -> bytes:
    """``data`` behind an ID3v2.3 tag of ``size`` bytes."""
    return (
        b"ID3\x03\0\0"
        + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
        + bytes(size)
        + data
    )
