"""How Hypothesis looks for counterexamples, and where spoken texts are kept."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from support import speech

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


@pytest.fixture(scope="session")
def speech_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the whole run keeps its spoken texts, its workers together."""
    root = tmp_path_factory.getbasetemp()
    path = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "speech"
    path.mkdir(exist_ok=True)
    speech.share(path)
    return path
