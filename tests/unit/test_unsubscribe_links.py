"""The links by which somebody gets on the list of those who want nothing from us."""

from __future__ import annotations

import base64

import pytest

from ringbolt.app.limits.suppress import hash_of_token, unsubscribe_token
from ringbolt.core.keys import Keyring

HASH = "ab" * 16
OLD, NEW = b"o" * 32, b"n" * 32


def test_a_token_names_the_hash_that_it_was_made_for() -> None:
    keyring = Keyring([NEW])
    assert hash_of_token(keyring, unsubscribe_token(keyring, HASH)) == HASH


def test_a_token_of_a_former_secret_is_honoured() -> None:
    token = unsubscribe_token(Keyring([OLD]), HASH)
    assert hash_of_token(Keyring([NEW, OLD]), token) == HASH


def test_a_token_of_a_strangers_secret_is_not() -> None:
    assert hash_of_token(Keyring([NEW]), unsubscribe_token(Keyring([OLD]), HASH)) is None


@pytest.mark.parametrize("at", [0, 1, 16, 17, 28])
def test_no_byte_of_a_token_can_be_changed(at: int) -> None:
    keyring = Keyring([NEW])
    raw = bytearray(base64.urlsafe_b64decode(unsubscribe_token(keyring, HASH) + "="))
    assert len(raw) == 29
    raw[at] ^= 1
    forged = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert hash_of_token(keyring, forged) is None


@pytest.mark.parametrize("text", ["", "a", "=", "ä", "AAAA", "A" * 16, "\n", "/../"])
def test_what_is_no_token_names_nobody(text: str) -> None:
    assert hash_of_token(Keyring([NEW]), text) is None


def test_a_token_fits_a_url_as_it_is() -> None:
    token = unsubscribe_token(Keyring([NEW]), HASH)
    assert len(token) < 64
    assert token.replace("-", "").replace("_", "").isalnum()
