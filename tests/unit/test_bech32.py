"""Bech32 against the vectors of BIP-173."""

from __future__ import annotations

import pytest

from ringbolt.core.lightning import bech32

VALID = [
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11" + "q" * 82 + "c8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
]

INVALID = [
    ("\x201nwldj5", "a character that bech32 does not have"),
    ("\x7f1axkwrx", "a character that bech32 does not have"),
    ("\x801eym55h", "a character that bech32 does not have"),
    (
        "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharacters"
        "bio1569pvx",
        "longer than 90",
    ),
    ("pzry9x0s0muk", "no prefix followed by '1'"),
    ("1pzry9x0s0muk", "no prefix followed by '1'"),
    ("x1b4n0q5v", "a character that bech32 does not have"),
    ("li1dgmt3", "too short"),
    ("de1lg7wt\xff", "a character that bech32 does not have"),
    ("A1G7SGD8", "checksum is wrong"),
    ("10a06t8", "no prefix followed by '1'"),
    ("1qzzfhee", "no prefix followed by '1'"),
    ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", "upper and lower case"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "checksum is wrong"),
]


@pytest.mark.parametrize("text", VALID)
def test_valid_string_is_decoded_and_encoded_back(text: str) -> None:
    hrp, symbols = bech32.decode(text)

    assert bech32.encode(hrp, symbols) == text.lower()


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_invalid_string_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(bech32.Bech32Error, match=reason):
        bech32.decode(text)


def test_prefix_longer_than_83_characters_is_refused_without_a_length_limit() -> None:
    text = bech32.encode("a" * 84, b"")

    with pytest.raises(bech32.Bech32Error, match="prefix"):
        bech32.decode(text, max_length=1000)


def test_length_limit_can_be_lifted() -> None:
    text = bech32.encode("long", bytes(range(32)) * 20)

    assert bech32.decode(text, max_length=10_000) == ("long", bytes(range(32)) * 20)


@pytest.mark.parametrize(
    ("address", "version", "program"),
    [
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            0,
            "751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            0,
            "1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
        ),
        ("BC1SW50QA3JX3S", 16, "751e"),
    ],
)
def test_segwit_program_is_read_from_its_symbols(address: str, version: int, program: str) -> None:
    _, symbols = bech32.decode(address)

    assert symbols[0] == version
    assert bech32.to_bytes(symbols[1:]).hex() == program
    assert bech32.to_symbols(bytes.fromhex(program)) == symbols[1:]


@pytest.mark.parametrize(
    "address",
    [
        "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",  # a whole symbol of padding
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",  # bits that are not zero
    ],
)
def test_wrong_padding_is_refused(address: str) -> None:
    _, symbols = bech32.decode(address)

    with pytest.raises(bech32.Bech32Error, match="padding"):
        bech32.to_bytes(symbols[1:])


def test_every_single_changed_character_is_noticed() -> None:
    text = "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"

    for position in range(6, len(text)):
        for other in bech32.CHARSET:
            if other != text[position]:
                with pytest.raises(bech32.Bech32Error):
                    bech32.decode(text[:position] + other + text[position + 1 :])
