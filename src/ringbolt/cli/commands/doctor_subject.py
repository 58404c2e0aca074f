"""Which shop ``ringbolt doctor`` looks at, and with which settings: those of the shop that runs on
the data folder, else those of this terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import httpx

from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.operator_access import sqlite_file
from ringbolt.cli.program import NAME, command
from ringbolt.cli.running_shop import RunningShop, running_shop
from ringbolt.settings import (
    CONFIG_VARIABLE,
    DEFAULT_CONFIG,
    Settings,
    SettingsError,
    load_settings,
)

_PREFIX: Final = "RINGBOLT_"
_PROCESSES: Final = Path("/proc")
_READY_S: Final = 10.0


async def subject() -> tuple[Settings | None, list[CheckResult]]:
    """The settings to look at, None if they cannot be used; and what is to be said of them."""
    settings, found = _loaded()
    if settings is None:
        return None, found
    shop = await running_shop(settings)
    if shop is None:
        return settings, _not_running(settings)
    where = f"runs at {shop.url}, process {shop.pid}, data folder {settings.data_dir.absolute()}"
    unready = await _unready(shop)
    if not _adopt(shop):
        unlike = CheckResult(
            "settings",
            "-",
            "note",
            "those of this terminal; the running shop's own cannot be read from here",
            "Run this command as the shop's user on its machine, or with the same settings.",
        )
        return settings, [CheckResult("shop", "-", "ok", where), *unready, unlike]
    theirs, found = _loaded()
    return theirs, [CheckResult("shop", "-", "ok", f"{where}; with its settings"), *unready, *found]


async def _unready(shop: RunningShop) -> list[CheckResult]:
    """What ``/readyz`` of the running shop complains of: it tries a write, for instance."""
    try:
        async with httpx.AsyncClient(timeout=_READY_S) as http:
            answer = await http.get(f"{shop.url}/readyz")
        if answer.status_code == 200:
            return []
        fault = str(answer.json()["detail"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        fault = f"/readyz does not answer: {error!r}"
    fix = "See the other rows and the log; it recovers by itself when the cause is gone."
    return [CheckResult("readiness", "-", "wrong", fault, fix)]


def _loaded() -> tuple[Settings | None, list[CheckResult]]:
    """The settings, or one result for each that is wrong."""
    try:
        return load_settings(), []
    except SettingsError as error:
        file = os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG)
        fix = f"Correct it in the environment or in {file}; docs/settings.md has all settings."
        return None, [
            CheckResult("settings", "-", "wrong", line, fix) for line in str(error).splitlines()
        ]


def _not_running(settings: Settings) -> list[CheckResult]:
    folder = settings.data_dir.absolute()
    holder = _holder(settings)
    if holder is None:
        said = f"none runs on the data folder {folder}; looked at with this terminal's settings"
        return [CheckResult("shop", "-", "note", said, command("serve"))]
    said = f"process {holder} holds the store in {folder}, and no shop answers"
    fix = f"Wait if it has just started. Else read its log, and stop it: kill {holder}"
    return [CheckResult("shop", "-", "wrong", said, fix)]


def _holder(settings: Settings) -> int | None:
    """The process that writes to the store, if one does. Its lock is only read: taking it would
    keep a shop that starts at this moment from starting."""
    file = sqlite_file(settings)
    if file is None:
        return None
    try:
        pid = int(file.with_name(file.name + ".lock").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid if _is_ringbolt(pid) else None


def _adopt(shop: RunningShop) -> bool:
    """Give this process the working folder and the variables that the shop was started with, so
    that the same settings are read; False if they cannot be known.

    The kernel shows them to the shop's own user. A copy of them on the disk would be a copy of the
    secrets among them.
    """
    process = _PROCESSES / str(shop.pid)
    try:
        if not _is_ringbolt(shop.pid):  # of another container, where the number means another one
            return False
        folder = (process / "cwd").readlink()
        variables = (process / "environ").read_bytes().split(b"\0")
        os.chdir(folder)
    except OSError:
        return False
    for name in [name for name in os.environ if name.startswith(_PREFIX)]:
        del os.environ[name]
    for variable in variables:
        name, _, value = os.fsdecode(variable).partition("=")
        if name.startswith(_PREFIX):
            os.environ[name] = value
    return True


def _is_ringbolt(pid: int) -> bool:
    """Whether a process is one of this program; taken for granted where nothing tells."""
    if not _PROCESSES.is_dir():
        return True
    try:
        return NAME.encode() in (_PROCESSES / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
