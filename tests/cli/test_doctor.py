"""``ringbolt doctor`` with what can be broken: each fault is a finding with a remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Desk, run_command
from cli.test_commands import clean
from ringbolt.cli.check_result import Check, CheckResult
from ringbolt.cli.commands import doctor

READ_ONLY = Path("/sys/kernel")
Examine = Callable[..., Any]


@pytest.fixture
def examine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Examine:
    """Run the doctor with settings; its findings by part. It looks at everything but the voices,
    which take seconds to load."""
    checks = tuple(check for check in doctor.CHECKS if check.part != "speech")
    monkeypatch.setattr(doctor, "CHECKS", checks)
    for name in [name for name in os.environ if name.startswith("RINGBOLT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    async def run(**settings: object) -> dict[str, dict[str, str]]:
        for name, value in {"data_dir": tmp_path / "data", **settings}.items():
            monkeypatch.setenv(f"RINGBOLT_{name.upper()}", str(value))
        code = await doctor.doctor()
        found: list[dict[str, str]] = json.loads(capsys.readouterr().out)
        wrong = [each for each in found if each["state"] == "wrong"]
        assert code == (1 if wrong else 0)
        assert all(each["fix"] for each in wrong), wrong
        return {each["part"]: each for each in reversed(found)}

    return run


def folder(path: Path, **files: bytes) -> Path:
    path.mkdir()
    for name, content in files.items():
        (path / name.replace("_", ".")).write_bytes(content)
    return path


async def test_a_folder_that_is_missing_is_made_by_nobody(examine: Examine, tmp_path: Path) -> None:
    found = await examine()

    assert found["data folder"]["state"] == found["store"]["state"] == "note"
    assert str(tmp_path / "data") in found["shop"]["detail"]
    assert list(tmp_path.iterdir()) == []


async def test_a_data_folder_that_is_a_file_is_named(examine: Examine, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    for path in (file, file / "below"):
        found = (await examine(data_dir=path))["data folder"]
        assert (found["state"], found["detail"]) == ("wrong", f"{file} is a file, not a folder")


@pytest.mark.skipif(not READ_ONLY.is_dir(), reason="no folder that even root cannot write")
async def test_a_data_folder_that_cannot_be_written_is_named(examine: Examine) -> None:
    found = (await examine(data_dir=READ_ONLY))["data folder"]

    assert found["state"] == "wrong"
    assert f"{READ_ONLY} cannot be written" in found["detail"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"port = many", "not TOML"), (b"\xff\xfe", "ringbolt.toml"), (b"prot = 1", "prot")],
)
async def test_settings_that_cannot_be_used_are_named(
    examine: Examine, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "ringbolt.toml").write_bytes(content)

    found = (await examine())["settings"]

    assert found["state"] == "wrong"
    assert words in found["detail"]
    assert "ringbolt.toml" in found["fix"]


async def test_every_wrong_variable_is_named(examine: Examine) -> None:
    found = await examine(port="many", calls_charge_on="never")

    assert found["settings"]["state"] == "wrong"


@pytest.mark.parametrize(
    ("files", "part", "words"),
    [
        ({"secret": b"5e" * 32}, "store", "there is no database at"),
        ({"ringbolt_db": b"not a database" * 300}, "store", ""),
        ({"secret": b"garbage"}, "secret", "hexadecimal"),
    ],
    ids=["no database", "no SQLite file", "no secret"],
)
async def test_what_is_damaged_in_the_data_folder_is_named(
    examine: Examine, tmp_path: Path, files: dict[str, bytes], part: str, words: str
) -> None:
    found = (await examine(data_dir=folder(tmp_path / "damaged", **files)))[part]

    assert found["state"] == "wrong"
    assert words in found["detail"]


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/shop.db", "postgresql://user:secret@127.0.0.1:9/shop", "sqlite:///"]
)
async def test_a_database_that_cannot_be_had_is_named(examine: Examine, url: str) -> None:
    found = (await examine(database_url=url))["store"]

    assert found["state"] == "wrong"
    assert "user:secret" not in json.dumps(found)


async def test_a_process_that_holds_the_store_and_does_not_answer_is_named(
    examine: Examine, tmp_path: Path
) -> None:
    wait = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", wait, "ringbolt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()  # before it runs, the system may not know its command line
        data = folder(tmp_path / "held", ringbolt_db_lock=f"{holder.pid}\n".encode())
        found = (await examine(data_dir=data))["shop"]
        holder.communicate(b"\n")

    assert found["state"] == "wrong"
    assert f"process {holder.pid}" in found["detail"]
    assert f"kill {holder.pid}" in found["fix"]


async def test_a_check_that_stumbles_is_a_finding(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(_: object) -> list[CheckResult]:
        raise ZeroDivisionError("in the dark")

    monkeypatch.setattr(doctor, "CHECKS", (Check("prices", stumble, "Look."),))

    found = (await examine())["prices"]

    assert (found["state"], found["fix"]) == ("wrong", "Look.")
    assert "in the dark" in found["detail"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_running_shop_is_looked_at_with_its_own_settings(
    desk: Desk, tmp_path: Path
) -> None:
    environment = clean(tmp_path) | {"RINGBOLT_DATA_DIR": str(desk.shop.data_dir)}

    looked = await run_command(environment, "doctor")

    said = {finding["part"]: finding for finding in looked.json}
    assert looked.code == 0, looked.out
    assert desk.url in said["shop"]["detail"]
    assert str(desk.shop.data_dir) in said["shop"]["detail"]
    if Path("/proc").is_dir():
        assert said["limits"]["detail"] == "all limits are off", "as the shop's environment says"
