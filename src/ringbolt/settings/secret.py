"""The shop's master secret: configured, or made at the first start and kept in its data folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings, SettingsError

FILE_NAME = "secret"


def load_keyring(settings: Settings, *, create: bool) -> Keyring:
    """The keyring of this shop. Raises ``SettingsError``.

    ``create`` makes a secret where there is none; without it, its absence is an error.
    """
    configured = settings.secret.get_secret_value()
    try:
        current = (
            _read(configured, "RINGBOLT_SECRET") if configured else _own(settings.data_dir, create)
        )
        former = [
            _read(secret.get_secret_value(), "RINGBOLT_FORMER_SECRETS")
            for secret in settings.former_secrets
        ]
    except OSError as error:
        raise SettingsError(f"The master secret cannot be read or kept: {error}") from None
    try:
        return Keyring([current, *former])
    except ValueError as error:
        raise SettingsError(f"RINGBOLT_SECRET and RINGBOLT_FORMER_SECRETS: {error}.") from None


def secret_source(settings: Settings) -> str:
    """Where the current secret comes from: the file, or the option that holds it."""
    configured = settings.secret.get_secret_value()
    if not configured:
        return str((settings.data_dir / FILE_NAME).absolute())
    return f"RINGBOLT_SECRET, file {configured}" if _is_file(configured) else "RINGBOLT_SECRET"


def secret_file(settings: Settings) -> Path | None:
    """The file that holds the current secret; None if the option itself holds it."""
    configured = settings.secret.get_secret_value()
    if not configured:
        return (settings.data_dir / FILE_NAME).absolute()
    return Path(configured).absolute() if _is_file(configured) else None


def _own(data_dir: Path, create: bool) -> bytes:
    path = data_dir / FILE_NAME
    if not path.exists():
        if not create:
            raise SettingsError(
                f"{path} does not exist. It is made when the shop first starts with this data "
                "folder; if it was started before, put the file back from its backup."
            )
        data_dir.mkdir(parents=True, exist_ok=True)
        # Written under another name and linked, so that two first starts agree on one secret.
        draft = data_dir / f".{FILE_NAME}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
            os.link(draft, path)
        draft.unlink()
        _sync_folder(data_dir)  # what is sold under a secret must not outlive it
    return _from_hex(path.read_bytes(), str(path))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(text: str, option: str) -> bytes:
    if _is_file(text):
        return _from_hex(Path(text).read_bytes(), text)
    return _from_hex(text.encode(), option)


def _is_file(text: str) -> bool:
    return len(text) < 256 and Path(text).is_file()


def _from_hex(text: bytes, where: str) -> bytes:
    try:
        secret = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        raise SettingsError(
            f"{where}: a secret is written in hexadecimal, or is the name of a file that holds it."
        ) from None
    if len(secret) < 32:
        raise SettingsError(f"{where}: a secret has at least 32 bytes (64 hexadecimal digits).")
    return secret
