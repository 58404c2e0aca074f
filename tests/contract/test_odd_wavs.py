"""WAV files of every coding, order and layout of chunks: played as they were meant, or refused."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy
import pytest

from ringbolt.voice.audio.decode_worker import answer_of
from ringbolt.voice.audio.g711 import encode_alaw, encode_ulaw
from ringbolt.voice.audio.riff import MAX_CHUNKS
from ringbolt.voice.audio.unplayable import Unplayable
from support.odd_wavs import (
    RATE,
    Array,
    chunk,
    extensible,
    form,
    level,
    likeness,
    riff,
    samples,
    voice,
)

VOICE = voice()
PCM = samples(VOICE, "s16")
PCM_FORM = form(1, 16)
LONG = b"x" * 300_001


def decoded(data: bytes, max_ms: int = 60_000) -> tuple[dict[str, Any], bytes]:
    out = io.BytesIO()
    return answer_of(av, "decode", max_ms, io.BytesIO(data), out), out.getvalue()


def probed(data: bytes, action: str = "probe") -> dict[str, Any]:
    return answer_of(av, action, 0, io.BytesIO(data), io.BytesIO())


def refused(data: bytes, action: str = "probe") -> Unplayable:
    with pytest.raises(Unplayable) as refusal:
        probed(data, action)
    with pytest.raises(Unplayable) as decoding:
        decoded(data)
    assert decoding.value.code == refusal.value.code
    return refusal.value


def assert_heard(data: bytes, *, least: float = 0.99, seconds: float = 2.0) -> None:
    """The voice is heard, as loud as it is, for as long as it lasts, and the probe knew it."""
    answer, heard = decoded(data)
    assert likeness(heard, VOICE) > least
    assert level(heard) == pytest.approx(float(numpy.sqrt((VOICE**2).mean())), rel=0.1)
    assert answer["duration_ms"] == pytest.approx(seconds * 1000, abs=15)
    assert probed(data)["duration_ms"] == pytest.approx(seconds * 1000, abs=15)


PLAIN = {
    "8 bits": (form(1, 8), "u8"),
    "16 bits": (form(1, 16), "s16"),
    "24 bits": (form(1, 24), "s24"),
    "32 bits": (form(1, 32), "s32"),
    "float": (form(3, 32), "f32"),
    "double": (form(3, 64), "f64"),
    "12 of 16 bits": (form(1, 12), "s12in16"),
    "20 of 24 bits": (form(1, 20), "s20in24"),
    "24 of 32 bits": (form(1, 24, align=4), "s24in32"),
    "float, extensible": (extensible(3, 32, 32), "f32"),
    "12 of 16 bits, extensible": (extensible(1, 16, 12), "s12in16"),
    "20 of 24 bits, extensible": (extensible(1, 24, 20), "s20in24"),
    "24 of 32 bits, extensible": (extensible(1, 32, 24), "s24in32"),
    "20 of 32 bits, extensible": (extensible(1, 32, 20), "s20in32"),
    "no valid bits, extensible": (extensible(1, 16, 0), "s16"),
    "valid bits for size, extensible": (extensible(1, 24, 24)[:14] + b"\x14\0", "s24"),
    "float that is called integer": (form(1, 32), "f32"),
    "double that is called integer": (form(1, 64), "f64"),
    "float, extensible without its coding": (form(0xFFFE, 32), "f32"),
    "16 bits, extensible without its coding": (form(0xFFFE, 16), "s16"),
    "64 bits": (form(1, 64), "s64"),
    "a false block size": (form(1, 16)[:12] + b"\3\0\x10\0", "s16"),
}


@pytest.mark.parametrize(("fmt", "kind"), PLAIN.values(), ids=PLAIN.keys())
def test_every_size_of_a_sample_is_read_right(fmt: bytes, kind: str) -> None:
    assert_heard(riff(fmt, samples(VOICE, kind)))


BIG_ENDIAN = {
    "8 bits": (form(1, 8, order=">"), "u8"),
    "16 bits": (form(1, 16, order=">"), "s16"),
    "24 bits": (form(1, 24, order=">"), "s24"),
    "32 bits": (form(1, 32, order=">"), "s32"),
    "float": (form(3, 32, order=">"), "f32"),
    "double": (form(3, 64, order=">"), "f64"),
    "20 of 24 bits, extensible": (extensible(1, 24, 20, order=">"), "s20in24"),
}


@pytest.mark.parametrize(("fmt", "kind"), BIG_ENDIAN.values(), ids=BIG_ENDIAN.keys())
def test_a_big_endian_wav_is_read_right(fmt: bytes, kind: str) -> None:
    before = chunk(b"LIST", b"odd", ">")

    assert_heard(riff(fmt, samples(VOICE, kind, ">"), start=b"RIFX", before=before))


BEFORE = {
    "LIST": chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 4) + b"abcd"),
    "odd, padded": chunk(b"iXML", b"<a/>?"),
    "odd, not padded": chunk(b"iXML", b"<a/>?", pad=False),
    "odd, not padded, twice": chunk(b"bext", b"abc", pad=False) + chunk(b"JUNK", b"", pad=False),
    "empty": chunk(b"JUNK", b"") * 50,
    "long": chunk(b"id3 ", LONG) + chunk(b"bext", LONG),
    "unknown": chunk(b"Zz9 ", b"\xff" * 999),
    "data inside another": chunk(b"LIST", b"adtldata\x04\0\0\0abcd"),
    "a size with the header": b"LIST" + struct.pack("<I", 12) + b"abcd",
    "a false size": chunk(b"LIST", b"abcd") + b"\0\0\0\0\0\0",
    "fact": chunk(b"fact", struct.pack("<I", 7)),
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_chunks_before_the_sound_are_passed_over(before: bytes) -> None:
    assert_heard(riff(PCM_FORM, PCM, before=before))


AROUND = {
    "size 0": riff(PCM_FORM, PCM, size=0),
    "unknown size": riff(PCM_FORM, PCM, size=0xFFFFFFFF),
    "sox to a pipe": riff(PCM_FORM, PCM, size=0x7FFFF000),
    "too large a size": riff(PCM_FORM, PCM, size=len(PCM) + 12345),
    "RF64": riff(
        PCM_FORM,
        PCM,
        start=b"RF64",
        before=chunk(b"ds64", struct.pack("<QQQI", len(PCM) + 80, len(PCM), 0, 0)),
        size=0xFFFFFFFF,
        after=chunk(b"LIST", bytes(9000)),
    ),
    "BW64 without sizes": riff(
        PCM_FORM, PCM, start=b"BW64", before=chunk(b"ds64", bytes(28)), size=0xFFFFFFFF
    ),
    "chunks behind": riff(PCM_FORM, PCM, after=chunk(b"id3 ", LONG) + chunk(b"LIST", b"x")),
    "rubbish behind": riff(PCM_FORM, PCM, after=b"\0\xff" * 5000),
    "two parts": riff(PCM_FORM, PCM[:20_000], after=chunk(b"data", PCM[20_000:])),
    "format behind": b"RIFF\0\0\0\0WAVE" + chunk(b"data", PCM) + chunk(b"fmt ", PCM_FORM),
    "format twice": riff(PCM_FORM, PCM, before=chunk(b"fmt ", form(1, 8, rate=44100))),
    "a tag before it": b"ID3\x03\0\0\0\0\x02\x00" + bytes(256) + riff(PCM_FORM, PCM),
    "a format of 18 bytes": riff(PCM_FORM + b"\0\0", PCM),
    "a format of 1000 bytes": riff(PCM_FORM + bytes(984), PCM),
    "empty lines before it": b"\xef\xbb\xbf\r\n\n" + riff(PCM_FORM, PCM),
    "a false size of the format": riff(PCM_FORM, PCM).replace(b"fmt \x10", b"fmt \x12"),
    "a false size of the file": b"RIFF\x01\0\0\0" + riff(PCM_FORM, PCM)[8:],
}


@pytest.mark.parametrize("data", AROUND.values(), ids=AROUND.keys())
def test_false_sizes_and_odd_orders_are_understood(data: bytes) -> None:
    assert_heard(data)


@pytest.mark.parametrize("before", [chunk(b"id3 ", LONG), chunk(b"JUNK", LONG) + b"\0"])
def test_the_beginning_of_a_wav_may_hold_no_sound_yet(before: bytes) -> None:
    """The decoder's answer is then that of the file's first bytes."""
    with pytest.raises(Unplayable) as refusal:
        probed(riff(PCM_FORM, PCM, before=before)[:262_144], "probe_cut")

    assert refusal.value.code == "AUDIO_NOT_AUDIO"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (riff(form(1, 16), samples(VOICE, "s16", ">")), "AUDIO_NOISE", "header does not fit"),
        (riff(form(1, 16), samples(VOICE, "s24")), "AUDIO_NOISE", "header does not fit"),
        (riff(form(1, 16), PCM[1:]), "AUDIO_NOISE", "noise"),
        (riff(form(1, 8), PCM), "AUDIO_NOISE", "noise"),
        (riff(form(6, 8), PCM), "AUDIO_NOISE", "header does not fit"),
        (riff(form(7, 8), PCM), "AUDIO_NOISE", "noise"),
        (riff(form(1, 16), samples(VOICE, "f32")), "AUDIO_NOISE", "noise"),
        (riff(form(1, 16), samples(VOICE, "u8")), "AUDIO_NOISE", "noise"),
        (riff(form(3, 32), samples(VOICE, "f32", ">")), "AUDIO_NOISE", "they are not"),
        (riff(form(3, 64), samples(VOICE, "f64", ">")), "AUDIO_NOISE", "they are not"),
        (riff(form(3, 32), samples(VOICE, "s32")), "AUDIO_NOISE", "they are not"),
        (riff(form(1, 32), samples(VOICE, "s32", ">")), "AUDIO_NOISE", "noise"),
        (riff(form(1, 16), bytes(40_000)), "AUDIO_SILENT", "silent"),
        (riff(form(1, 16), b"\x10\x20" * 20_000), "AUDIO_SILENT", "silent"),
        (riff(form(1, 16), samples(VOICE / 2000, "s16")), "AUDIO_SILENT", "too quiet"),
        (riff(form(1, 16), samples(VOICE[4000:4080], "s16")), "AUDIO_SILENT", "too short"),
        (riff(form(1, 8), b"\x80" * 20_000), "AUDIO_SILENT", "silent"),
        (riff(form(3, 16), PCM), "AUDIO_UNSUPPORTED", "floating-point numbers of 16 bits"),
        (riff(form(1, 48), PCM), "AUDIO_UNSUPPORTED", "numbers of 48 bits"),
        (riff(form(2, 4, order=">"), PCM, start=b"RIFX"), "AUDIO_UNSUPPORTED", "RIFX"),
        (riff(PCM_FORM[:10], PCM), "AUDIO_DAMAGED", "header is cut off"),
        (riff(form(0x161, 16), PCM), "AUDIO_UNSUPPORTED", "wmav2"),
        (riff(PCM_FORM, PCM, before=chunk(b"JUNK", b"") * MAX_CHUNKS), "AUDIO_UNSUPPORTED", "4096"),
        (
            b"RIFF\xff\xff\xff\xffWAVE" + chunk(b"LIST", bytes(99)),
            "AUDIO_DAMAGED",
            "begins as WAV does",
        ),
        (riff(PCM_FORM, b""), "AUDIO_DAMAGED", "no sound"),
        (riff(PCM_FORM, b"", after=chunk(b"LIST", bytes(5000))), "AUDIO_DAMAGED", "no sound"),
    ],
)
def test_what_would_be_noise_or_silence_is_refused_with_the_reason(
    data: bytes, code: str, words: str
) -> None:
    error = refused(data)

    assert (error.code, words in error.message) == (code, True), error.message


@pytest.mark.parametrize("loudness", [0.15, 0.5, 1.0])
@pytest.mark.parametrize(
    ("kind", "coding", "bits"),
    [
        ("ulaw", 1, 8),
        ("alaw", 1, 8),
        ("s24", 1, 8),
        ("s32", 1, 8),
        ("s16", 7, 8),
        ("s16be", 6, 8),
        ("u16", 1, 16),
        ("u8", 1, 16),
    ],
)
def test_a_wrong_header_is_noticed_however_loud_the_sound_is(
    kind: str, coding: int, bits: int, loudness: float
) -> None:
    sound = VOICE * loudness
    pcm = samples(sound, "s16")
    raw = {
        "ulaw": encode_ulaw(pcm),
        "alaw": encode_alaw(pcm),
        "s16be": samples(sound, "s16", ">"),
        "u16": (numpy.frombuffer(pcm, "<u2") ^ 0x8000).tobytes(),
    }

    error = refused(riff(form(coding, bits), raw.get(kind) or samples(sound, kind)))

    assert (error.code, "header does not fit" in error.message) == ("AUDIO_NOISE", True)


@pytest.mark.parametrize("pause", [0, 200_000])
@pytest.mark.parametrize("kind", ["u8", "s16", "s24", "s32"])
def test_hiss_in_two_channels_is_no_wrong_header(kind: str, pause: int) -> None:
    """Its channels are alike, and the middle of the file, which is looked at, may be silent."""
    hiss = numpy.diff(numpy.random.default_rng(1).normal(0, 0.1, RATE * 2))
    spoken = numpy.concatenate([hiss, numpy.zeros(pause), hiss])
    both = numpy.stack([spoken, 0.8 * spoken], axis=1)

    data = riff(form(1, int(kind[1:]), 2), samples(both, kind))

    assert probed(data)["channels"] == 2


@pytest.mark.parametrize("kind", ["u8", "s16", "s24", "s32"])
def test_clicks_in_digital_silence_are_no_wrong_header(kind: str) -> None:
    clicks = numpy.random.default_rng(1).normal(0, 0.3, RATE * 4).clip(-0.9, 0.9)
    clicks = numpy.convolve(clicks, [0.5, 0.3, 0.2], "same")
    clicks *= numpy.arange(RATE * 4) % 2000 < 200

    assert probed(riff(form(1, int(kind[1:])), samples(clicks, kind)))["duration_ms"] == 4000


@pytest.mark.parametrize("kind", ["u8", "s16", "s24", "s32"])
def test_a_voice_of_one_bit_is_no_wrong_header(kind: str) -> None:
    data = samples(0.37 * numpy.sign(VOICE), kind)

    assert probed(riff(form(1, int(kind[1:])), data))["duration_ms"] == 2000


def test_noise_shorter_than_a_second_is_noticed() -> None:
    swapped = samples(voice(seconds=0.6), "s16", ">")

    assert refused(riff(PCM_FORM, swapped)).code == "AUDIO_NOISE"
    assert probed(riff(PCM_FORM, samples(voice(seconds=0.6), "s16")))["duration_ms"] == 600


def test_noise_is_noticed_in_the_beginning_of_a_file() -> None:
    data = riff(form(1, 16), samples(VOICE, "s16", ">"))[:-30_000]

    assert refused(data, "probe_cut").code == "AUDIO_NOISE"


def test_silence_at_the_beginning_may_be_followed_by_sound() -> None:
    pause = bytes(2 * RATE * 25)

    assert probed(riff(PCM_FORM, pause), "probe_cut")["codec"] == "pcm_s16le"
    assert probed(riff(PCM_FORM, pause + PCM))["duration_ms"] == 27_000
    with pytest.raises(Unplayable) as refusal:
        decoded(riff(PCM_FORM, pause + PCM), max_ms=10_000)
    assert refusal.value.code == "AUDIO_SILENT"


@pytest.mark.parametrize(
    "sound",
    [
        numpy.clip(VOICE * 20, -1, 1),
        VOICE * 0.5 + numpy.random.default_rng(1).normal(0, 0.1, len(VOICE)),
        numpy.sign(VOICE) * 0.99,
    ],
    ids=["overdriven", "in loud noise", "one bit"],
)
@pytest.mark.parametrize("kind", ["u8", "s16", "s24"])
def test_a_bad_recording_is_not_taken_for_a_false_header(sound: Array, kind: str) -> None:
    """What can be understood is sold, however it sounds."""
    bits = {"u8": 8, "s16": 16, "s24": 24}[kind]

    _, heard = decoded(riff(form(1, bits), samples(numpy.clip(sound, -1, 1), kind)))

    assert likeness(heard, VOICE) > 0.3
