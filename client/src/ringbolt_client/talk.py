"""The step that talks over a WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Talk:
    """Open a WebSocket, say ``opening()``, and answer each frame with ``hear(frame)`` until
    ``is_over()``, at most ``wait_s``. Raises what they raise, and ``NotReached``. Needs the library
    websockets."""

    url: str
    opening: Callable[[], list[str]]
    hear: Callable[[str], list[str]]
    is_over: Callable[[], bool]
    wait_s: float
