"""What the client has bought and may still spend, on its disk.

A purchase is written down before its invoice is paid, and again before its credential is used, so
that a crash at any line loses no money: the same request goes on where it was. What was spent is
counted in the same folder, over all processes that use it.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ringbolt_client.challenge import Challenge
from ringbolt_client.errors import BudgetExceeded, ClientError
from ringbolt_client.file_lock import FileLock
from ringbolt_client.invoice import read_invoice

_DAY_S: Final = 86_400
_PURCHASES, _SPENT, _LOCK = "purchases", "spent.json", "lock"
_RETRY_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Purchase:
    """A request that is bought. ``key`` is the same for the same request, ``id`` is another each
    time. ``preimage`` is '' until the invoice is known to be paid;
    ``answer`` is set once it is delivered, and kept for purchases with a name. ``note`` is what the
    program keeps with it."""

    key: str
    id: str
    method: str
    url: str
    body: Any
    scheme: str
    parameters: dict[str, str]
    invoice: str
    amount_sats: int
    asked_at: float
    preimage: str = ""
    answer: dict[str, Any] | None = None
    is_kept: bool = False
    needs_document: bool = False
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def challenge(self) -> Challenge:
        return Challenge(self.scheme, self.parameters, read_invoice(self.invoice))

    @property
    def authorization(self) -> str:
        """The header that shows the payment."""
        return self.challenge.authorization(self.preimage)

    @property
    def status_url(self) -> str:
        """Where its status is read once it is delivered; '' for nowhere."""
        return str((self.answer or {}).get("status_url") or "")


def key_of(method: str, url: str, body: Any, name: str) -> str:
    """The same for the same request; another with each ``name``."""
    written = json.dumps([method, url, body, name], sort_keys=True, separators=(",", ":"))
    return sha256(written.encode()).hexdigest()[:32]


def new_id() -> str:
    """For a purchase that begins."""
    return secrets.token_hex(8)


def default_folder() -> Path:
    """Where a user's purchases are, if no other folder is named."""
    named = os.environ.get("XDG_STATE_HOME", "")
    state = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "state"
    return state / "ringbolt-client"


class Journal:
    """``budget_sats``: how much may be spent in 24 hours, None for no limit. ``now_s`` is Unix
    time."""

    def __init__(
        self, folder: Path, budget_sats: int | None, now_s: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self._budget_sats = budget_sats
        self._now_s = now_s

    def find(self, key: str) -> Purchase | None:
        return _read(self._file(key))

    def unfinished(self) -> list[Purchase]:
        """Purchases that are paid, or may be, and have not been delivered; the oldest first."""
        return [each for each in self.all() if each.answer is None]

    def all(self) -> list[Purchase]:
        """Every purchase that is kept, the oldest first."""
        found = (_read(file) for file in (self.folder / _PURCHASES).glob("[!.]*.json"))
        kept = [each for each in found if each is not None]
        return sorted(kept, key=lambda each: each.asked_at)

    def begin(self, purchase: Purchase, with_fee_sats: int) -> Purchase:
        """Count the purchase and write it down, before anything is paid. Of two processes that
        begin the same one, both get the first's. Raises ``BudgetExceeded``."""
        with self._locked():
            earlier = self.find(purchase.key)
            if earlier is not None:
                return earlier
            self._count(purchase.id, with_fee_sats)
            self._write(purchase)
        return purchase

    def priced(self, purchase: Purchase, with_fee_sats: int) -> Purchase:
        """Write a purchase down again whose price is known now. Raises ``BudgetExceeded`` if it is
        more than what was counted, and does not fit; it is forgotten then."""
        with self._locked():
            self._save([each for each in self._spent() if each[0] != purchase.id])
            try:
                self._count(purchase.id, with_fee_sats)
            except BudgetExceeded:
                self._remove(purchase.key)
                raise
            return self._write(purchase)

    def keep(self, purchase: Purchase) -> Purchase:
        """Write a purchase down as it is now: with the proof of payment, before it is used."""
        with self._locked():
            return self._write(purchase)

    def delivered(self, purchase: Purchase, answer: dict[str, Any]) -> None:
        """Nothing is left to do. A purchase with a name is kept, and never bought again."""
        with self._locked():
            if purchase.is_kept:
                self._write(replace(purchase, answer=answer))
            else:
                self._remove(purchase.key)

    def unpaid(self, purchase: Purchase) -> None:
        """It is certain that nothing was paid, or that all came back."""
        with self._locked():
            self._remove(purchase.key)
            self._save([each for each in self._spent() if each[0] != purchase.id])

    def left_sats(self) -> int | None:
        """What may still be spent now; None without a budget."""
        if self._budget_sats is None:
            return None
        return self._budget_sats - _sum(self._spent())

    def counted_sats(self, purchase: Purchase) -> int:
        """What is counted for a purchase; 0 if nothing is."""
        return _sum([each for each in self._spent() if each[0] == purchase.id])

    def forget(self, key: str) -> None:
        """Give a purchase up. What it cost stays counted."""
        with self._locked():
            self._remove(key)

    def turn(self, key: str) -> FileLock | None:
        """One at a time goes on with a purchase: a lock to be released, None if it is another's
        turn."""
        return self._lock(f"{key}.{_LOCK}", is_own=True)

    def _count(self, purchase_id: str, sats: int) -> None:
        spent = self._spent()
        left = None if self._budget_sats is None else self._budget_sats - _sum(spent)
        if left is not None and sats > left:
            raise BudgetExceeded(
                f"It may cost {sats} sats with its routing fee, and {max(0, left)} of the day's "
                f"{self._budget_sats} are left; nothing was paid.",
                suggestion="Raise budget_sats_per_day, or wait.",
            )
        self._save([*spent, (purchase_id, self._now_s(), sats)])

    def _spent(self) -> list[tuple[str, float, int]]:
        try:
            rows = json.loads((self.folder / _SPENT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise ClientError(f"{self.folder / _SPENT} cannot be read: {error}") from None
        since = self._now_s() - _DAY_S
        return [(str(name), float(at), int(sats)) for name, at, sats in rows if at > since]

    def _save(self, spent: list[tuple[str, float, int]]) -> None:
        _write(self.folder / _SPENT, spent)

    def _write(self, purchase: Purchase) -> Purchase:
        _write(self._file(purchase.key), asdict(purchase))
        return purchase

    def _remove(self, key: str) -> None:
        file = self._file(key)
        try:
            file.unlink(missing_ok=True)
            _sync(file.parent)
        except OSError as error:
            raise _unwritten(file, error) from None

    def _file(self, key: str) -> Path:
        return self.folder / _PURCHASES / f"{key}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        while (lock := self._lock(_LOCK)) is None:
            time.sleep(_RETRY_S)
        try:
            yield
        finally:
            lock.release()

    def _lock(self, name: str, *, is_own: bool = False) -> FileLock | None:
        try:
            return FileLock.take(self.folder / name, is_own=is_own)
        except OSError as error:
            raise _unwritten(self.folder / name, error) from None


def _sum(spent: list[tuple[str, float, int]]) -> int:
    return sum(sats for _, _, sats in spent)


def _read(file: Path) -> Purchase | None:
    try:
        return Purchase(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise ClientError(f"{file} is not a purchase: {error}") from None


def _write(file: Path, document: Any) -> None:
    """Whole or not at all, and on the disk when this returns."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(document, out)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
        _sync(file.parent)
    except OSError as error:
        raise _unwritten(file, error) from None


def _unwritten(file: Path, error: OSError) -> ClientError:
    return ClientError(f"{file} cannot be written: {error}", code="STATE_NOT_WRITTEN")


def _sync(folder: Path) -> None:
    """Write the folder's entries to the disk, too, where the system can."""
    if not hasattr(os, "O_DIRECTORY") or not folder.is_dir():
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
