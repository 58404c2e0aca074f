"""The master secret of the database: stored at the first start, compared at every other."""

from __future__ import annotations

import pytest

from ringbolt.bootstrap import SecretDiffers, check_secret, keep_secret
from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings
from ringbolt.store.engine.db import Database
from ringbolt.store.shop_facts import SECRET, get

A, B, C = (bytes([number]) * 32 for number in (1, 2, 3))
SETTINGS = Settings(secret="01" * 32)


async def start(database: Database, *secrets: bytes, accept: bool = False) -> None:
    await keep_secret(SETTINGS, Keyring(secrets), database, accept=accept)


async def test_another_secret_is_refused_with_both_fingerprints(database: Database) -> None:
    await start(database, A)
    await start(database, A)
    with pytest.raises(SecretDiffers) as refused:
        await start(database, B)
    for secret in (A, B):
        assert Keyring([secret]).fingerprints()[0] in str(refused.value)
    assert A.hex() not in str(refused.value)
    assert "--accept-secret" in refused.value.suggestion
    await start(database, A)  # a refused start changes nothing


async def test_a_rotation_is_followed(database: Database) -> None:
    await start(database, A)
    await start(database, B, A)
    await start(database, B)
    with pytest.raises(SecretDiffers):
        await start(database, A)


async def test_a_lost_secret_is_replaced_on_demand(database: Database) -> None:
    await start(database, A)
    await start(database, B, C, accept=True)
    assert await database.read(get, SECRET) == Keyring([B]).fingerprints()[0]
    await start(database, B)


async def test_reading_commands_compare_and_store_nothing(database: Database) -> None:
    await check_secret(SETTINGS, Keyring([B]), database)
    await start(database, A)
    await check_secret(SETTINGS, Keyring([C, A]), database)
    with pytest.raises(SecretDiffers):
        await check_secret(SETTINGS, Keyring([B]), database)
