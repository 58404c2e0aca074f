"""WAV headers made to harm: an answer after few reads, whatever they say."""

from __future__ import annotations

import io
import random
import struct

import av
import pytest

from ringbolt.voice.audio.decode_worker import answer_of
from ringbolt.voice.audio.riff import MAX_CHUNKS, read_wav_layout
from ringbolt.voice.audio.unplayable import Unplayable
from support.odd_wavs import chunk, extensible, form, riff, samples, voice

START = b"RIFF\xff\xff\xff\xffWAVE"
WORST = {
    "empty chunks": START + chunk(b"JUNK", b"") * 200_000,
    "chunks of one byte without padding": START + chunk(b"JUNK", b"x", pad=False) * 200_000,
    "empty sounds": START + chunk(b"fmt ", form(1, 16)) + chunk(b"data", b"") * 200_000,
    "sounds of one sample": START + chunk(b"fmt ", form(1, 16)) + chunk(b"data", b"ab") * 200_000,
    "zeros": START + bytes(2_000_000),
    "no name of a chunk": START + b"\xff" * 2_000_000,
    "a name at every byte": START + b"data" * 500_000,
    "chunks in chunks": START + b"".join(b"LIST" + struct.pack("<I", n) for n in range(100_000)),
    "the largest chunk": START + b"JUNK\xff\xff\xff\xff" + bytes(1000),
    "a tag of 256 MB": b"ID3\3\0\0\x7f\x7f\x7f\x7f" + START,
    "a format of 4 GB": START + b"fmt \xff\xff\xff\xff" + bytes(100_000),
}


class Counted(io.BytesIO):
    """A file that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0
        self.bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.reads += 1
        self.bytes += len(data)
        return data


@pytest.mark.parametrize("data", WORST.values(), ids=WORST.keys())
def test_the_worst_headers_take_few_reads(data: bytes) -> None:
    file = Counted(data)
    try:
        read_wav_layout(file)
    except Unplayable as refusal:
        assert refusal.message
    assert file.reads < 5 * MAX_CHUNKS
    assert file.bytes < 3_000_000


@pytest.mark.parametrize("data", WORST.values(), ids=WORST.keys())
def test_the_worst_headers_are_refused_as_files(data: bytes) -> None:
    with pytest.raises(Unplayable):
        answer_of(av, "probe", 0, io.BytesIO(data), io.BytesIO())


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_header_is_played_or_refused(seed: int) -> None:
    dice = random.Random(seed)
    order = dice.choice("<>")
    fmt = dice.choice([form(1, 16, order=order), extensible(1, 24, 20, 2, order), form(3, 32)])
    note = chunk(b"LIST", dice.randbytes(dice.randrange(9)), order, pad=dice.random() < 0.5)
    whole = bytearray(
        riff(
            fmt,
            samples(voice(seconds=0.2), dice.choice(["s16", "s24", "f32"]), order),
            start=b"RIFX" if order == ">" else b"RIFF",
            before=note,
        )
    )
    for _ in range(dice.randrange(1, 6)):
        whole[dice.randrange(90)] = dice.choice((0, 1, 2, 255, dice.randrange(256)))
    data = bytes(whole[: dice.choice((len(whole), dice.randrange(len(whole))))])

    for action in ("probe", "probe_cut", "decode"):
        out = io.BytesIO()
        try:
            answer = answer_of(av, action, 1000, io.BytesIO(data), out)
        except Unplayable as refusal:
            assert refusal.code.startswith("AUDIO_")
        else:
            assert len(out.getvalue()) <= 16_000
            assert answer["sample_rate"] >= 4000
