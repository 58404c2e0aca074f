"""Keys derived from the master secret, and the ring that honours former ones."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.hmac_sha256 import hmac_sha256, keyed
from ringbolt.core.keys import Keyring, derive

OLD, NEW = b"o" * 32, b"n" * 32


def key_id(secret: bytes) -> int:
    return hashlib.sha256(b"ringbolt key id\0" + secret).digest()[0]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_hmac_is_that_of_the_standard_library(key: bytes, message: bytes) -> None:
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=3))
def test_keyed_hmac_is_that_of_the_standard_library(key: bytes, messages: list[bytes]) -> None:
    mac = keyed(key)

    assert [mac(m) for m in messages] == [hmac.digest(key, m, "sha256") for m in messages]


def test_derived_key_is_pinned_for_ever() -> None:
    """Another value would make every issued credential and open invoice worthless."""
    message = b"label\0" + b"\0\0\0\1a" + b"\0\0\0\2bc"

    assert derive(OLD, "label", b"a", b"bc") == hmac.digest(OLD, message, "sha256")


@given(
    st.tuples(st.sampled_from(["a", "b", "ab"]), st.lists(st.binary(max_size=6), max_size=3)),
    st.tuples(st.sampled_from(["a", "b", "ab"]), st.lists(st.binary(max_size=6), max_size=3)),
)
def test_different_purposes_have_different_keys(
    one: tuple[str, list[bytes]], other: tuple[str, list[bytes]]
) -> None:
    same = derive(OLD, one[0], *one[1]) == derive(OLD, other[0], *other[1])

    assert same == (one == other)


def test_new_secret_makes_keys_and_the_former_one_is_still_found() -> None:
    ring = Keyring([NEW, OLD])

    assert ring.current == NEW
    assert ring.key_id == key_id(NEW)
    assert ring.derive("x") == derive(NEW, "x")
    assert ring.secret(key_id(OLD)) == OLD
    assert ring.secret(key_id(NEW)) == NEW


def test_unknown_key_id_has_no_secret() -> None:
    ring = Keyring([NEW])

    assert [n for n in range(256) if ring.secret(n) is not None] == [key_id(NEW)]


def test_secret_listed_as_current_and_former_counts_once() -> None:
    assert Keyring([NEW, OLD, NEW]).current == NEW


def test_two_secrets_with_one_id_are_refused() -> None:
    twin = next(s for n in range(5000) if key_id(s := n.to_bytes(32, "big")) == key_id(NEW))

    with pytest.raises(ValueError, match="share"):
        Keyring([NEW, twin])


@pytest.mark.parametrize("secrets", [[], [b""], [b"x" * 15], [NEW, b"short"]])
def test_short_or_missing_secret_is_refused(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Keyring(secrets)
