"""Keeps the tests from hanging for ever while coverage is measured with greenlets.

coverage asks in each thread which greenlet runs, and remembers it weakly. When a thread ends,
greenlet drops the thread's main greenlet in a pending call of the main thread, and the callback of
that weak reference is Python. If another thread ends meanwhile, CPython 3.11 never gets past the
first instruction of the callback: it is traced, and looks for pending calls again and again
(``make_pending_calls`` in a backtrace). Who holds the greenlet leaves nothing to call back.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import greenlet  # type: ignore[import-untyped]

_kept: list[Any] = []


def keep_greenlets_of_threads() -> None:
    """From now on, if coverage is measured, keep the main greenlet of every thread (100 bytes)."""
    if "coverage" not in sys.modules:
        return
    run = threading.Thread.run

    def run_and_keep(thread: threading.Thread) -> None:
        main = greenlet.getcurrent()
        # Twice: greenlet looks through all objects for whoever holds a single reference.
        _kept.extend((main, main))
        run(thread)

    setattr(threading.Thread, "run", run_and_keep)  # noqa: B010 - mypy refuses the plain form
