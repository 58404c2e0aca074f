"""Undo the compression of a body that a server compresses although it was not asked to.

Many servers name in ``Content-Encoding`` what is no compression (``aws-chunked``, a charset), or
name one that the body does not have. So only a body that looks compressed is expanded (gzip and
deflate, RFC 9110 8.4.1), piece by piece, and every other one is taken as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

_NAMES: Final = {"x-gzip": "gzip", "x-compress": "compress"}
_COMPRESSIONS: Final = frozenset({"gzip", "deflate", "br", "zstd", "compress", "dcb", "dcz"})
_MAGIC: Final = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "compress": b"\x1f\x9d"}
_AUDIO_STARTS: Final = (
    b"RIFF",
    b"RIFX",
    b"RF64",
    b"ID3",
    b"OggS",
    b"fLaC",
    b"\xff\xf1",
    b"\xff\xfb",
)
_HEAD_BYTES: Final = 8
_PIECE_BYTES: Final = 256 * 1024
_GZIP_BITS: Final = 16 + zlib.MAX_WBITS
_MAX_MEMBERS: Final = 4096
"""Each costs a copy of what has come and is not read yet, however short it is."""


class CompressedError(ValueError):
    """A body that is compressed and cannot be expanded; the text says why."""


def compression(content_encodings: Iterable[str]) -> str:
    """The compression that the headers name, '' for none; names that are none are passed over.

    Raises ``CompressedError`` for two of them, one over the other.
    """
    names = [name.strip().lower() for each in content_encodings for name in each.split(",")]
    named = [_NAMES.get(name, name) for name in names]
    found = [name for name in named if name in _COMPRESSIONS]
    if len(found) > 1:
        raise CompressedError("the server sends it compressed twice")
    return found[0] if found else ""


async def expanded(chunks: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
    """The body without the compression ``name``, in pieces of at most 256 KiB where it expands.

    A compressed body that is cut off gives what is there. Raises ``CompressedError``.
    """
    head = b""
    inflater: _Inflater | None = None
    is_decided = not name
    async for chunk in chunks:
        if not is_decided:
            head += chunk
            if len(head) < _HEAD_BYTES:
                continue
            inflater, is_decided, data = _inflater(name, head), True, head
        else:
            data = chunk
        if inflater is None:
            yield data
            continue
        for piece in inflater.expand(data):
            yield piece
    if not is_decided and head:
        yield head


class _Inflater:
    """One gzip file may consist of several; what follows the last one is passed over."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._inflate = zlib.decompressobj(bits)
        self._rest = b""
        self._members = 1

    def expand(self, data: bytes) -> Iterator[bytes]:
        data = self._rest + data
        self._rest = b""
        while data:
            if self._inflate.eof:
                if self._bits != _GZIP_BITS or not data.startswith(_MAGIC["gzip"]):
                    if _MAGIC["gzip"].startswith(data):
                        self._rest = data
                    return
                self._inflate = zlib.decompressobj(self._bits)
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise CompressedError("the server sends it compressed in too many parts")
            try:
                piece = self._inflate.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise CompressedError("the server sends it compressed, and damaged") from error
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece


def _inflater(name: str, head: bytes) -> _Inflater | None:
    if name == "gzip":
        return _Inflater(_GZIP_BITS) if head.startswith(_MAGIC[name]) else None
    if name == "deflate":
        is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0  # RFC 1950
        return _Inflater(zlib.MAX_WBITS) if is_zlib else None
    looks_compressed = (
        head.startswith(_MAGIC[name])
        if name in _MAGIC
        else not head.startswith(_AUDIO_STARTS) and head[4:8] != b"ftyp"
    )
    if looks_compressed:
        raise CompressedError(
            f"the server sends it compressed ({name}) although it was asked not to"
        )
    return None
