"""G.711 against the reference: every input, byte for byte."""

from __future__ import annotations

import hashlib
import struct
import sys
import warnings
from typing import Any

import pytest

from ringbolt.voice.audio import g711

ALL_SAMPLES = struct.pack("<65536h", *range(-32768, 32768))
ALL_CODES = bytes(range(256))

# sha256 of what the reference (CPython's audioop, after Sun's g711.c) makes of the inputs above
REFERENCE = {
    "encode_ulaw": "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a",
    "encode_alaw": "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b",
    "decode_ulaw": "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
    "decode_alaw": "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
}


@pytest.mark.parametrize("name", REFERENCE)
def test_every_input_gives_the_reference_output(name: str) -> None:
    given = ALL_SAMPLES if name.startswith("encode") else ALL_CODES

    out = getattr(g711, name)(given)

    assert hashlib.sha256(out).hexdigest() == REFERENCE[name]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="audioop left Python with 3.13")
@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("encode_ulaw", "lin2ulaw"),
        ("encode_alaw", "lin2alaw"),
        ("decode_ulaw", "ulaw2lin"),
        ("decode_alaw", "alaw2lin"),
    ],
)
def test_every_input_agrees_with_audioop(name: str, oracle: str) -> None:
    audioop = _audioop()
    given = ALL_SAMPLES if name.startswith("encode") else ALL_CODES

    assert getattr(g711, name)(given) == getattr(audioop, oracle)(given, 2)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_decoded_codes_encode_to_themselves(law: str) -> None:
    decoded = getattr(g711, f"decode_{law}")(ALL_CODES)

    encoded = getattr(g711, f"encode_{law}")(decoded)

    # mu-law has a negative zero (0x7F), which no sample encodes to
    expected = ALL_CODES.replace(b"\x7f", b"\xff") if law == "ulaw" else ALL_CODES
    assert encoded == expected


def test_silence_has_its_code() -> None:
    silence = bytes(320)

    assert g711.encode_ulaw(silence) == bytes([g711.ULAW_SILENCE]) * 160
    assert g711.encode_alaw(silence) == bytes([g711.ALAW_SILENCE]) * 160


@pytest.mark.parametrize("encode", [g711.encode_ulaw, g711.encode_alaw])
def test_half_a_sample_is_refused(encode: Any) -> None:
    with pytest.raises(ValueError, match="16-bit"):
        encode(b"\0\0\0")


def test_nothing_gives_nothing() -> None:
    assert g711.encode_ulaw(b"") == g711.decode_alaw(b"") == b""


def _audioop() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop
    return audioop
