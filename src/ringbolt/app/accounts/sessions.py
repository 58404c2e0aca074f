"""Sessions of account holders on the web: a signed name of the key, and a time. None is stored.

A session holds the hash of its key, so that it ends when the key is replaced or revoked. A new key
is stored with its first top-up; until then only its session knows it.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ringbolt.core.keys import Keyring
from ringbolt.store import keys
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey

SESSION_MS: Final = 12 * 3_600_000
_LABEL: Final = "account session"
_FORM: Final = re.compile(
    r"([0-9a-f]{12}|[0-9a-f]{16})\.([0-9a-f]{64})\.([0-9]{1,19})\.[0-9a-f]{64}"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a session belongs to. ``key`` is None while the key is not stored."""

    key_id: str
    key_hash: bytes
    key: ApiKey | None


def new_session(keyring: Keyring, key_id: str, key_hash: bytes, now_ms: int) -> str:
    """A signed session of the holder of a key; it ends when the key is replaced or revoked."""
    return _signed(keyring, f"{key_id}.{key_hash.hex()}.{now_ms + SESSION_MS}")


def holder_of(tx: Tx, keyring: Keyring, session: str) -> Holder | None:
    """The holder; None if the session is over, or its key was replaced or revoked."""
    parts = _FORM.fullmatch(session)
    if parts is None:
        return None
    key_id, key_hash, until_ms = parts[1], bytes.fromhex(parts[2]), int(parts[3])
    is_ours = hmac.compare_digest(session, _signed(keyring, session.rpartition(".")[0]))
    if not is_ours or tx.now_ms >= until_ms:
        return None
    key = keys.by_hash(tx, key_hash)
    if key is not None:
        # Its id may be another: a program may have stored it first, under a name of its own.
        return Holder(key.id, key_hash, key) if key.revoked_ms is None else None
    was_replaced = keys.by_id(tx, key_id) is not None
    return None if was_replaced else Holder(key_id, key_hash, None)


def form_token(session: str) -> str:
    """What the forms of a session carry, so that no other site can send them."""
    return sha256(f"form {session}".encode()).hexdigest()


def _signed(keyring: Keyring, text: str) -> str:
    signature = hmac.new(keyring.derive(_LABEL), text.encode(), sha256).hexdigest()
    return f"{text}.{signature}"
