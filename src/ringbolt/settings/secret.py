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


def _own(data_dir: Path, create: bool) -> bytes:
    path = data_dir / FILE_NAME
    if not path.exists():
        if not create:
            raise SettingsError(
                f"{path} does not exist: the shop has not been started with this data_dir yet."
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
    path = Path(text)
    if len(text) < 256 and path.is_file():
        return _from_hex(path.read_bytes(), text)
    return _from_hex(text.encode(), option)


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
