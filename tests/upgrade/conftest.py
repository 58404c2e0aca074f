"""Empty databases of both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.databases.fixtures import empty_postgres_url, postgres_server

__all__ = ["empty_postgres_url", "postgres_server"]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'former.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url
