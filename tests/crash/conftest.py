"""Fresh databases for the crash tests, and a text that is spoken already."""

from pathlib import Path

import pytest

from support import speech
from support.databases.fixtures import (
    clock,
    postgres_server,
    postgres_url,
    run_aside,
    sqlite_template,
    sqlite_url,
)

__all__ = ["clock", "postgres_server", "postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(scope="session")
def spoken(speech_dir: Path) -> None:
    """A shop that is killed again and again might never come to speak its first text."""
    run_aside(speech.speak(speech.TEXT, speech_dir))
