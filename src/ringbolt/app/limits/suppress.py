"""The suppression list of people who want nothing from us, and the unsubscribe links.

A link's token holds the hash of the address and a proof that we made it: no look-up is needed, and
a stranger cannot suppress other addresses.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from ringbolt.app.shop import Shop
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.keys import Keyring, derive, hash_of
from ringbolt.store import suppressions
from ringbolt.store.suppressions import Channel

_LABEL = "unsubscribe"
_PROOF_BYTES = 12


def unsubscribe_token(keyring: Keyring, to_hash: str) -> str:
    """The token of the link that suppresses the address with this hash (hexadecimal)."""
    named = bytes([keyring.key_id]) + bytes.fromhex(to_hash)
    return base64.urlsafe_b64encode(named + _proof(keyring.current, named)).decode().rstrip("=")


def hash_of_token(keyring: Keyring, token: str) -> str | None:
    """The hash of the address that the token was made for; None if we did not make it."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    named, proof = raw[:-_PROOF_BYTES], raw[-_PROOF_BYTES:]
    secret = keyring.secret(named[0]) if len(named) > 1 else None
    if secret is None or not hmac.compare_digest(_proof(secret, named), proof):
        return None
    return named[1:].hex()


def _proof(secret: bytes, named: bytes) -> bytes:
    return derive(secret, _LABEL, named)[:_PROOF_BYTES]


def unsubscribe_link(base_url: str, keyring: Keyring, address: str) -> str:
    """The link at the foot of every e-mail."""
    to_hash = hash_of(keyring.current, mailbox_of(address))
    return f"{base_url}/u/{unsubscribe_token(keyring, to_hash)}"


async def suppress(shop: Shop, channel: Channel, to_hash: str, why: str) -> bool:
    """Send nothing to this hash any more; False if it was suppressed before."""
    return await shop.db.tx(suppressions.add, channel, to_hash, why)
