"""API keys of prepaid accounts: made, listed, revoked, recognised. Only their hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from ringbolt.app.ledger_names import account_of_key
from ringbolt.core.errors import InvalidInput, NotFound, Unauthorized
from ringbolt.core.money import sats_down
from ringbolt.store import keys, ledger
from ringbolt.store.db import Database, Tx
from ringbolt.store.keys import ApiKey

SCOPES = frozenset({"read", "spend", "fund"})
"""read: see balance and orders. spend: place orders. fund: top up."""
_PREFIX = "rb"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key; ``key`` is shown once and never again."""

    id: str
    key: str
    scopes: frozenset[str]


async def create_key(db: Database, label: str, scopes: frozenset[str] = SCOPES) -> NewKey:
    """Raises ``InvalidInput`` for a scope that does not exist."""
    unknown = scopes - SCOPES
    if unknown or not scopes:
        raise InvalidInput(
            f"No such scope: {', '.join(sorted(unknown)) or '(none given)'}.",
            field="scopes",
            suggestion=f"Choose from {', '.join(sorted(SCOPES))}.",
        )
    key_id = secrets.token_hex(6)
    key = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(24)}"
    await db.tx(_add, key_id, _hash(key), scopes, label[:100])
    return NewKey(key_id, key, scopes)


def _add(tx: Tx, key_id: str, key_hash: bytes, scopes: frozenset[str], label: str) -> None:
    ledger.ensure_account(tx, account_of_key(key_id), "liability", stored=True, floor_msat=0)
    keys.add(tx, key_id, key_hash, scopes, label)


async def list_keys(db: Database) -> list[tuple[ApiKey, int]]:
    """Every key with its balance in msat that can still be spent."""
    return await db.read(_list)


def _list(tx: Tx) -> list[tuple[ApiKey, int]]:
    return [
        (key, ledger.balance(tx, account_of_key(key.id)).available_msat) for key in keys.listing(tx)
    ]


def key_document(key: ApiKey, balance_msat: int) -> dict[str, Any]:
    """A key as the operator is shown it; the key itself is not known any more."""
    return {
        "id": key.id,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "balance_sats": sats_down(balance_msat),
        "created_ms": key.created_ms,
        "revoked_ms": key.revoked_ms,
    }


async def revoke_key(db: Database, key_id: str) -> None:
    """Raises ``NotFound``."""
    if not await db.tx(keys.revoke, key_id):
        raise NotFound(f"There is no key {key_id} that could be revoked.")


def recognise(tx: Tx, key: str, scope: str) -> ApiKey:
    """The key behind a text. Raises ``Unauthorized``."""
    found = keys.by_hash(tx, _hash(key))
    if found is None:
        raise Unauthorized("This API key is not known.")
    if found.revoked_ms is not None:
        raise Unauthorized("This API key was revoked.")
    if scope not in found.scopes:
        raise Unauthorized(f"This API key may not do this: it lacks the scope {scope}.")
    return found


def _hash(key: str) -> bytes:
    # A key holds 192 random bits, so that a plain hash cannot be guessed back.
    return hashlib.sha256(key.encode()).digest()
