"""The lock that prevents a second process from writing to a SQLite file."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

from ringbolt.store.errors import StoreLocked


class FileLock:
    """An exclusive ``flock`` on ``path``; the file contains the holder's process id.

    The kernel releases the lock when the process ends in any way. The file stays; it is empty after
    ``release``. ``was_killed``: the last holder ended without ``release``.
    """

    def __init__(self, path: Path, what: str, suggestion: str) -> None:
        """Take the lock, or raise ``StoreLocked`` ("``what`` is in use by process 123").

        ``{pid}`` in ``suggestion`` is replaced by the id of the process that has the lock.
        """
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            self._close()
            pid = holder or "?"
            raise StoreLocked(
                f"{what} is in use by process {pid}.", suggestion=suggestion.format(pid=pid)
            ) from None
        self.was_killed = os.fstat(self._fd).st_size > 0
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)
        self._drop_in_forked_children()

    def _drop_in_forked_children(self) -> None:
        # flock belongs to the open file description, which a forked child shares. A child that
        # outlives a killed server would hold the lock and prevent the next start.
        me = weakref.ref(self)

        def drop() -> None:
            lock = me()
            if lock is not None:
                lock._close()

        os.register_at_fork(after_in_child=drop)

    def release(self, *, clean: bool = True) -> None:
        """``clean`` False leaves the file as after a crash."""
        if self._fd is not None and clean:
            os.ftruncate(self._fd, 0)
        self._close()

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
