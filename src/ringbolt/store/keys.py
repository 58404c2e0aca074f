"""API keys, by their hash: the keys themselves are never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import api_key


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``id``: the key's visible prefix, also its account's name. ``scopes``: what it may do.
    ``hash``: of the key that is in force now. ``webhook_secret``: how often the secret of its
    webhooks was replaced, the last time at ``webhook_secret_ms``."""

    id: str
    label: str
    scopes: frozenset[str]
    created_ms: int
    revoked_ms: int | None
    hash: bytes
    webhook_secret: int
    webhook_secret_ms: int | None


def add(tx: Tx, id: str, key_hash: bytes, scopes: frozenset[str], label: str = "") -> bool:
    """Add a key; False if its id or hash is taken."""
    return insert_new(
        tx,
        api_key,
        id=id,
        hash=key_hash,
        label=label,
        scopes=" ".join(sorted(scopes)),
        created_ms=tx.now_ms,
    )


def by_hash(tx: Tx, key_hash: bytes) -> ApiKey | None:
    """The key with that hash, revoked or not."""
    row = tx.run(_BY_HASH, {"hash_": key_hash}).one_or_none()
    return None if row is None else _api_key(row)


def by_id(tx: Tx, id: str) -> ApiKey | None:
    """The key with that id, revoked or not."""
    row = tx.run(_BY_ID, {"id_": id}).one_or_none()
    return None if row is None else _api_key(row)


def listing(tx: Tx) -> list[ApiKey]:
    """Every key, the oldest first."""
    return [_api_key(row) for row in tx.run(_LISTING)]


def revoke(tx: Tx, id: str) -> bool:
    """Revoke a key from now on; False if there is none or it was revoked before."""
    return tx.run(_REVOKE, {"id_": id, "now_": tx.now_ms}).rowcount == 1


def replace(tx: Tx, id: str, old_hash: bytes, new_hash: bytes) -> bool:
    """Put another key in the place of one, for the same account; False if it is not in force."""
    values = {"id_": id, "old_": old_hash, "new_": new_hash}
    return tx.run(_REPLACE, values).rowcount == 1


def replace_webhook_secret(tx: Tx, id: str, present: int) -> bool:
    """Count one more secret of the key's webhooks; False if ``present`` is not the latest."""
    values = {"id_": id, "present_": present, "now_": tx.now_ms}
    return tx.run(_REPLACE_WEBHOOK_SECRET, values).rowcount == 1


def webhook_secret_of(tx: Tx, account: str) -> int:
    """How often the secret of an account's webhooks was replaced; 0 for what is no account."""
    if not account.startswith(account_of_key.prefix):
        return 0
    key = by_id(tx, account.removeprefix(account_of_key.prefix))
    return 0 if key is None else key.webhook_secret


def _api_key(row: Any) -> ApiKey:
    scopes = frozenset(row.scopes.split())
    return ApiKey(
        id=row.id,
        label=row.label,
        scopes=scopes,
        created_ms=row.created_ms,
        revoked_ms=row.revoked_ms,
        hash=bytes(row.hash),
        webhook_secret=row.webhook_secret,
        webhook_secret_ms=row.webhook_secret_ms,
    )


_BY_HASH = select(api_key).where(api_key.c.hash == bindparam("hash_"))
_BY_ID = select(api_key).where(api_key.c.id == bindparam("id_"))
_LISTING = select(api_key).order_by(api_key.c.created_ms, api_key.c.id)
_REVOKE = (
    update(api_key)
    .where(api_key.c.id == bindparam("id_"), api_key.c.revoked_ms.is_(None))
    .values(revoked_ms=bindparam("now_"))
)
_REPLACE = (
    update(api_key)
    .where(
        api_key.c.id == bindparam("id_"),
        api_key.c.hash == bindparam("old_"),
        api_key.c.revoked_ms.is_(None),
    )
    .values(hash=bindparam("new_"))
)
_REPLACE_WEBHOOK_SECRET = (
    update(api_key)
    .where(api_key.c.id == bindparam("id_"), api_key.c.webhook_secret == bindparam("present_"))
    .values(
        webhook_secret=api_key.c.webhook_secret + 1,
        webhook_secret_ms=bindparam("now_", type_=api_key.c.created_ms.type),
    )
)
