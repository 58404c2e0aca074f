"""Where the samples of a WAV file are, and how they are coded: RIFF, RIFX, RF64 and BW64.

FFmpeg reads RIFX as if it were little-endian, takes the valid bits of WAVE_FORMAT_EXTENSIBLE for
the size of a sample (24 of 32 bits become noise), and loses its place behind a chunk of odd size
without padding. So the chunks are read here, and FFmpeg is given the samples behind a header that
leaves nothing open. Sources: "Multimedia Programming Interface" (IBM, Microsoft 1991), EBU Tech
3306 (RF64), mmreg.h.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from ringbolt.voice.audio.unplayable import Unplayable

MAX_CHUNKS: Final = 4096
"""A file with more before its sound is refused; real ones have a dozen."""

_LINES_BYTES: Final = 64
_SEARCH_BYTES: Final = 1024 * 1024
_STARTS: Final = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_KNOWN_NAMES: Final = (
    b"fmt  data LIST fact JUNK junk PAD  bext iXML id3  ID3  cue  smpl inst axml chna ds64 PEAK "
    b"cart LGWV minf elm1 regn umid levl note labl plst DISP afsp acid strc FLLR mext link SAUR "
    b"clm  _PMX xmp  wavl slnt IDIT"
)
_KNOWN: Final = frozenset(_KNOWN_NAMES[at : at + 4] for at in range(0, len(_KNOWN_NAMES), 5))
_SAMPLED: Final = 4096
_FEWEST: Final = 64
_MOSTLY, _HARDLY = 0.9, 0.3
"""Which part of the samples is sound, read as floating-point numbers, if they are such; if not."""

_FAINTEST, _LOUDEST = 1e-9, 16.0
"""Of 1.0, full scale; integers read as floating-point numbers are beyond."""

_WHOLE: Final = 0xFFFFFFFF
"""The size of what goes on to the end: streaming writers leave it, RF64 has the true one apart."""

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_AAC: Final = (0xFF, 0x1601, 0x1602, 0x1610)
"""Without the headers that would say where a frame ends."""

_NAMES: Final = {
    (_PCM, 1): "u8",
    (_PCM, 2): "s16",
    (_PCM, 3): "s24",
    (_PCM, 4): "s32",
    (_PCM, 8): "s64",
    (_FLOAT, 4): "f32",
    (_FLOAT, 8): "f64",
    (_ALAW, 1): "alaw",
    (_MULAW, 1): "mulaw",
}
"""FFmpeg's names by coding and bytes of a sample."""


@dataclass(frozen=True, slots=True)
class Wav:
    """``header`` and then the ``extents`` of the file (offset, size) are a WAV that FFmpeg reads
    right. ``raw``: FFmpeg's name for big-endian samples, which are given without a header.
    ``kind``: how a sample is coded, e.g. ``s16``; '' if they are compressed. ``sample_bytes``: of
    one sample of one channel; 0 if the samples are compressed."""

    header: bytes
    extents: tuple[tuple[int, int], ...]
    raw: str
    kind: str
    sample_rate: int
    channels: int
    sample_bytes: int

    @property
    def size(self) -> int:
        """How many bytes of samples there are."""
        return sum(size for _, size in self.extents)

    @property
    def duration_ms(self) -> int | None:
        """None if the samples are compressed."""
        if not self.sample_bytes:
            return None
        return self.size // (self.sample_bytes * self.channels) * 1000 // self.sample_rate


@dataclass(frozen=True, slots=True)
class _Format:
    coding: int
    channels: int
    sample_rate: int
    byte_rate: int
    align: int
    bits: int
    mask: int
    is_guid_missing: bool
    order: str


def read_wav_layout(file: BinaryIO) -> Wav | None:
    """The layout of ``file``; None if it is no WAV, or one without samples in what is there.

    Raises ``Unplayable``.
    """
    start = _start(file)
    file.seek(start)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in _STARTS or head[8:] != b"WAVE":
        return None
    order = ">" if head[:4] == b"RIFX" else "<"
    form, fact, extents = _contents(file, start + 12, order)
    if not extents or not form:
        return None
    end = file.seek(0, io.SEEK_END)
    there = tuple((at, min(size, end - at)) for at, size in extents)
    return _layout(file, _read_format(form, order), form, fact, there)


def _contents(file: BinaryIO, at: int, order: str) -> tuple[bytes, bytes, list[tuple[int, int]]]:
    """The ``fmt `` and ``fact`` chunks, and where the samples are (offset, size)."""
    form = fact = b""
    long_size = 0
    extents: list[tuple[int, int]] = []
    for name, offset, size in _chunks(file, at, order):
        if name == b"data":
            extents.append((offset, min(size, long_size or size) if size == _WHOLE else size))
            continue
        file.seek(offset)
        if name == b"fmt " and not form:
            form = file.read(min(size, 4096))
        elif name == b"fact":
            fact = file.read(min(size, 64))
        elif name == b"ds64" and size >= 16:
            long_size = int(struct.unpack("<8xQ", file.read(16))[0])
    return form, fact, extents


class Samples(io.RawIOBase):
    """The file that FFmpeg reads: a header, then parts of ``file``."""

    def __init__(self, file: BinaryIO, wav: Wav) -> None:
        super().__init__()
        self._file = file
        self._header = wav.header
        self._extents = wav.extents
        self._size = len(wav.header) + wav.size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, of one part."""
        wanted = self._size if size < 0 else size
        data = self._header[self._at : self._at + wanted]
        skipped = self._at - len(self._header)
        if not data and skipped >= 0:
            for offset, length in self._extents:
                if skipped < length:
                    self._file.seek(offset + skipped)
                    data = self._file.read(min(wanted, length - skipped))
                    break
                skipped -= length
        self._at += len(data)
        return data


def _start(file: BinaryIO) -> int:
    """Where the file begins: a tagger may have put an ID3v2 tag before it, a script empty lines."""
    file.seek(0)
    tag = file.read(_LINES_BYTES)
    if len(tag) < 10 or tag[:3] != b"ID3":
        return len(tag) - len(tag.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t "))
    size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
    return 10 + size + (10 if tag[5] & 0x10 else 0)


def _chunks(file: BinaryIO, at: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and size of the chunks; that of ``data`` may be beyond the end of the file."""
    end = file.seek(0, io.SEEK_END)
    is_data_found = False
    last = at
    for _ in range(MAX_CHUNKS):
        head = _peek(file, at)
        if len(head) < 8:
            return
        name = head[:4]
        if not _is_name(name):
            at = -1 if is_data_found else _search(file, last)
            if at < 0:
                return
            continue
        size = int(struct.unpack(f"{order}I", head[4:])[0])
        if name == b"data":
            is_data_found = True
            if not size and _peek(file, at + 8)[:4] not in _KNOWN:
                size = _WHOLE  # as streaming writers leave it
        last = at + 8
        yield name, last, size
        at = last + size
        if size % 2:
            at += _padding(file, at)
        if at >= end:
            return
    if not is_data_found:
        raise Unplayable("AUDIO_UNSUPPORTED", f"over {MAX_CHUNKS} chunks stand before its sound")


def _peek(file: BinaryIO, at: int) -> bytes:
    file.seek(at)
    return file.read(8)


def _padding(file: BinaryIO, at: int) -> int:
    """1 if a byte of padding stands at ``at``, as it should, 0 if the writer forgot it."""
    head = _peek(file, at)
    plain, padded = head[:4], head[1:5]
    if padded in _KNOWN or plain not in _KNOWN:
        return 1
    return 0


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)


def _search(file: BinaryIO, at: int) -> int:
    """Where the next ``data`` chunk is; ``at``: in a chunk with a wrong size. -1: nowhere."""
    file.seek(at)
    found = file.read(_SEARCH_BYTES).find(b"data")
    return -1 if found < 0 else at + found


def _read_format(form: bytes, order: str) -> _Format:
    if len(form) < 14:
        raise Unplayable("AUDIO_DAMAGED", "its header is cut off")
    coding, channels, rate, byte_rate, align = struct.unpack(f"{order}HHIIH", form[:14])
    bits = int(struct.unpack(f"{order}H", form[14:16])[0]) if len(form) >= 16 else 8
    mask = 0
    is_guid_missing = coding == _EXTENSIBLE and len(form) < 28
    if coding == _EXTENSIBLE and not is_guid_missing:
        mask, coding = struct.unpack(f"{order}II", form[20:28])
        if coding > 0xFFFF:  # some write the GUID of a RIFX little-endian
            coding = struct.unpack("<I", form[24:28])[0]
        if int(mask).bit_count() != channels:
            mask = 0
    elif is_guid_missing:
        coding = _PCM  # the usual one; samples of 32 bits are looked at below
    return _Format(coding, channels, rate, byte_rate, align, bits, mask, is_guid_missing, order)


def _layout(
    file: BinaryIO, read: _Format, form: bytes, fact: bytes, extents: tuple[tuple[int, int], ...]
) -> Wav:
    is_big_endian = read.order == ">"
    size = sum(size for _, size in extents)
    if read.coding not in (_PCM, _FLOAT, _ALAW, _MULAW):
        if is_big_endian:
            raise Unplayable(
                "AUDIO_UNSUPPORTED", "it is a big-endian WAV (RIFX) whose samples are compressed"
            )
        if read.coding in _AAC:
            raise Unplayable("AUDIO_UNSUPPORTED", "it is AAC in a WAV file, which is not supported")
        return Wav(_header(form, fact, size), extents, "", "", read.sample_rate, read.channels, 0)
    width = _sample_bytes(read)
    read = replace(read, coding=_coding_of(file, read, width, extents))
    name = _NAMES.get((read.coding, width))
    if name is None or (is_big_endian and name == "s64"):
        kind = "floating-point numbers" if read.coding == _FLOAT else "numbers"
        raise Unplayable(
            "AUDIO_UNSUPPORTED",
            f"its samples are {kind} of {width * 8} bits, which is not supported",
        )
    if is_big_endian and width > 1:
        return Wav(b"", extents, f"{name}be", name, read.sample_rate, read.channels, width)
    header = _header(_plain_format(read, width), b"", size)
    return Wav(header, extents, "", name, read.sample_rate, read.channels, width)


def _coding_of(
    file: BinaryIO, read: _Format, width: int, extents: tuple[tuple[int, int], ...]
) -> int:
    """Integers or floating-point numbers: some writers name the one and write the other."""
    if read.coding not in (_PCM, _FLOAT) or width not in (4, 8):
        return read.coding
    offset, size = extents[0]
    file.seek(offset + size // 2 // width * width)
    part = _float_part(file.read(_SAMPLED * width), width, read.order)
    if part is not None and part > _MOSTLY:
        return _FLOAT
    if read.coding == _FLOAT and part is not None and part < _HARDLY:
        raise Unplayable(
            "AUDIO_NOISE",
            "its header calls the samples floating-point numbers, and they are not",
        )
    return read.coding


def _float_part(data: bytes, width: int, order: str) -> float | None:
    """Which part of the samples other than zero is sound, read as floating-point numbers; None for
    too few of them. Integers read so are nearly all minute or huge."""
    count = len(data) // width
    values: tuple[float, ...] = struct.unpack(
        f"{order}{count}{'f' if width == 4 else 'd'}", data[: count * width]
    )
    there = [abs(value) for value in values if value]
    if len(there) < _FEWEST:
        return None
    return len([value for value in there if _FAINTEST < value < _LOUDEST]) / len(there)


def _sample_bytes(read: _Format) -> int:
    """The bytes of one sample. Block size and bits should agree; where they do not, the bytes per
    second decide, or else the block size: it counts the container of samples with fewer bits."""
    if read.coding in (_ALAW, _MULAW):
        return 1
    by_bits = max(1, -(-read.bits // 8))
    if not read.channels or read.align % read.channels:
        return by_bits
    by_block = read.align // read.channels
    if by_block < by_bits or read.byte_rate == read.sample_rate * by_bits * read.channels:
        return by_bits
    return by_block


def _plain_format(read: _Format, width: int) -> bytes:
    align = width * read.channels & 0xFFFF
    rate = read.sample_rate
    basic = struct.pack("<HIIHH", read.channels, rate, rate * align & _WHOLE, align, width * 8)
    if not read.mask:
        return struct.pack("<H", read.coding) + basic
    guid = struct.pack("<I", read.coding) + bytes.fromhex("00001000800000aa00389b71")
    return (
        struct.pack("<H", _EXTENSIBLE)
        + basic
        + struct.pack("<HHI", 22, width * 8, read.mask)
        + guid
    )


def _header(form: bytes, fact: bytes, size: int) -> bytes:
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + bytes(len(form) % 2)
    if fact:
        chunks += b"fact" + struct.pack("<I", len(fact)) + fact + bytes(len(fact) % 2)
    chunks += b"data" + struct.pack("<I", min(size, _WHOLE))
    whole = min(4 + len(chunks) + size, _WHOLE)
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + chunks
