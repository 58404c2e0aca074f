"""Purchases on the buyer's disk: what was asked, what was paid, and the proof of it.

A purchase is written before its invoice is paid and again before the proof is used, so that a
crash at any line loses no money: the wallet is asked for the payment by its hash, and the request
is repeated with the same credential. A file is removed once there is nothing left to do with it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from ringbolt.cli.buyer.errors import PurchaseError, WrongInput
from ringbolt.cli.buyer.wallet import WalletAddress
from ringbolt.core.lightning import bolt11
from ringbolt.store.engine.file_lock import FileLock
from ringbolt.store.errors import StoreLocked

STATE_VARIABLE: Final = "XDG_STATE_HOME"
_ID_CHARS: Final = 12


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is bought by L402.

    ``preimage`` is '' until the invoice is known to be paid, ``answer`` None until the server took
    the credential. ``is_failed``: what was bought failed, so the credential may buy it again, or
    the money can be withdrawn with ``links``.
    """

    url: str
    body: dict[str, Any]
    macaroon: str
    invoice: str
    amount_sats: int
    asked_at: str
    wallet: WalletAddress
    preimage: str = ""
    answer: dict[str, Any] | None = None
    is_failed: bool = False
    links: list[str] = []

    @property
    def id(self) -> str:
        """The beginning of the payment hash, which no other purchase has."""
        return bolt11.decode(self.invoice).payment_hash.hex()[:_ID_CHARS]

    @property
    def authorization(self) -> str:
        return f"L402 {self.macaroon}:{self.preimage}"

    @property
    def status_url(self) -> str:
        return str((self.answer or {}).get("status_url") or "")

    @property
    def is_delivered(self) -> bool:
        return self.answer is not None


class PurchaseFolder:
    """The purchases of a user, one file each, which only that user can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, purchase: Purchase) -> Purchase:
        """Write it to the disk, whole or not at all. Raises ``PurchaseError``."""
        path = self._file(purchase.id)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as out:
                    out.write(msgspec.json.format(msgspec.json.encode(purchase)))
                    out.flush()
                    os.fsync(out.fileno())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            _sync(self.path)
        except OSError as error:
            raise PurchaseError(f"The purchase cannot be written to {path}: {error}") from None
        return purchase

    def remove(self, purchase: Purchase) -> None:
        """There is nothing left to do with it."""
        self._file(purchase.id).unlink(missing_ok=True)
        self._lock(purchase.id).unlink(missing_ok=True)

    def all(self) -> list[Purchase]:
        """Every purchase that is kept, the oldest first. Raises ``PurchaseError``."""
        try:
            found = [_read(path) for path in self.path.glob("[!.]*.json")]
        except OSError as error:
            raise PurchaseError(f"The purchases in {self.path} cannot be read: {error}") from None
        return sorted(found, key=lambda purchase: purchase.asked_at)

    def find(self, name: str) -> Purchase:
        """The purchase whose id begins with ``name``. Raises ``WrongInput``."""
        found = [each for each in self.all() if each.id.startswith(name.lower())]
        if len(found) == 1:
            return found[0]
        what = "There is no purchase" if not found else "There are several purchases"
        raise WrongInput(f"{what} {name} in {self.path}.")

    @contextmanager
    def locked(self, purchase_id: str) -> Iterator[None]:
        """Keep other processes from going on with a purchase. Raises ``PurchaseError`` if one
        does."""
        path = self._lock(purchase_id)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(path, f"Purchase {purchase_id}", "Wait for it, or stop it.")
        except StoreLocked as error:
            raise PurchaseError(f"{error.message} {error.suggestion}") from None
        except OSError as error:
            raise PurchaseError(f"The purchase cannot be written to {path}: {error}") from None
        try:
            yield
        finally:
            if not self._file(purchase_id).exists():
                path.unlink(missing_ok=True)
            lock.release()

    def is_locked(self, purchase: Purchase) -> bool:
        """Whether a process is going on with it."""
        try:
            with self.locked(purchase.id):
                return False
        except PurchaseError:
            return True

    def _file(self, purchase_id: str) -> Path:
        return self.path / f"{purchase_id}.json"

    def _lock(self, purchase_id: str) -> Path:
        return self.path / f"{purchase_id}.lock"


def users_folder() -> PurchaseFolder:
    """Where the user's purchases are: ``$XDG_STATE_HOME/ringbolt/purchases``, by default under
    ``~/.local/state`` (XDG Base Directory Specification). Raises ``WrongInput``."""
    named = os.environ.get(STATE_VARIABLE, "")
    try:
        state = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:
        raise WrongInput(
            f"There is no home folder to keep purchases in; name a folder in {STATE_VARIABLE}."
        ) from None
    return PurchaseFolder(state / "ringbolt" / "purchases")


def _read(path: Path) -> Purchase:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Purchase)
    except msgspec.MsgspecError as error:
        raise PurchaseError(f"{path} is not a purchase: {error}") from None


def _sync(folder: Path) -> None:
    """Write the folder's entries to the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
