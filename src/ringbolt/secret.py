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
    current = _read(configured) if configured else _own(settings.data_dir, create)
    former = [_read(secret.get_secret_value()) for secret in settings.former_secrets]
    return Keyring([current, *former])


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
    return _from_hex(path.read_text().strip(), str(path))


def _read(text: str) -> bytes:
    path = Path(text)
    if len(text) < 256 and path.is_file():
        return _from_hex(path.read_text().strip(), text)
    return _from_hex(text, "RINGBOLT_SECRET")


def _from_hex(text: str, where: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        raise SettingsError(f"{where}: a secret is written in hexadecimal.") from None
    if len(secret) < 32:
        raise SettingsError(f"{where}: a secret has at least 32 bytes (64 hexadecimal digits).")
    return secret
