"""Refuses to work with another master secret than the one under which the database was made.

With another secret the shop does not recognise its own payments, and the credentials that it sold
are worthless; both would be noticed only when buyers complain.
"""

from __future__ import annotations

import structlog

from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import secret_source
from ringbolt.store import shop_facts
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.shop_facts import SECRET

log = structlog.get_logger("ringbolt.secret")


class SecretDiffers(SettingsError):
    """The database was made under another master secret."""

    suggestion = (
        "With it, the shop would not recognise its own payments, and credentials that it sold "
        "would be refused. Put the former secret back; to replace it, name it in "
        "RINGBOLT_FORMER_SECRETS. If it is lost for good, start once with --accept-secret."
    )


async def check_secret(settings: Settings, keyring: Keyring, db: Database) -> None:
    """Raises ``SecretDiffers``. Changes nothing."""
    known = await db.read(shop_facts.get, SECRET)
    if known is not None and known not in keyring.fingerprints():
        raise _differs(settings, keyring, known)


async def keep_secret(
    settings: Settings, keyring: Keyring, db: Database, *, accept: bool = False
) -> None:
    """Store the fingerprint of the current secret, at the first start and after a rotation (the
    stored one is then that of a former secret). ``accept`` stores it in any case.

    Raises ``SecretDiffers``: the database was made under a secret that is not configured.
    """
    refused = await db.tx(_keep, keyring, accept)
    if refused is not None:
        raise _differs(settings, keyring, refused)


def _keep(tx: Tx, keyring: Keyring, accept: bool) -> str | None:
    """The stored fingerprint, if it is not that of an accepted secret; else None."""
    current, *former = keyring.fingerprints()
    known = shop_facts.get(tx, SECRET)
    if known not in (None, current, *former):
        if not accept:
            return known
        log.warning("another master secret is accepted", former=known, current=current)
    if known != current:
        shop_facts.keep(tx, SECRET, current)
    return None


def _differs(settings: Settings, keyring: Keyring, known: str) -> SecretDiffers:
    source = secret_source(settings)
    return SecretDiffers(
        f"The master secret in use ({source}, fingerprint {keyring.fingerprints()[0]}) is not the "
        f"one of this database (fingerprint {known})."
    )
