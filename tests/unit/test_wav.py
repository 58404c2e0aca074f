"""WAV files that Ringbolt writes, as the standard library reads them."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import pytest

from ringbolt.voice.audio.wav import HEADER_SIZE, WavWriter, read_wav, wav_bytes, wav_header

PCM = struct.pack("<800h", *range(-400, 400))


def test_a_written_file_reads_in_the_standard_library() -> None:
    with wave.open(io.BytesIO(wav_bytes(PCM))) as file:
        shape = (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())

        assert shape == (1, 2, 8000, 800)
        assert file.readframes(800) == PCM


def test_what_was_written_is_read_back() -> None:
    audio = read_wav(wav_bytes(PCM, 16000))

    assert (audio.pcm, audio.sample_rate, audio.duration_ms) == (PCM, 16000, 50)


def test_a_file_of_unknown_length_gives_all_that_is_there() -> None:
    audio = read_wav(wav_header(None) + PCM)

    assert audio.pcm == PCM


def test_a_file_cut_short_gives_whole_samples() -> None:
    audio = read_wav(wav_bytes(PCM)[:-3])

    assert audio.pcm == PCM[:-4]


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF", b"<html>", wav_bytes(PCM)[:20], b"RIFF\x04\0\0\0WAVE"],
    ids=["empty", "start", "html", "half a header", "no chunks"],
)
def test_something_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="WAV"):
        read_wav(data)


def test_stereo_is_refused() -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(PCM)

    with pytest.raises(ValueError, match="mono"):
        read_wav(out.getvalue())


def test_a_growing_file_is_whole_after_every_flush(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    with WavWriter(path) as writer:
        writer.write(PCM)
        writer.flush()
        first = read_wav(path)
        writer.write(PCM)
        assert writer.duration_ms == 200

    assert first.pcm == PCM
    assert read_wav(path).pcm == PCM * 2
    assert path.stat().st_size == HEADER_SIZE + 2 * len(PCM)
