"""What ``ringbolt doctor`` says of the data folder and of the secret in it."""

from __future__ import annotations

import errno
import getpass
import os
import shlex
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from ringbolt.bootstrap import SecretDiffers, check_secret
from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.operator_access import is_new
from ringbolt.clock import SystemClock
from ringbolt.core.humanise import counted
from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings
from ringbolt.settings.secret import load_keyring, secret_file, secret_source
from ringbolt.store.engine.opening import open_database

_LOW_DISK_BYTES: Final = 500_000_000
_TRIED_BYTES: Final = 8192
_NAME_ANOTHER: Final = "or name another folder in RINGBOLT_DATA_DIR"


async def data_folder(settings: Settings) -> list[CheckResult]:
    """Whether the shop can keep its data there."""
    path = settings.data_dir.absolute()
    found = fault(path)
    if found is not None:
        return [found]
    if not path.exists():
        fix = "If your shop is elsewhere: name its folder in RINGBOLT_DATA_DIR."
        return [CheckResult("data folder", "-", "note", f"{path} is made at the first start", fix)]
    free = shutil.disk_usage(path).free
    state, fix = ("wrong", f"Make room on that disk, {_NAME_ANOTHER}.")
    if free >= _LOW_DISK_BYTES:
        state, fix = ("ok", "")
    detail = f"{path}, {free // 1_000_000} MB free"
    return [CheckResult("data folder", "real", state, detail, fix)]


def fault(path: Path) -> CheckResult | None:
    """Why nothing can be kept in ``path``, or in the folder that it would be made in; else None."""
    path = path.absolute()
    nearest = next(each for each in (path, *path.parents) if _exists(each))
    if not nearest.is_dir():
        return CheckResult("data folder", "-", "wrong", f"{nearest} is a file, not a folder",
                           f"Move it away, {_NAME_ANOTHER}.")  # fmt: skip
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(bytes(_TRIED_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return CheckResult("data folder", "-", "wrong", f"{nearest}: {error.strerror}",
                               f"Make room on that disk, {_NAME_ANOTHER}.")  # fmt: skip
        detail = f"{nearest} cannot be written by {_user()}: {error.strerror}"
        fix = f"chown -R {_user()} {shlex.quote(str(nearest))}; chmod u+rwx it; {_NAME_ANOTHER}."
        return CheckResult("data folder", "-", "wrong", detail, fix)
    return None


async def secret(settings: Settings) -> list[CheckResult]:
    """The master secret in use: where it is, and whether the database was made under it."""
    path = secret_file(settings)
    if path is not None and not path.exists() and is_new(settings):
        return [CheckResult("secret", "-", "note", f"{path} is made at the first start")]
    keyring = load_keyring(settings, create=False)
    try:
        if not is_new(settings):
            await _compare(settings, keyring)
    except SecretDiffers as error:
        return [CheckResult("secret", "real", "wrong", str(error), error.suggestion)]
    former = len(keyring.all()) - 1
    detail = f"{secret_source(settings)}, fingerprint {keyring.fingerprints()[0]}"
    detail += f"; {counted(former, 'former secret')} accepted too" if former else ""
    mode = stat.S_IMODE(path.stat().st_mode) if path is not None else 0
    if mode & 0o077:
        detail = f"{detail}; others may read it (mode {mode:o})"
        return [CheckResult("secret", "real", "wrong", detail, f"chmod 600 {path}")]
    return [CheckResult("secret", "real", "ok", detail)]


async def _compare(settings: Settings, keyring: Keyring) -> None:
    """Raises ``SecretDiffers``; nothing if the database cannot be read, as the store's finding
    says."""
    try:
        db = await open_database(settings.database, SystemClock(), readonly=True)
    except Exception:  # noqa: BLE001 - whatever it is, the check of the store finds it, too
        return
    try:
        await check_secret(settings, keyring, db)
    finally:
        await db.close()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder on the way may not be entered
        return False


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "this user"
