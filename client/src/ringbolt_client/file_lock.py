"""A lock that the system drops when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_RDWR | os.O_CREAT


class FileLock:
    """Held from ``take`` to ``release``, by one thread of one process."""

    def __init__(self, path: Path, handle: int, *, is_own: bool) -> None:
        self._path = path
        self._handle = handle
        self._is_own = is_own

    @classmethod
    def take(cls, path: Path, *, is_own: bool = False) -> FileLock | None:
        """None if another has it. ``is_own``: the file is there for this lock alone, and removed
        with it."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, _FLAGS, 0o600)
        if _locked(handle) and _is_still(path, handle):
            return cls(path, handle, is_own=is_own)
        os.close(handle)
        return None

    def release(self) -> None:
        if self._is_own:
            with contextlib.suppress(OSError):  # where an open file cannot be removed
                self._path.unlink()
        os.close(self._handle)


def _is_still(path: Path, handle: int) -> bool:
    """Whether the locked file is the one of that name: its last holder may have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _locked(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
