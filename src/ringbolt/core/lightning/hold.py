"""The preimage of an order's hold invoice: derived, so that it is never stored and never lost.

It depends on the order's id and the master secret alone. The invoice (its payment hash) reveals
neither the order's id nor the preimage.
"""

from __future__ import annotations

import hashlib

from ringbolt.core.keys import Keyring, derive

_LABEL = "hold"

MEMO = "Ringbolt order"
"""The beginning of every hold invoice's memo; all of it in invoices of earlier versions."""


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


def hold_memo(keyring: Keyring) -> str:
    """The memo of a new hold invoice: it names the shop, because several may share a node, and
    neither what was bought nor for whom."""
    return _memo_of(keyring.current)


def is_own_memo(keyring: Keyring, memo: str) -> bool:
    """Whether the memo is that of a hold invoice of this shop, perhaps made under a former secret,
    or by an earlier version, which named no shop."""
    return memo == MEMO or memo in {_memo_of(secret) for secret in keyring.all()}


def _memo_of(secret: bytes) -> str:
    return f"{MEMO}, shop {derive(secret, 'shop id').hex()[:8]}"
