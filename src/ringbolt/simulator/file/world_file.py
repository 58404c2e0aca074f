"""The simulated world's file as its parts see it; ``file/store.py`` implements it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec

Document = Mapping[str, Any] | msgspec.Struct
Put = tuple[str, str, Document | None]
"""Kind, key and document; None deletes it."""
Append = tuple[str, Document]
"""Log and entry."""
Entry = tuple[int, dict[str, Any]]
"""An entry's number in its log, and the entry."""


class WorldFile(Protocol):
    """Documents by kind and key, and append-only logs. What is read is on the disk."""

    on_recovery: list[Callable[[], None]]
    """Called when what could not be written before is in the file."""

    @property
    def genesis(self) -> dict[str, Any]:
        """``seed`` (64 random hex digits) and ``created_at_ms``, fixed when the file was made."""
        ...

    def load(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every document of ``kind`` by key, in key order."""
        ...

    def get(self, kind: str, key: str) -> dict[str, Any] | None: ...

    def page(self, kind: str, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
        """At most ``limit`` documents whose key sorts after ``after``."""
        ...

    def scan(self, log: str, after: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries of ``log`` numbered above ``after``, in order."""
        ...

    def submit(
        self, puts: Iterable[Put] = (), appends: Iterable[Append] = ()
    ) -> asyncio.Future[list[int]]:
        """Write all or nothing, in the order of the calls; resolves to the numbers of the appended
        entries when they are on the disk."""
        ...
