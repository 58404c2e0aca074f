"""How Hypothesis looks for counterexamples, and where files of tests and spoken texts are kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

from support import speech
from support.traced_threads import keep_greenlets_of_threads

pytest_plugins = ("support.databases.fixtures", "support.fixtures")

# The same examples in every run, none of them timed: a machine under load is no counterexample, and
# a run that lands a change does not fail over what it did not touch. To look for new ones:
# ``pytest --hypothesis-profile=explore``.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("steady")


MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 2**30


def _keep_files_in_memory() -> None:
    """Put temporary files where a commit does not wait for a disk, if there is room: the databases
    of most tests lie in files, and are written with ``synchronous=FULL``. Workers inherit it."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if min(free, shutil.disk_usage(MEMORY).free) > ROOM_BYTES:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


_keep_files_in_memory()
keep_greenlets_of_threads()


# What takes longest begins first, so that no processor is left with it alone at the end.
LONG = frozenset({"crash", "simulation", "upgrade"})


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """``-n auto``: two for each processor, since most tests wait half of their time.
    ``-n logical``: one, for tests that only reckon."""
    processors = os.cpu_count() or 1
    return processors if config.option.numprocesses == "logical" else 2 * processors


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker of xdist begins with its share of what takes long (it gets an equal part of the
    list, one after another)."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    tests = Path(__file__).parent
    long = [item for item in items if item.path.relative_to(tests).parts[0] in LONG]
    others = [item for item in items if item.path.relative_to(tests).parts[0] not in LONG]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        share = long[worker::workers]
        rest = (len(items) - len(ordered)) // (workers - worker) - len(share)
        ordered += share + others[: max(0, rest)]
        del others[: max(0, rest)]
    items[:] = ordered + others


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Commands keep purchases here, and not in the home folder of the person who runs the tests."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def speech_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the whole run keeps its spoken texts, its workers together."""
    root = tmp_path_factory.getbasetemp()
    path = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "speech"
    path.mkdir(exist_ok=True)
    speech.share(path)
    return path
