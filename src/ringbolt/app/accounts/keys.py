"""API keys of prepaid accounts: made, adopted, listed, revoked, recognised.

Only their hash is stored.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any

from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Role, Unauthorized
from ringbolt.core.keys import Keyring
from ringbolt.core.pricing.money import sats_down
from ringbolt.store import keys, ledger
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.keys import ApiKey

DEFAULT_SCOPES = frozenset({"read", "spend", "fund"})
"""The scopes of a new key by default."""
SCOPES = DEFAULT_SCOPES | {"inbound"}
"""read: see balance and orders. spend: place orders. fund: top up. inbound: hand in texts that
came to the operator's own numbers."""
_PREFIX = "rb"
_RANDOM = "Make it long and random, for example with: openssl rand -hex 24"
OWN_KEY_LABEL = "made by its first top-up"
_OWN_KEY = re.compile(r"[!-~]{16,128}", re.ASCII)
_LEAST_DIFFERENT = 8
"""How many different characters a buyer's own key needs: one with fewer can be guessed."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key; ``key`` is shown once and never again."""

    id: str
    key: str
    scopes: frozenset[str]


def new_key(scopes: frozenset[str] = DEFAULT_SCOPES, key_id: str = "") -> NewKey:
    """A key that nothing knows yet; ``key_id``: of the account that it is for, '' for a new one."""
    key_id = key_id or secrets.token_hex(6)
    return NewKey(key_id, f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(24)}", scopes)


async def create_key(db: Database, label: str, scopes: frozenset[str] = DEFAULT_SCOPES) -> NewKey:
    """Raises ``InvalidInput`` for a scope that does not exist."""
    unknown = scopes - SCOPES
    if unknown or not scopes:
        raise InvalidInput(
            f"No such scope: {', '.join(sorted(unknown)) or '(none given)'}.",
            role=Role.SCOPES,
            suggestion=f"Choose from {', '.join(sorted(SCOPES))}.",
        )
    made = new_key(scopes)
    await db.tx(_add, made.id, hash_of_key(made.key), scopes, label[:100])
    return made


def own_key_id(keyring: Keyring, key: str) -> str:
    """The id of a key that its holder chose: always the same, and it does not reveal the key.

    Raises ``InvalidInput`` for a text that is too short or long for a key, or that can be
    guessed.
    """
    if not _OWN_KEY.fullmatch(key):
        raise InvalidInput(
            "A key of your own needs 16 to 128 printable ASCII characters, without spaces.",
            code="INVALID_API_KEY",
            role=Role.API_KEY,
            suggestion=_RANDOM,
        )
    if len(set(key)) < _LEAST_DIFFERENT:
        raise InvalidInput(
            f"A key of your own needs at least {_LEAST_DIFFERENT} different characters: this one "
            "can be guessed, and a person who guesses it can spend your balance.",
            code="INVALID_API_KEY",
            role=Role.API_KEY,
            suggestion=_RANDOM,
        )
    return keyring.derive("own key id", key.encode())[:8].hex()


def adopt(tx: Tx, key_id: str, key_hash: bytes, label: str = OWN_KEY_LABEL) -> None:
    """Make a key of a text whose holder has it already; harmless if that was done before.

    Raises ``Conflict`` if it was done under another id, or the id is another key's.
    """
    _add(tx, key_id, key_hash, DEFAULT_SCOPES, label)
    found = keys.by_hash(tx, key_hash)
    if found is None or found.id != key_id:
        raise Conflict(
            "This key could not be made.", suggestion="Try again; if that fails, use another key."
        )


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
    """A key as the operator sees it; the key itself is not stored."""
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
        raise _no_such_key(key_id)


def _no_such_key(key_id: str) -> NotFound:
    return NotFound(
        f"There is no key {key_id}, or it was revoked.",
        suggestion="ringbolt keys list shows every key.",
    )


async def replace_key(db: Database, key_id: str, present_hash: bytes | None = None) -> NewKey:
    """Another key for the same account: the former one, its sessions and its tokens end at once;
    balance and orders stay. ``present_hash``: of the key that is to be replaced, None for whichever
    is in force.

    Raises ``NotFound``, and ``Conflict`` if it was replaced meanwhile.
    """
    key = await db.read(keys.by_id, key_id)
    if key is None or key.revoked_ms is not None:
        raise _no_such_key(key_id)
    made = new_key(key.scopes, key_id)
    present = key.hash if present_hash is None else present_hash
    if not await db.tx(keys.replace, key_id, present, hash_of_key(made.key)):
        raise Conflict(
            "This key was replaced meanwhile.",
            code="KEY_REPLACED",
            suggestion="Use the new one.",
        )
    return made


def find(tx: Tx, key: str) -> ApiKey | None:
    """The key behind a text, revoked or not."""
    return keys.by_hash(tx, hash_of_key(key))


def recognise(tx: Tx, key: str, scope: str) -> ApiKey:
    """The key behind a text, if it may do what ``scope`` names. Raises ``Unauthorized`` for one
    that is unknown or revoked, ``Forbidden`` for one that may not."""
    return recognise_hash(tx, hash_of_key(key), scope)


def recognise_hash(tx: Tx, key_hash: bytes, scope: str) -> ApiKey:
    """The same of a key's hash."""
    found = keys.by_hash(tx, key_hash)
    if found is None:
        raise unknown_key()
    return permitted(found, scope)


def unknown_key() -> Unauthorized:
    """The error for a key that does not exist."""
    return Unauthorized(
        "This API key is not known.",
        suggestion="Check it for missing characters, or ask the operator for a key.",
    )


def permitted(key: ApiKey, scope: str) -> ApiKey:
    """The same key. Raises ``Unauthorized`` if it was revoked, ``Forbidden`` if it lacks the
    scope."""
    if key.revoked_ms is not None:
        raise Unauthorized(
            "This API key was revoked.", suggestion="Ask the operator for another key."
        )
    if scope not in key.scopes:
        raise Forbidden(
            f"This API key may not do this: it lacks the scope {scope}.",
            suggestion=f"Ask the operator for a key with the scope {scope}.",
        )
    return key


def hash_of_key(key: str) -> bytes:
    """What is stored of a key."""
    # A key of ours holds 192 random bits, so that a plain hash cannot be guessed back; one that
    # its holder chose is as good as it was chosen.
    return hashlib.sha256(key.encode()).digest()
