"""Compressed files as people have them: heard right, and never said to be shorter than they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from ringbolt.core.errors import AudioUnplayable
from ringbolt.voice.audio.decode_worker import answer_of
from ringbolt.voice.audio.decoder import AudioDecoder
from ringbolt.voice.audio.file_kind import foreign_kind
from ringbolt.voice.audio.unplayable import Unplayable
from support.encoded import encoded, with_id3
from support.odd_wavs import RATE, level, likeness, samples, voice

VOICE = voice(seconds=3.0)
RMS = float(numpy.sqrt((VOICE**2).mean()))
BARE = {"write_xing": "0", "id3v2_version": "0"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}
STEREO = numpy.stack([VOICE, VOICE])


@cache
def mp3() -> bytes:
    return encoded(VOICE, "libmp3lame", "mp3", 16000)


@cache
def aac() -> bytes:
    return encoded(VOICE, "aac", "adts", 44100)


@cache
def flac() -> bytes:
    return encoded(VOICE, "flac", "flac", 44100)


def flac_without_a_count() -> bytes:
    whole = flac()
    return whole[:21] + bytes([whole[21] & 0xF0]) + bytes(4) + whole[26:]


HEARD: dict[str, Callable[[], bytes]] = {
    "MP3": mp3,
    "MP3 without a count": lambda: encoded(VOICE, "libmp3lame", "mp3", 44100, options=BARE),
    "MP3 of variable rate without a count": lambda: encoded(
        STEREO, "libmp3lame", "mp3", 44100, options=BARE, codec_options={"q": "2"}
    ),
    "MP3, 8 kHz, 8 kbit/s": lambda: encoded(
        VOICE, "libmp3lame", "mp3", 8000, bit_rate=8000, options=BARE
    ),
    "MP3, cover of 2 MB": lambda: with_id3(mp3(), 2_000_000),
    "MP3, two tags before, two behind": lambda: (
        with_id3(with_id3(mp3(), 99), 999) + (b"APETAGEX" + bytes(24) + b"TAG" + bytes(125))
    ),
    "MP3 behind zeros": lambda: bytes(4000) + mp3(),
    "MP2": lambda: encoded(VOICE, "mp2", "mp2", 16000),
    "AAC": aac,
    "AAC with a tag": lambda: with_id3(aac(), 3000),
    "M4A, index at the end": lambda: encoded(VOICE, "aac", "ipod", 44100),
    "M4A, index first": lambda: encoded(VOICE, "aac", "ipod", options={"movflags": "faststart"}),
    "M4A in fragments": lambda: encoded(VOICE, "aac", "mp4", options=FRAGMENTS),
    "M4A, lossless": lambda: encoded(VOICE, "alac", "ipod", 44100),
    "3GP with AAC": lambda: encoded(VOICE, "aac", "3gp", 16000),
    "MOV, 16 bits, big-endian": lambda: encoded(VOICE, "pcm_s16be", "mov", 16000),
    "MOV, 24 bits": lambda: encoded(VOICE, "pcm_s24le", "mov"),
    "MOV, float": lambda: encoded(VOICE, "pcm_f32le", "mov"),
    "Opus": lambda: encoded(VOICE, "libopus", "ogg"),
    "Opus at 6 kbit/s": lambda: encoded(VOICE, "libopus", "ogg", bit_rate=6000),
    "Vorbis": lambda: encoded(STEREO, "vorbis", "ogg", 44100),
    "FLAC": flac,
    "FLAC with a tag": lambda: with_id3(flac(), 3000),
    "FLAC without a count": flac_without_a_count,
    "MP3 in a WAV": lambda: encoded(VOICE, "libmp3lame", "wav", 16000),
    "A-law": lambda: encoded(VOICE, "pcm_alaw", "wav", 8000),
    "mu-law": lambda: encoded(VOICE, "pcm_mulaw", "wav", 8000),
    "ADPCM (Microsoft)": lambda: encoded(VOICE, "adpcm_ms", "wav", 16000),
    "ADPCM (IMA)": lambda: encoded(VOICE, "adpcm_ima_wav", "wav", 16000),
    "ADPCM (Yamaha)": lambda: encoded(VOICE, "adpcm_yamaha", "wav", 16000),
    "RF64": lambda: encoded(VOICE, "pcm_s16le", "wav", 16000, options={"rf64": "always"}),
    "WAV of a radio station": lambda: encoded(
        VOICE, "pcm_s16le", "wav", options={"write_bext": "1"}
    ),
}


def decoded(data: bytes, max_ms: int = 60_000) -> bytes:
    out = io.BytesIO()
    answer_of(av, "decode", max_ms, io.BytesIO(data), out)
    return out.getvalue()


def probed_ms(data: bytes) -> int:
    duration_ms = answer_of(av, "probe", 0, io.BytesIO(data), io.BytesIO())["duration_ms"]
    assert isinstance(duration_ms, int)
    return duration_ms


@pytest.mark.parametrize("make", HEARD.values(), ids=HEARD.keys())
def test_what_can_be_played_is_played_right(make: Callable[[], bytes]) -> None:
    data = make()
    pcm = decoded(data)

    assert foreign_kind(data[:4096]) is None
    assert likeness(pcm, VOICE) > 0.9
    assert level(pcm) == pytest.approx(RMS, rel=0.2)
    assert probed_ms(data) == pytest.approx(len(pcm) / 16, abs=20)
    assert len(pcm) / 16 == pytest.approx(3000, abs=200)


LONG = numpy.concatenate([VOICE * 0, *[VOICE] * 9])
COUNTED: dict[str, Callable[[], bytes]] = {
    "MP3 of variable rate without a count": lambda: encoded(
        LONG, "libmp3lame", "mp3", 44100, options=BARE, codec_options={"q": "9"}
    ),
    "MP3 with a count": lambda: encoded(LONG, "libmp3lame", "mp3", 16000),
    "MP3s one behind the other": lambda: (
        encoded(LONG[: RATE * 5], "libmp3lame", "mp3", 16000)
        + encoded(LONG[RATE * 5 :], "libmp3lame", "mp3", 16000)
    ),
    "AACs one behind the other": lambda: aac() * 10,
    "Opus one behind the other": lambda: b"".join(
        encoded(VOICE, "libopus", "ogg", bit_rate=12000) for _ in range(10)
    ),
    "M4A in fragments": lambda: encoded(LONG, "aac", "mp4", options=FRAGMENTS),
    "FLAC": lambda: encoded(LONG, "flac", "flac", 16000),
}


@pytest.mark.parametrize("make", COUNTED.values(), ids=COUNTED.keys())
def test_a_length_is_counted_and_never_too_short(make: Callable[[], bytes]) -> None:
    """Beyond what is decoded before payment."""
    data = make()
    really_ms = len(decoded(data)) / 16

    assert really_ms == pytest.approx(30_000, abs=1000)
    assert -50 < probed_ms(data) - really_ms < 1500


@pytest.mark.parametrize("name", ["MP3 of variable rate without a count", "Opus", "AAC", "MP2"])
async def test_a_length_is_not_guessed_from_the_beginning(name: str, tmp_path: Path) -> None:
    path = tmp_path / "beginning"
    path.write_bytes(HEARD[name]()[:-2000])

    assert (await AudioDecoder().probe(path, complete=False)).duration_ms is None


NOISE = numpy.random.default_rng(3).normal(0, 0.1, RATE * 3)


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (
            lambda: encoded(VOICE, "libopencore_amrnb", "3gp", 8000, bit_rate=12200),
            "AUDIO_UNSUPPORTED",
            "coding (amrnb)",
        ),
        (
            lambda: encoded(VOICE, "libopus", "ogg") + encoded(STEREO, "libopus", "ogg"),
            "AUDIO_UNSUPPORTED",
            "in the middle",
        ),
        (lambda: encoded(VOICE, "g726", "wav", 8000), "AUDIO_UNSUPPORTED", "coding (g726)"),
        (lambda: encoded(VOICE, "aac", "wav", 16000), "AUDIO_UNSUPPORTED", "AAC in a WAV"),
        (lambda: encoded(VOICE * 0, "libmp3lame", "mp3"), "AUDIO_SILENT", "silent"),
        (lambda: encoded(VOICE * 0, "libopus", "ogg"), "AUDIO_SILENT", "silent"),
        (lambda: encoded(VOICE / 5000, "flac", "flac"), "AUDIO_SILENT", "too quiet"),
        (lambda: encoded(NOISE, "libmp3lame", "mp3"), "AUDIO_NOISE", "nothing but noise"),
        (lambda: encoded(NOISE, "flac", "flac"), "AUDIO_NOISE", "nothing but noise"),
        (
            lambda: encoded(VOICE, "aac", "ipod", 44100)[:9000],
            "AUDIO_DAMAGED",
            "begins as MP4 does, and is cut off",
        ),
        (lambda: samples(VOICE, "s16"), "AUDIO_NOT_AUDIO", "not in an audio format that is known"),
        (lambda: samples(VOICE, "f32"), "AUDIO_NOT_AUDIO", "not in an audio format that is known"),
        (lambda: samples(NOISE, "s16"), "AUDIO_NOT_AUDIO", "not in an audio format that is known"),
    ],
)
def test_what_cannot_be_heard_is_refused_before_payment(
    make: Callable[[], bytes], code: str, words: str
) -> None:
    with pytest.raises(Unplayable) as refusal:
        probed_ms(make())

    assert (refusal.value.code, words in refusal.value.message) == (code, True)


def two_tracks(encoders: tuple[str, str]) -> bytes:
    """A MOV with the voice in two codings."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as container:
        streams: list[Any] = [container.add_stream(each, 48000, layout="mono") for each in encoders]
        for stream in streams:
            stream.codec_context.open()
        for stream in streams:
            context = stream.codec_context
            frame = av.AudioFrame.from_ndarray(
                VOICE.astype("f4")[None], format="fltp", layout="mono"
            )
            frame.sample_rate = RATE
            size = context.frame_size or None
            resampler = av.AudioResampler(context.format, context.layout, 48000, size)
            for part in [*resampler.resample(frame), *resampler.resample(None), None]:
                container.mux(stream.encode(part))
    return file.getvalue()


@pytest.mark.parametrize("encoders", [("ac3", "aac"), ("aac", "ac3")])
def test_of_several_tracks_the_first_that_is_known_is_played(encoders: tuple[str, str]) -> None:
    assert likeness(decoded(two_tracks(encoders)), VOICE) > 0.95


@pytest.mark.parametrize("seed", range(8))
def test_frames_found_by_accident_are_not_played(seed: int) -> None:
    """A frame of MP3 or AAC is recognised by 11 or 12 bits; here one stands now and then."""
    dice = numpy.random.default_rng(seed)
    frame = encoded(VOICE, "libmp3lame", "mp3", 44100, options=BARE)[:418]
    data = b"".join(frame + dice.bytes(3000) for _ in range(60))

    with pytest.raises(Unplayable):
        decoded(data)


KINDS = {
    "an AIFF file": ("pcm_s16be", "aiff"),
    "a Core Audio file (CAF)": ("pcm_s16be", "caf"),
    "a Sun audio file (AU)": ("pcm_s16be", "au"),
    "a Wave64 file (W64)": ("pcm_s16le", "w64"),
    "a WavPack file": ("wavpack", "wv"),
    "a True Audio file (TTA)": ("tta", "tta"),
    "a Creative Voice file (VOC)": ("pcm_u8", "voc"),
    "an IRCAM file": ("pcm_s16le", "ircam"),
    "an AMR file": ("libopencore_amrnb", "amr"),
    "a WebM or Matroska file": ("libopus", "webm"),
    "a video (AVI)": ("pcm_s16le", "avi"),
    "an MPEG transport stream (TS)": ("aac", "mpegts"),
    "a Flash video (FLV)": ("aac", "flv"),
    "an AC-3 file": ("ac3", "ac3"),
}


@pytest.mark.parametrize(("kind", "made"), KINDS.items(), ids=KINDS.keys())
async def test_what_is_not_taken_is_called_by_its_name(
    kind: str, made: tuple[str, str], tmp_path: Path
) -> None:
    encoder, format_name = made
    rates = {"libopencore_amrnb": 8000, "aac": 44100}
    path = tmp_path / "sound.mp3"
    path.write_bytes(encoded(VOICE, encoder, format_name, rates.get(encoder, 48000)))

    with pytest.raises(AudioUnplayable, match="not audio that can be played") as refusal:
        await AudioDecoder().probe(path)

    assert refusal.value.code == "AUDIO_NOT_AUDIO"
    assert kind in refusal.value.message
