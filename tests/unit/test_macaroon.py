"""The macaroon codec: the golden vector, what a holder may do, and what is refused."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from ringbolt.core.lightning import macaroon
from ringbolt.core.lightning.macaroon import MacaroonError
from support.clients.macaroon_holder import add_caveat, serialize

ROOT = bytes(32)
# Made by pymacaroons 0.13 and by npm's macaroon 3.0.4, byte for byte the same.
GOLDEN = bytes.fromhex(
    "0201016c020400000102000203613d6200000620"
    "bdf1d932c4d167d3215797b149853a71e9e5c8ff9c00e816cc977ee48f1d2542"
)
IDENTIFIER = bytes(range(66))
CAVEATS = ("services=place_call:0", "place_call_valid_until=1795230000", "é=ü")


def minted(*caveats: str) -> macaroon.Macaroon:
    return macaroon.parse(macaroon.mint(ROOT, IDENTIFIER, "ringbolt", caveats))


def test_golden_vector_is_minted() -> None:
    assert macaroon.mint(ROOT, bytes.fromhex("00000102"), "l", ["a=b"]) == GOLDEN


def test_golden_vector_is_parsed_and_verifies() -> None:
    parsed = macaroon.parse(GOLDEN)

    assert (parsed.location, parsed.identifier, parsed.caveats) == (
        "l",
        bytes.fromhex("00000102"),
        ("a=b",),
    )
    assert macaroon.verify(ROOT, parsed)
    assert serialize(parsed) == GOLDEN


def test_macaroon_without_location_and_caveats_is_parsed() -> None:
    parsed = macaroon.parse(macaroon.mint(ROOT, IDENTIFIER, ""))

    assert (parsed.location, parsed.caveats) == ("", ())
    assert macaroon.verify(ROOT, parsed)


def test_other_root_key_does_not_verify() -> None:
    assert not macaroon.verify(b"\1" * 32, minted(*CAVEATS))


@pytest.mark.parametrize(
    "change",
    [
        {"identifier": b"another"},
        {"caveats": CAVEATS[:2]},
        {"caveats": (*CAVEATS, "more=1")},
        {"caveats": CAVEATS[::-1]},
        {"signature": bytes(32)},
    ],
)
def test_changed_macaroon_does_not_verify(change: dict[str, object]) -> None:
    assert not macaroon.verify(ROOT, replace(minted(*CAVEATS), **change))  # type: ignore[arg-type]


def test_holder_can_add_a_caveat_without_the_root_key() -> None:
    restricted = add_caveat(minted(*CAVEATS), "place_call_valid_until=1")

    assert restricted == minted(*CAVEATS, "place_call_valid_until=1")
    assert macaroon.verify(ROOT, restricted)


def test_field_of_128_bytes_and_more_has_a_length_of_two_octets() -> None:
    for size in (127, 128, 300, 3000):
        parsed = minted("c" * size)

        assert parsed.caveats == ("c" * size,)
        assert macaroon.verify(ROOT, parsed)


def test_macaroon_over_4096_bytes_is_neither_minted_nor_parsed() -> None:
    with pytest.raises(MacaroonError, match="4096"):
        macaroon.mint(ROOT, IDENTIFIER, "", ["c" * 4000])
    with pytest.raises(MacaroonError, match="4096"):
        macaroon.mint(ROOT, IDENTIFIER, "", ["c" * 5000])
    with pytest.raises(MacaroonError, match="4096"):
        macaroon.parse(b"\x02" * 4097)


def test_every_cut_is_refused() -> None:
    data = macaroon.mint(ROOT, IDENTIFIER, "ringbolt", CAVEATS)

    for end in range(len(data)):
        with pytest.raises(MacaroonError):
            macaroon.parse(data[:end])


SIGNATURE = b"\x06\x20" + bytes(32)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "version 2"),
        (b"0014location", "version 2"),
        (b"\x02\x00\x00" + SIGNATURE, "ends too early"),
        (b"\x02\x03\x01a\x00\x00" + SIGNATURE, "no identifier"),
        (b"\x02\x02\x01i\x02\x01j\x00\x00" + SIGNATURE, "section should end"),
        (b"\x02\x01\x01\xff\x02\x01i\x00\x00" + SIGNATURE, "not UTF-8"),
        (b"\x02\x02\x01i\x00\x02\x01\xff\x00\x00" + SIGNATURE, "not UTF-8"),
        (b"\x02\x02\x01i\x00\x03\x01c\x00\x00" + SIGNATURE, "caveat has no text"),
        (b"\x02\x02\x01i\x00\x02\x01c\x04\x01v\x00\x00" + SIGNATURE, "third-party"),
        (b"\x02\x02\x01i\x00\x01\x01l\x02\x01c\x04\x01v\x00\x00" + SIGNATURE, "third-party"),
        (b"\x02\x02\x81\x00i\x00\x00" + SIGNATURE, "length of a field"),
        (b"\x02\x02\xff\xff\x01i\x00\x00" + SIGNATURE, "length of a field"),
        (b"\x02\x02\x01i\x00\x00" + SIGNATURE[:-1], "ends too early"),
        (b"\x02\x02\x01i\x00\x00\x06\x1f" + bytes(31), "no signature of 32 bytes"),
        (b"\x02\x02\x01i\x00\x00" + SIGNATURE + b"\0", "something follows"),
    ],
)
def test_malformed_macaroon_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MacaroonError, match=reason):
        macaroon.parse(data)


def test_base64_is_written_in_the_standard_alphabet_with_padding() -> None:
    assert macaroon.encode_base64(b"\xfb\xff\xfe\xff") == "+//+/w=="


@pytest.mark.parametrize(
    "text",
    ["+//+/w==", "-__-_w==", "+//+/w", "-__-_w", ' "+//+/w==" ', "'-__-_w'", "\t+//+/w==\r\n"],
)
def test_base64_is_read_in_every_form_that_clients_send(text: str) -> None:
    assert macaroon.decode_base64(text) == b"\xfb\xff\xfe\xff"


@pytest.mark.parametrize(
    "text",
    [
        "",
        '""',
        "=",
        "====",
        "A",
        "AAAAA",
        "AAA==",
        "AA=",
        "AA===",
        "AA==AA==",
        "AA AA",
        "AA\nAA",
        "A*AA",
        "AAé=",
        "ＡＡＡＡ",
        "\ud800AAA",
        "A" * 8193,
        base64.b64encode(bytes(4097)).decode(),
    ],
)
def test_anything_else_is_not_base64(text: str) -> None:
    with pytest.raises(MacaroonError):
        macaroon.decode_base64(text)


def test_largest_macaroon_survives_base64() -> None:
    assert macaroon.decode_base64(macaroon.encode_base64(bytes(4096))) == bytes(4096)
