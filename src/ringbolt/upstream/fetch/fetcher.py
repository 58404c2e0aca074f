"""The port for downloading an untrusted URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A body on disk. ``complete`` is False if it was cut at ``max_bytes``."""

    path: Path
    size: int
    content_type: str
    complete: bool


class Fetcher(Protocol):
    async def fetch(
        self, url: str, into: Path, *, max_bytes: int, timeout_s: float, cut: bool = False
    ) -> FetchedFile:
        """Download ``url`` into the file ``into``, within ``timeout_s``.

        A body over ``max_bytes`` is an error, or is cut there when ``cut`` is true (a probe).
        Raises ``AudioUnplayable`` with a plain sentence for every failure: a scheme that is not
        https (or http where allowed), an address that is not public, a redirect to one, a status
        that is not 2xx, no answer in time.
        """
        ...

    async def close(self) -> None: ...
