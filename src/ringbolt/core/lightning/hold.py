"""The preimage of an order's hold invoice: derived, so that it is never stored and never lost.

It depends on the order's id and the master secret alone. The invoice (its payment hash) reveals
neither the order's id nor the preimage.
"""

from __future__ import annotations

import hashlib

from ringbolt.core.keys import Keyring, derive

_LABEL = "hold"


def new_preimage(keyring: Keyring, order_id: str) -> bytes:
    """The 32 bytes for a new order. ``order_id``: 64 hexadecimal digits."""
    return keyring.derive(_LABEL, bytes.fromhex(order_id))


def payment_hash_of(preimage: bytes) -> bytes:
    """SHA-256 (BOLT 11)."""
    return hashlib.sha256(preimage).digest()


def find_preimage(keyring: Keyring, order_id: str, payment_hash: str) -> bytes | None:
    """The preimage of ``payment_hash`` (hex), perhaps made under a former secret."""
    for secret in keyring.all():
        preimage = derive(secret, _LABEL, bytes.fromhex(order_id))
        if payment_hash_of(preimage).hex() == payment_hash:
            return preimage
    return None
