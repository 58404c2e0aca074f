"""The rows of a shop and of its simulated world, as a version left them."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Dump:
    """``at_ms``: when it was made. ``shop`` and ``world``: rows by table, bytes as ``{"hex": ..}``.
    ``known``: what the buyers know."""

    revision: str
    at_ms: int
    known: dict[str, Any]
    shop: Rows
    world: Rows

    @classmethod
    def of(cls, shop: Path, world: Path, known: dict[str, Any]) -> Dump:
        """What two SQLite files hold, whose process was killed."""
        rows = dict(_tables(shop))
        (version,) = rows.pop("alembic_version")
        at_ms = time.time_ns() // 1_000_000
        return cls(version["version_num"], at_ms, known, rows, dict(_tables(world)))

    @classmethod
    def read(cls, path: Path) -> Dump:
        return cls(**json.loads(path.read_text()))

    def to_json(self) -> str:
        """With a line for each row, so that versions can be compared."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        return re.sub(r"\n {4,}|\n {3}(?=[}\]])", " ", text) + "\n"


def _tables(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        for (name,) in connection.execute(query + " ORDER BY name").fetchall():
            rows = connection.execute(f"SELECT * FROM {name}")
            yield name, [{key: written(row[key]) for key in row.keys()} for row in rows]  # noqa: SIM118


def written(value: Any) -> Any:
    """A value of a row as JSON has it."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def as_value(found: Any) -> Any:
    """What ``written`` wrote."""
    return bytes.fromhex(found["hex"]) if isinstance(found, dict) else found
