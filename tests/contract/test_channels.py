"""Channels that cancel each other, are empty, or are many: what is in them is heard."""

from __future__ import annotations

import io

import av
import numpy
import pytest

from ringbolt.voice.audio.decode_worker import answer_of
from support.encoded import encoded
from support.odd_wavs import RATE, Array, extensible, form, level, likeness, riff, samples, voice

VOICE = voice(seconds=3.0)
OTHER = voice(seconds=3.0)[::-1]
QUIET = numpy.zeros(len(VOICE))
NOISE = numpy.random.default_rng(5).normal(0, 0.0005, len(VOICE))
RMS = float(numpy.sqrt((VOICE**2).mean()))
FIRST = numpy.arange(len(VOICE)) < len(VOICE) // 2


def heard(channels: list[Array], mask: int = 0) -> bytes:
    sound = numpy.stack(channels, axis=1)
    fmt = extensible(1, 16, 16, len(channels), mask=mask) if mask else form(1, 16, len(channels))
    out = io.BytesIO()
    answer_of(av, "decode", 60_000, io.BytesIO(riff(fmt, samples(sound, "s16"))), out)
    return out.getvalue()


LEFT_RIGHT = 0x3
SURROUND = 0x3F

ALONE: dict[str, tuple[list[Array], int]] = {
    "in phase": ([VOICE, VOICE], 0),
    "opposite": ([VOICE, -VOICE], 0),
    "opposite, with positions": ([VOICE, -VOICE], LEFT_RIGHT),
    "opposite, one quieter": ([VOICE, -0.8 * VOICE], 0),
    "opposite, with noise": ([VOICE + NOISE, NOISE - VOICE], 0),
    "opposite in the second half": ([VOICE, numpy.where(FIRST, VOICE, -VOICE)], 0),
    "opposite but for a second": (
        [VOICE, numpy.where(numpy.arange(len(VOICE)) < RATE, 1, -1) * VOICE],
        0,
    ),
    "left only": ([VOICE, QUIET], 0),
    "right only": ([QUIET, VOICE], 0),
    "right only, hiss on the left": ([NOISE, VOICE], 0),
    "right with an offset": ([VOICE, QUIET + 0.4], 0),
    "three, two of them opposite": ([VOICE, -VOICE, QUIET], 0),
    "four, in opposite pairs": ([VOICE, -VOICE, VOICE, -VOICE], 0),
    "one of four": ([QUIET, QUIET, VOICE, QUIET], 0),
    "one of eight": ([QUIET] * 7 + [VOICE], 0),
    "six, three of them opposite": ([VOICE] * 3 + [-VOICE] * 3, 0),
    "centre of a film": ([QUIET, QUIET, VOICE, QUIET, QUIET, QUIET], SURROUND),
    "front of a film, opposite": ([VOICE, -VOICE, QUIET, QUIET, QUIET, QUIET], SURROUND),
    "back of a film": ([QUIET, QUIET, QUIET, QUIET, QUIET, VOICE], SURROUND),
    "low frequencies of a film": ([VOICE, VOICE, VOICE, OTHER, VOICE, VOICE], SURROUND),
}


@pytest.mark.parametrize(("channels", "mask"), ALONE.values(), ids=ALONE.keys())
def test_a_voice_is_heard_whatever_channels_it_is_in(channels: list[Array], mask: int) -> None:
    pcm = heard(channels, mask)

    assert len(pcm) == pytest.approx(len(VOICE) * 16000 / RATE, abs=200)
    assert likeness(pcm, VOICE) > 0.97
    assert level(pcm) == pytest.approx(RMS, rel=0.25)


def test_two_voices_on_two_channels_are_both_heard() -> None:
    pcm = heard([VOICE, OTHER])

    assert likeness(pcm, (VOICE + OTHER) / 2) > 0.99


def test_two_who_talk_in_turn_are_both_heard() -> None:
    pcm = heard([VOICE * FIRST, OTHER * ~FIRST])

    assert likeness(pcm, VOICE * FIRST + OTHER * ~FIRST) > 0.99
    assert level(pcm) > RMS / 3


def test_eight_who_talk_in_turn_are_all_heard() -> None:
    turn = numpy.arange(len(VOICE)) * 8 // len(VOICE)

    pcm = heard([VOICE * (turn == n) for n in range(8)])

    assert likeness(pcm, VOICE) > 0.97
    assert level(pcm) > RMS / 4


def test_a_hidden_voice_behind_music_in_phase_is_heard() -> None:
    """The sum would be the music alone."""
    music = 0.3 * numpy.sin(numpy.arange(len(VOICE)) * 2 * numpy.pi * 880 / RATE)

    pcm = heard([music / 3 + VOICE, music / 3 - VOICE])

    assert likeness(pcm, music / 3 + VOICE) > 0.97


def test_the_sum_of_loud_channels_is_not_distorted() -> None:
    loud = VOICE / numpy.abs(VOICE).max()

    pcm = heard([loud, loud])

    assert likeness(pcm, VOICE) > 0.99


@pytest.mark.parametrize("encoder", ["libmp3lame", "aac", "libopus", "flac"])
def test_opposite_channels_are_heard_in_compressed_files_too(encoder: str) -> None:
    container_name = {"libmp3lame": "mp3", "aac": "adts", "libopus": "ogg", "flac": "flac"}[encoder]
    data = encoded(numpy.stack([VOICE, -VOICE]), encoder, container_name)

    out = io.BytesIO()
    answer_of(av, "decode", 60_000, io.BytesIO(data), out)

    assert likeness(out.getvalue(), VOICE) > 0.9
    assert level(out.getvalue()) == pytest.approx(RMS, rel=0.25)
