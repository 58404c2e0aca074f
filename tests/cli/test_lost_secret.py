"""A shop whose secret is gone, or whose database is another shop's, does not start."""

from __future__ import annotations

import os
from pathlib import Path

from cli.conftest import run_command
from ringbolt.bootstrap import keep_secret
from ringbolt.clock import SystemClock
from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings
from ringbolt.store.engine.opening import open_database

THEIRS = b"\x01" * 32


async def environment_of_lost_secret(data_dir: Path) -> dict[str, str]:
    """That of a shop whose database was made under ``THEIRS``, and which has no secret."""
    settings = Settings(data_dir=data_dir)
    data_dir.mkdir()
    db = await open_database(settings.database, SystemClock())
    await keep_secret(settings, Keyring([THEIRS]), db)
    await db.close()
    kept = {name: value for name, value in os.environ.items() if "RINGBOLT" not in name}
    return {**kept, "RINGBOLT_DATA_DIR": str(data_dir), "RINGBOLT_PORT": "0"}


async def test_a_start_without_the_secret_is_refused_and_makes_none(tmp_path: Path) -> None:
    environment = await environment_of_lost_secret(tmp_path / "data")
    refused = await run_command(environment, "serve")

    assert refused.code == 2
    assert Keyring([THEIRS]).fingerprints()[0] in refused.err
    assert "--accept-secret" in refused.err
    assert "Traceback" not in refused.err
    assert not (tmp_path / "data" / "secret").exists()


async def test_commands_that_read_refuse_another_secret(tmp_path: Path) -> None:
    environment = await environment_of_lost_secret(tmp_path / "data")
    environment["RINGBOLT_SECRET"] = "02" * 32
    for command in (("audit",), ("keys", "list")):
        refused = await run_command(environment, *command)
        assert (refused.code, "--accept-secret" in refused.err) == (2, True), refused.err
    doctor = await run_command(environment, "doctor")
    rows = {row["part"]: row for row in doctor.json}
    assert (doctor.code, rows["secret"]["state"]) == (1, "wrong")
    assert "RINGBOLT_SECRET" in rows["secret"]["detail"]
    assert "--accept-secret" in rows["secret"]["fix"]
