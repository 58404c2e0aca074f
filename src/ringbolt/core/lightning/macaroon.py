"""Macaroons in the binary format that libmacaroons calls version 2, with first-party caveats.

Layout: ``02``, then optionally a location, the identifier, an end-of-section octet; each caveat
followed by one; one more; the signature. A field is its type, its length (LEB128), its content.
The root key goes through HMAC("macaroons-key-generator", root) first, as every library does;
the L402 repository's macaroon-spec.md has both the key and the field types wrong.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from ringbolt.core.hmac_sha256 import hmac_sha256, keyed

MAX_BYTES = 4096
MAX_TEXT = 8192

_VERSION = b"\x02"
_END, _LOCATION, _IDENTIFIER, _VERIFICATION_ID, _SIGNATURE = 0, 1, 2, 4, 6
_EOS = b"\0"
_SIGNATURE_HEAD = bytes((_SIGNATURE, 32))

_generate_key = keyed(b"macaroons-key-generator")


class MacaroonError(ValueError):
    """Not a macaroon that can be read here; the message is a clause without a full stop."""


@dataclass(frozen=True, slots=True)
class Macaroon:
    """A macaroon as its holder shows it. Nothing is proven before ``verify``."""

    location: str
    identifier: bytes
    caveats: tuple[str, ...]
    signature: bytes


def _chain(root_key: bytes, identifier: bytes, caveats: Iterable[bytes]) -> bytes:
    signature = hmac_sha256(_generate_key(root_key), identifier)
    for caveat in caveats:
        signature = hmac_sha256(signature, caveat)
    return signature


def mint(root_key: bytes, identifier: bytes, location: str, caveats: Iterable[str] = ()) -> bytes:
    """A serialized macaroon. Raises ``MacaroonError`` if it would be over ``MAX_BYTES``."""
    raw = [caveat.encode() for caveat in caveats]
    return _serialized(location, identifier, raw, _chain(root_key, identifier, raw))


def verify(root_key: bytes, macaroon: Macaroon) -> bool:
    """Whether the signature is right, in constant time. The caveats are not interpreted."""
    raw = [caveat.encode() for caveat in macaroon.caveats]
    return hmac.compare_digest(_chain(root_key, macaroon.identifier, raw), macaroon.signature)


def _serialized(location: str, identifier: bytes, caveats: list[bytes], signature: bytes) -> bytes:
    parts = [_VERSION]
    if location:
        parts.append(_packet(_LOCATION, location.encode()))
    parts += (_packet(_IDENTIFIER, identifier), _EOS)
    for caveat in caveats:
        parts += (_packet(_IDENTIFIER, caveat), _EOS)
    parts += (_EOS, _SIGNATURE_HEAD, signature)
    data = b"".join(parts)
    if len(data) > MAX_BYTES:
        raise MacaroonError(f"it is longer than {MAX_BYTES} bytes")
    return data


def _packet(kind: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((kind, length)) + content
    if length > MAX_BYTES:
        raise MacaroonError(f"it is longer than {MAX_BYTES} bytes")
    return bytes((kind, length & 0x7F | 0x80, length >> 7)) + content


def parse(data: bytes) -> Macaroon:
    """Raises ``MacaroonError`` for anything but a whole version 2 macaroon without third-party
    caveats, at most ``MAX_BYTES`` long, whose caveats are UTF-8."""
    if len(data) > MAX_BYTES:
        raise MacaroonError(f"it is longer than {MAX_BYTES} bytes")
    if data[:1] != _VERSION:
        raise MacaroonError("it is not a macaroon in the version 2 binary format")
    location, (kind, content, position) = "", _field(data, 1)
    if kind == _LOCATION:
        location = _text(content)
        kind, content, position = _field(data, position)
    if kind != _IDENTIFIER:
        raise MacaroonError("it has no identifier")
    position = _end_of_section(data, position)
    caveats: list[str] = []
    while data[position : position + 1] != _EOS:
        caveat, position = _first_party_caveat(data, position)
        caveats.append(caveat)
    kind, signature, position = _field(data, position + 1)
    if kind != _SIGNATURE or len(signature) != 32:
        raise MacaroonError("it has no signature of 32 bytes")
    if position != len(data):
        raise MacaroonError("something follows its signature")
    return Macaroon(location, content, tuple(caveats), signature)


def _first_party_caveat(data: bytes, position: int) -> tuple[str, int]:
    kind, content, position = _field(data, position)
    if kind == _LOCATION or data[position : position + 1] == bytes((_VERIFICATION_ID,)):
        raise MacaroonError("it has a third-party caveat, which is not supported")
    if kind != _IDENTIFIER:
        raise MacaroonError("a caveat has no text")
    return _text(content), _end_of_section(data, position)


def _field(data: bytes, position: int) -> tuple[int, bytes, int]:
    """The type and content of the field at ``position``, and where the next one begins."""
    head = data[position : position + 3]
    if len(head) < 2 or head[0] == _END:
        raise MacaroonError("it ends too early")
    kind, length, start = head[0], head[1], position + 2
    if length >= 0x80:
        # Two octets of LEB128 reach 16383, beyond MAX_BYTES; a zero second one is not minimal.
        if len(head) < 3 or not 0 < head[2] < 0x80:
            raise MacaroonError("the length of a field is malformed")
        length, start = length & 0x7F | head[2] << 7, position + 3
    end = start + length
    if end > len(data):
        raise MacaroonError("it ends too early")
    return kind, data[start:end], end


def _end_of_section(data: bytes, position: int) -> int:
    if data[position : position + 1] != _EOS:
        raise MacaroonError("a field stands where a section should end")
    return position + 1


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise MacaroonError("a caveat or the location is not UTF-8 text") from None


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding: the one form that every L402 client and server reads."""
    return binascii.b2a_base64(data, newline=False).decode()


_URLSAFE = str.maketrans("-_", "+/")
_AROUND = " \t\r\n\"'"


def decode_base64(text: str) -> bytes:
    """Liberal: standard or urlsafe, padded or not, with quotes or white space around it.

    Raises ``MacaroonError`` for anything else and for more than ``MAX_BYTES``.
    """
    if len(text) > MAX_TEXT:
        raise MacaroonError(f"its text is longer than {MAX_TEXT} characters")
    shown = text.strip(_AROUND).translate(_URLSAFE)
    core = shown.rstrip("=")
    padding = -len(core) % 4
    if not core or len(shown) - len(core) not in (0, padding):
        raise MacaroonError("it is not base64")
    try:
        data = binascii.a2b_base64(core + "=" * padding, strict_mode=True)
    except ValueError:  # binascii.Error, or a character beyond ASCII
        raise MacaroonError("it is not base64") from None
    if len(data) > MAX_BYTES:
        raise MacaroonError(f"it is longer than {MAX_BYTES} bytes")
    return data
