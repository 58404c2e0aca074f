"""Keys derived from the shop's one master secret, each for one purpose.

A secret has a one-byte id that is derived from it, so that what was made under a former secret is
still recognised after a rotation, without a table of ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache

from ringbolt.core.hmac_sha256 import keyed


def derive(secret: bytes, label: str, *parts: bytes) -> bytes:
    """32 bytes for one purpose: HMAC-SHA-256(secret, label || 0 || parts, each with its length)."""
    message = label.encode() + b"\0"
    for part in parts:
        message += len(part).to_bytes(4, "big") + part
    return _mac(secret)(message)


class Keyring:
    """The current master secret first, then former ones that are still accepted.

    Raises ``ValueError`` for a short secret, and for two different ones with the same id.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or any(len(secret) < 16 for secret in secrets):
            raise ValueError("a master secret needs at least 16 bytes")
        self._by_id = {_key_id(secret): secret for secret in reversed(secrets)}
        if len(self._by_id) != len(set(secrets)):
            # One of the two would silently stop being accepted, with the payments made under it.
            raise ValueError("two master secrets share their one-byte id; make another new one")
        self.key_id = _key_id(secrets[0])

    def secret(self, key_id: int) -> bytes | None:
        return self._by_id.get(key_id)

    @property
    def current(self) -> bytes:
        return self._by_id[self.key_id]

    def all(self) -> tuple[bytes, ...]:
        """Every accepted secret, the current one first."""
        former = (secret for key_id, secret in self._by_id.items() if key_id != self.key_id)
        return self.current, *former

    def derive(self, label: str, *parts: bytes) -> bytes:
        """A key of the current secret."""
        return derive(self.current, label, *parts)

    def fingerprints(self) -> tuple[str, ...]:
        """By what every accepted secret is recognised, the current one first; public."""
        return tuple(derive(secret, "fingerprint").hex()[:16] for secret in self.all())


@lru_cache(maxsize=64)
def _key_id(secret: bytes) -> int:
    return hashlib.sha256(b"ringbolt key id\0" + secret).digest()[0]


@lru_cache(maxsize=64)
def _mac(secret: bytes) -> Callable[[bytes], bytes]:
    return keyed(secret)


def hash_of(secret: bytes, text: str) -> str:
    """A number, address or client as the store keeps it: recognised, but not readable."""
    return _identity(secret)(text.encode()).hex()[:32]


def hashes_of(keyring: Keyring, text: str) -> tuple[str, ...]:
    """The same under every accepted secret, the current one first."""
    return tuple(hash_of(secret, text) for secret in keyring.all())


@lru_cache(maxsize=16)
def _identity(secret: bytes) -> Callable[[bytes], bytes]:
    return keyed(derive(secret, "identity"))
