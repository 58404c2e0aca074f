"""Audio files of every kind that people send, and of kinds that only attackers send."""

from __future__ import annotations

import math
import random
import struct
from array import array
from dataclasses import dataclass
from pathlib import Path

import av

PEAK = 12000
PITCH_HZ = 440


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to encode a sample: FFmpeg's names."""

    name: str
    encoder: str
    sample_format: str
    rate: int = 16000
    layout: str = "mono"

    @property
    def codec(self) -> str:
        return {"libmp3lame": "mp3", "libopus": "opus"}.get(self.encoder, self.encoder)

    @property
    def channels(self) -> int:
        return 1 if self.layout == "mono" else 2


RECIPES = (
    Recipe("speech.mp3", "libmp3lame", "s16p"),
    Recipe("stereo.mp3", "libmp3lame", "s16p", 44100, "stereo"),
    Recipe("pcm.wav", "pcm_s16le", "s16"),
    Recipe("hifi.wav", "pcm_s24le", "s32", 192000, "stereo"),
    Recipe("float.wav", "pcm_f32le", "flt", 48000),
    Recipe("ulaw.wav", "pcm_mulaw", "s16", 8000),
    Recipe("alaw.wav", "pcm_alaw", "s16", 8000),
    Recipe("adpcm_ms.wav", "adpcm_ms", "s16"),
    Recipe("adpcm_ima.wav", "adpcm_ima_wav", "s16p"),
    Recipe("voice.opus", "libopus", "s16", 48000),
    Recipe("music.ogg", "vorbis", "fltp", 44100, "stereo"),
    Recipe("flac.ogg", "flac", "s16"),
    Recipe("lossless.flac", "flac", "s16"),
    Recipe("phone.m4a", "aac", "fltp", 44100),
    Recipe("lossless.m4a", "alac", "s16p", 44100, "stereo"),
    Recipe("radio.aac", "aac", "fltp"),
)


def tone(rate: int, seconds: float, peak: int = PEAK) -> bytes:
    """A sine of ``PITCH_HZ``, s16le mono."""
    step = 2 * math.pi * PITCH_HZ / rate
    return array(
        "h", (int(peak * math.sin(i * step)) for i in range(int(rate * seconds)))
    ).tobytes()


def encode(recipe: Recipe, folder: Path, pcm: bytes, **options: str) -> Path:
    """Encode s16le mono samples of ``recipe.rate`` to a file."""
    path = folder / recipe.name
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(
            recipe.encoder, recipe.rate, {"strict": "experimental"}, layout=recipe.layout
        )
        assert isinstance(stream, av.AudioStream)
        context = stream.codec_context
        context.format = av.AudioFormat(recipe.sample_format)
        context.open()
        frame = av.AudioFrame(format="s16", layout=recipe.layout, samples=len(pcm) // 2)
        both = array("h", bytes(len(pcm) * recipe.channels))
        for channel in range(recipe.channels):
            both[channel :: recipe.channels] = array("h", pcm)
        frame.planes[0].update(both.tobytes())
        frame.sample_rate, frame.pts = recipe.rate, 0
        resampler = av.AudioResampler(
            recipe.sample_format, recipe.layout, recipe.rate, context.frame_size or None
        )
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(part))
    return path


def long_silent_mp3(path: Path, hours: int) -> Path:
    """Silence without end: the same MPEG frames over and over (8 kbit/s)."""
    recipe = Recipe(path.name, "libmp3lame", "s16p", 8000)
    encode(recipe, path.parent, bytes(16000 * 36), write_xing="0", id3v2_version="0")
    path.write_bytes(path.read_bytes() * (100 * hours))
    return path


def silent_video(path: Path) -> Path:
    """An MP4 that has a picture and no sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    return path


def wav(
    pcm: bytes,
    *,
    channels: int = 1,
    rate: int = 8000,
    data_size: int | None = None,
) -> bytes:
    """A 16-bit WAV whose header may lie."""
    size = len(pcm) if data_size is None else data_size
    frame = 2 * channels & 0xFFFF
    shape = struct.pack("<HHIIHH", 1, channels, rate, rate * frame & 0xFFFFFFFF, frame, 16)
    riff = struct.pack("<4sI4s4sI", b"RIFF", size + 36 & 0xFFFFFFFF, b"WAVE", b"fmt ", 16)
    return riff + shape + struct.pack("<4sI", b"data", size) + pcm


def with_cover(mp3: bytes, picture_size: int) -> bytes:
    """An MP3 behind an ID3v2.3 tag with a (broken) cover picture of that many bytes."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(picture_size)
    content = b"\0image/png\0\x03\0" + picture
    frame = b"APIC" + struct.pack(">IH", len(content), 0) + content
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + mp3


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def damaged(data: bytes, spots: int, seed: int) -> bytes:
    """``data`` with so many of its bytes replaced."""
    dice = random.Random(seed)
    out = bytearray(data)
    for _ in range(spots):
        out[dice.randrange(len(out))] = dice.randrange(256)
    return bytes(out)
