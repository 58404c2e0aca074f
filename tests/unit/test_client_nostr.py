"""The client's keys, events and encryption, by published vectors and by bad luck."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt_client.nostr.encryption import (
    NIP04,
    NIP44,
    conversation_key,
    decrypt,
    encrypt,
    nip44_decrypt,
    nip44_encrypt,
    padded_length,
)
from ringbolt_client.nostr.events import Event
from ringbolt_client.nostr.keys import Keys, checked_public_key, is_signed

ONE, TWO = Keys("1".rjust(64, "0")), Keys("2".rjust(64, "0"))
BIP340_PUBLIC = "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659"
BIP340_DIGEST = bytes.fromhex("243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89")
BIP340_SIGNATURE = (
    "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
    "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a"
)


def test_keys_and_signatures_are_those_of_bip340() -> None:
    keys = Keys("b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef")

    assert keys.public == BIP340_PUBLIC
    assert is_signed(BIP340_DIGEST, BIP340_PUBLIC, BIP340_SIGNATURE)
    assert is_signed(BIP340_DIGEST, BIP340_PUBLIC, keys.sign(BIP340_DIGEST))
    assert not is_signed(bytes(32), BIP340_PUBLIC, BIP340_SIGNATURE)
    assert not is_signed(BIP340_DIGEST, ONE.public, BIP340_SIGNATURE)


@pytest.mark.parametrize("signature", ["", "00", "zz" * 64, "00" * 64])
def test_what_is_no_signature_is_none(signature: str) -> None:
    assert not is_signed(BIP340_DIGEST, BIP340_PUBLIC, signature)


def test_nip44_gives_what_its_specification_shows() -> None:
    key = conversation_key(ONE, TWO.public)
    nonce = (1).to_bytes(32, "big")

    assert key.hex() == "c41c775356fd92eadc63ff5a0dc1da211b268cbea22316767095b2871ea1412d"
    assert conversation_key(TWO, ONE.public) == key
    assert nip44_encrypt(key, "a", nonce) == (
        "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABee0G5VSK0/9YypIObAtDKfYEAjD35uVkHyB0F4DwrcNaCXlCWZ"
        "KaArsGrY6M9wnuTMxWfp1RTN9Xga8no+kF5Vsb"
    )


@pytest.mark.parametrize(
    ("length", "padded"),
    [(1, 32), (16, 32), (32, 32), (33, 64), (37, 64), (65, 96), (100, 128), (111, 128),
     (200, 224), (250, 256), (320, 320), (383, 384), (400, 448), (500, 512), (515, 640),
     (700, 768), (800, 896), (900, 1024), (1020, 1024), (65_535, 65_536)],
)  # fmt: skip
def test_nip44_pads_as_its_specification_shows(length: int, padded: int) -> None:
    assert padded_length(length) == padded


@pytest.mark.parametrize(
    ("secret", "public"),
    [
        ("f" * 64, "1234567890abcdef" * 4),
        ("0" * 64, "1234567890abcdef" * 4),
        ("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", TWO.public),
        (f"{2:064x}", "1234567890abcdef" * 4),
        (f"{1:064x}", "f" * 64),
        (f"{1:064x}", "0" * 64),
        (f"{1:064x}", "eb1f7200aecaa86682376fb1c13cd12b732221e774f553b0a0857f88fa20f86d"),
        ("1", TWO.public),
        (f"{1:064x}", "02" + TWO.public),
    ],
)
def test_what_is_no_key_is_refused(secret: str, public: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        conversation_key(Keys(secret), checked_public_key(public))


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=400), st.sampled_from([NIP44, NIP04]))
def test_what_one_encrypts_the_other_reads(text: str, scheme: str) -> None:
    text = text.encode("utf-8", "replace").decode()

    assert decrypt(scheme, TWO, ONE.public, encrypt(scheme, ONE, TWO.public, text)) == text


@settings(max_examples=100)
@given(st.integers(0, 98), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    key = conversation_key(ONE, TWO.public)
    raw = bytearray(base64.b64decode(nip44_encrypt(key, "pay", bytes(32))))
    raw[place] ^= change

    with pytest.raises(ValueError, match=r"\w"):
        nip44_decrypt(key, base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    "payload", ["", "#v3", "A" * 40, "not base64!", "Ag==", "AA?iv=AA", "?iv="]
)
@pytest.mark.parametrize("scheme", [NIP44, NIP04])
def test_what_is_not_encrypted_is_refused(payload: str, scheme: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decrypt(scheme, ONE, TWO.public, payload)


def signed() -> dict[str, Any]:
    tags = [["e", 'é\n"\\'], ["p"]]
    return Event.signed(ONE, 1, "Grüße 👋\t/", tags=tags, created_at=1_900_000_000).written()


def test_an_event_is_read_as_it_was_signed() -> None:
    event = Event.read(signed())

    assert event is not None
    assert (event.content, event.tag("e"), event.tag("p")) == ("Grüße 👋\t/", 'é\n"\\', "")


@pytest.mark.parametrize(
    "change",
    [{"content": "x"}, {"created_at": 1}, {"kind": 2}, {"tags": []}, {"pubkey": TWO.public},
     {"id": "0" * 64}, {"sig": "0" * 128}, {"tags": 5}, {"tags": None}, {"kind": "x"}],
    ids=str,
)  # fmt: skip
def test_a_changed_event_is_none(change: dict[str, Any]) -> None:
    assert Event.read(signed() | change) is None


@pytest.mark.parametrize("document", [None, [], "event", {}, 5])
def test_what_is_no_event_is_none(document: Any) -> None:
    assert Event.read(document) is None
