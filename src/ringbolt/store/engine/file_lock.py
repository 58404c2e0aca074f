"""The lock that keeps a second writing process away from a SQLite file."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

from ringbolt.store.errors import StoreLocked


class FileLock:
    """An exclusive ``flock`` on ``path``, with the holder's process id as its content.

    The kernel drops it when the process ends, however it ends; the file itself stays behind and
    means nothing.
    """

    def __init__(self, path: Path, what: str, suggestion: str) -> None:
        """Take the lock or raise ``StoreLocked``: ``what`` is in use by process so and so.

        ``{pid}`` in ``suggestion`` becomes the id of the process that has it.
        """
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            self.release()
            pid = holder or "?"
            raise StoreLocked(
                f"{what} is in use by process {pid}.", suggestion=suggestion.format(pid=pid)
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)
        self._drop_in_forked_children()

    def _drop_in_forked_children(self) -> None:
        # flock belongs to the open file, which a fork shares: a child that outlives a killed
        # server would keep the next one from starting.
        me = weakref.ref(self)

        def drop() -> None:
            lock = me()
            if lock is not None:
                lock.release()

        os.register_at_fork(after_in_child=drop)

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
