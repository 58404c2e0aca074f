"""The decoder on every format it promises, and on files that mean harm."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from ringbolt.core.errors import AudioUnplayable, Unavailable
from ringbolt.voice.audio.decoder import AudioDecoder, AudioInfo
from support.audio_files import (
    PEAK,
    PITCH_HZ,
    RECIPES,
    Recipe,
    damaged,
    encode,
    long_silent_mp3,
    noise,
    silent_video,
    tone,
    wav,
    with_cover,
)
from support.waiting import PATIENCE_S

SECONDS = 2


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("samples")
    return {r.name: encode(r, folder, tone(r.rate, SECONDS)) for r in RECIPES}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "out.pcm"


@pytest.fixture
def decoder() -> AudioDecoder:
    return AudioDecoder()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


async def decode(
    path: Path, into: Path, max_ms: int = 60_000, timeout_s: float = PATIENCE_S
) -> array[int]:
    """Decode and check that the time told is the time written."""
    duration_ms = await AudioDecoder().decode(path, into, max_ms=max_ms, timeout_s=timeout_s)
    pcm = into.read_bytes()
    assert duration_ms == len(pcm) // 16
    return array("h", pcm)


async def refused(path: Path, into: Path) -> AudioUnplayable:
    with pytest.raises(AudioUnplayable) as probing:
        await AudioDecoder().probe(path)
    with pytest.raises(AudioUnplayable) as decoding:
        await AudioDecoder().decode(path, into, max_ms=60_000, timeout_s=PATIENCE_S)
    assert decoding.value.code == probing.value.code
    assert not into.exists()
    return probing.value


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
async def test_every_format_is_recognised(
    recipe: Recipe, samples: dict[str, Path], decoder: AudioDecoder
) -> None:
    info = await decoder.probe(samples[recipe.name])

    assert (info.codec, info.sample_rate, info.channels) == (
        recipe.codec,
        recipe.rate,
        recipe.channels,
    )
    assert info.duration_ms == pytest.approx(SECONDS * 1000, abs=150)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
async def test_every_format_becomes_the_same_telephone_audio(
    recipe: Recipe, samples: dict[str, Path], into: Path
) -> None:
    pcm = await decode(samples[recipe.name], into)

    assert len(pcm) == pytest.approx(SECONDS * 8000, abs=1200)
    middle = pcm[4000:12000]
    rises = sum(1 for a, b in pairwise(middle) if a < 0 <= b)
    assert rises == pytest.approx(PITCH_HZ, abs=3), "the pitch is kept"
    assert max(middle) == pytest.approx(PEAK, rel=0.12), "the loudness is kept"
    assert into.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
async def test_the_beginning_of_every_format_is_recognised(
    recipe: Recipe, samples: dict[str, Path], decoder: AudioDecoder, tmp_path: Path
) -> None:
    data = samples[recipe.name].read_bytes()
    cut = written(tmp_path / "cut", data[: len(data) // 2])

    info = await decoder.probe(cut, complete=False)

    # what the header does not say must not be guessed from the size of a part
    assert info.duration_ms in (None, pytest.approx(SECONDS * 1000, abs=150))


async def test_no_more_is_decoded_than_was_asked_for(samples: dict[str, Path], into: Path) -> None:
    assert len(await decode(samples["stereo.mp3"], into, max_ms=700)) == 5600


async def test_hours_of_silence_are_read_to_the_limit_and_refused(
    tmp_path: Path, into: Path
) -> None:
    path = long_silent_mp3(tmp_path / "six_hours.mp3", hours=6)
    assert path.stat().st_size > 20_000_000

    with pytest.raises(AudioUnplayable, match="silent") as refusal:
        await decode(path, into, max_ms=60_000)

    assert refusal.value.code == "AUDIO_SILENT"
    assert not into.exists()


async def test_float_samples_beyond_the_scale_are_clipped(tmp_path: Path, into: Path) -> None:
    quiet = encode(Recipe("f.wav", "pcm_f32le", "flt", 8000), tmp_path, tone(8000, 1)).read_bytes()
    start = quiet.index(b"data") + 8
    floats = struct.unpack(f"<{(len(quiet) - start) // 4}f", quiet[start:])
    loud = struct.pack(f"<{len(floats)}f", *(5 * x for x in floats))

    pcm = await decode(written(tmp_path / "loud.wav", quiet[:start] + loud), into)

    assert (max(pcm), min(pcm)) == (32767, -32768)
    rises = sum(1 for a, b in pairwise(pcm) if a < 0 <= b)
    assert rises == pytest.approx(PITCH_HZ, abs=2), "clipped, not wrapped around"


@pytest.mark.parametrize("data_size", [0xFFFFFFFF, 0, 10_000_000])
async def test_a_wav_with_a_false_length_is_played_to_its_end(
    tmp_path: Path, into: Path, data_size: int
) -> None:
    path = written(tmp_path / "a.wav", wav(tone(8000, 2), data_size=data_size))

    assert len(await decode(path, into)) == 16000


@pytest.mark.parametrize("name", ["pcm.wav", "lossless.flac", "speech.mp3", "voice.opus"])
async def test_a_truncated_file_gives_what_is_there(
    name: str, samples: dict[str, Path], tmp_path: Path, into: Path
) -> None:
    data = samples[name].read_bytes()

    pcm = await decode(written(tmp_path / "cut", data[: len(data) * 2 // 3]), into)

    assert 0.4 * SECONDS * 8000 < len(pcm) < 0.8 * SECONDS * 8000


async def test_slight_damage_is_played_over(
    samples: dict[str, Path], tmp_path: Path, into: Path
) -> None:
    data = damaged(samples["stereo.mp3"].read_bytes(), spots=40, seed=1)

    assert len(await decode(written(tmp_path / "a.mp3", data), into)) > SECONDS * 4000


async def test_great_damage_is_refused(tmp_path: Path, into: Path) -> None:
    radio = Recipe("radio.aac", "aac", "fltp")
    data = bytearray(encode(radio, tmp_path, tone(radio.rate, 20)).read_bytes())
    for at in range(3000, len(data) - 8, 300):
        data[at : at + 6] = noise(6, seed=at)

    with pytest.raises(AudioUnplayable, match="too much of it is damaged") as refusal:
        await decode(written(tmp_path / "a.aac", bytes(data)), into)

    assert refusal.value.code == "AUDIO_DAMAGED"


async def test_a_cover_picture_is_passed_over(
    samples: dict[str, Path], tmp_path: Path, into: Path
) -> None:
    data = with_cover(samples["speech.mp3"].read_bytes(), 400_000)
    whole = written(tmp_path / "a.mp3", data)
    cut = written(tmp_path / "cut.mp3", data[:262_144])

    assert len(await decode(whole, into)) == pytest.approx(SECONDS * 8000, abs=1200)
    assert (await AudioDecoder().probe(cut, complete=False)).codec == "mp3"


async def test_notes_of_the_studio_before_the_sound_are_passed_over(
    tmp_path: Path, into: Path
) -> None:
    """A WAV whose first 300,000 bytes are a chunk that is not sound."""
    sound = wav(tone(8000, 2))
    data = sound[:36] + b"iXML" + struct.pack("<I", 300_001) + bytes(300_002) + sound[36:]
    whole = written(tmp_path / "a.wav", data)
    cut = written(tmp_path / "cut.wav", data[:262_144])

    assert len(await decode(whole, into)) == 16000
    assert (await AudioDecoder().probe(whole)).duration_ms == 2000
    assert await AudioDecoder().probe(cut, complete=False) == AudioInfo("wav", None, 0, 0)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "AUDIO_EMPTY", "empty"),
        (b"\n <!DOCTYPE html><html>", "AUDIO_NOT_AUDIO", "a web page (HTML)"),
        (b"<html><body>Sign in</body>", "AUDIO_NOT_AUDIO", "a web page (HTML)"),
        (b'{"error": "expired"}', "AUDIO_NOT_AUDIO", "JSON"),
        (b'<?xml version="1.0"?><Error/>', "AUDIO_NOT_AUDIO", "XML"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "AUDIO_NOT_AUDIO", "a playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "AUDIO_NOT_AUDIO", "a playlist"),
        (b"[playlist]\nFile1=file:///etc/passwd\n", "AUDIO_NOT_AUDIO", "a playlist"),
        ("Grüße aus Köln".encode()[:-1], "AUDIO_NOT_AUDIO", "a text"),
        (b"%PDF-1.7\n", "AUDIO_NOT_AUDIO", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "AUDIO_NOT_AUDIO", "a picture"),
        (b"PK\x03\x04" + bytes(50), "AUDIO_NOT_AUDIO", "ZIP"),
        (b"\x1f\x8b\x08" + bytes(50), "AUDIO_NOT_AUDIO", "gzip"),
        (bytes(5000), "AUDIO_NOT_AUDIO", "not in an audio format"),
        (wav(b"", channels=65535), "AUDIO_UNSUPPORTED", "65535 channels"),
        (wav(tone(8000, 1), rate=1), "AUDIO_UNSUPPORTED", "sample rate is 1 Hz"),
        (wav(tone(8000, 1), channels=9), "AUDIO_UNSUPPORTED", "9 channels"),
        (wav(tone(8000, 1), rate=192_001), "AUDIO_UNSUPPORTED", "192001 Hz"),
    ],
)
async def test_what_cannot_be_played_is_refused_in_plain_words(
    tmp_path: Path, into: Path, data: bytes, code: str, words: str
) -> None:
    error = await refused(written(tmp_path / "a.mp3", data), into)

    assert error.code == code
    assert words in error.message


@pytest.mark.parametrize(
    "data",
    [
        wav(tone(8000, 1), channels=0),
        wav(tone(8000, 1), rate=0),
        wav(tone(8000, 1), rate=4_000_000_000),
        wav(tone(8000, 1), channels=65535, rate=192_000),
        noise(100_000, seed=7),
        noise(300, seed=8),
        b"OggS" + noise(5000, seed=9),
        b"fLaC" + noise(5000, seed=10),
        b"\0\0\0\x18ftypM4A " + noise(5000, seed=11),
        b"\xff\xfb" + noise(5000, seed=12),
        b"\xff",
    ],
)
async def test_files_made_to_harm_are_refused(tmp_path: Path, into: Path, data: bytes) -> None:
    error = await refused(written(tmp_path / "a.wav", data), into)

    assert error.code in ("AUDIO_NOT_AUDIO", "AUDIO_UNSUPPORTED", "AUDIO_DAMAGED")


async def test_a_wav_header_without_sound_cannot_be_decoded(tmp_path: Path, into: Path) -> None:
    with pytest.raises(AudioUnplayable) as refusal:
        await decode(written(tmp_path / "a.wav", wav(b"")), into)

    assert refusal.value.code == "AUDIO_DAMAGED"
    assert not into.exists()


async def test_a_video_without_sound_is_refused(tmp_path: Path, into: Path) -> None:
    error = await refused(silent_video(tmp_path / "a.mp4"), into)

    assert error.code == "AUDIO_NOT_AUDIO"
    assert "no sound" in error.message


async def test_time_is_limited(samples: dict[str, Path], into: Path) -> None:
    with pytest.raises(AudioUnplayable) as refusal:
        await decode(samples["speech.mp3"], into, timeout_s=0.005)

    assert refusal.value.code == "AUDIO_TIMEOUT"
    assert not into.exists()


def pretend_python(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    fake = folder / "python"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))


async def test_a_decoder_that_crashes_blames_the_file(
    samples: dict[str, Path], into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_python(monkeypatch, tmp_path, "kill -SEGV $$")

    assert (await refused(samples["pcm.wav"], into)).code == "AUDIO_DAMAGED"


async def test_a_decoder_that_does_not_start_does_not_blame_the_file(
    samples: dict[str, Path], into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_python(monkeypatch, tmp_path, "echo No module named av >&2; exit 1")

    with pytest.raises(Unavailable, match="No module named av"):
        await decode(samples["pcm.wav"], into)
    assert not into.exists()


async def test_the_decoder_gets_no_secrets(
    samples: dict[str, Path], into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBOLT_SECRET", "hush")
    pretend_python(monkeypatch, tmp_path, f"env > {tmp_path}/seen; kill -KILL $$")

    await refused(samples["pcm.wav"], into)

    seen = (tmp_path / "seen").read_text()
    assert "PYTHONPATH=" in seen
    assert "hush" not in seen


async def test_the_decoder_writes_no_compiled_modules_that_its_limit_would_cut(
    samples: dict[str, Path], into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_python(monkeypatch, tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/seen; kill -KILL $$')

    await refused(samples["pcm.wav"], into)

    assert "-B" in (tmp_path / "seen").read_text().split()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("bytearray(600_000_000)", "MemoryError"),
        ("os.write(1, bytes(2000)); os.write(1, b'x')", "File too large"),
        ("w.limit_open_files(); [os.dup(0) for _ in range(20)]", "Too many open files"),
    ],
)
def test_the_decoder_is_limited(action: str, outcome: str, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom ringbolt.voice.audio import decode_worker as w\n"
        f"w.limit_resources(5, 2000)\n{action}"
    )
    with (tmp_path / "out").open("wb") as out:
        child = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            check=False,
        )

    assert outcome in child.stderr
