"""One line in the log for each step of an order: what it was, what it became, why, and how long it
took.

The lines are written after the commit, those of one commit together. They hold no number, text,
address or whole order id: the parts of a step are names and states, and its cause, which may quote
a carrier, is cleaned. They do not pass through structlog's processors, which take more than twice
as long, and an order makes about six lines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from ringbolt.core.mask import mask_words
from ringbolt.core.order import Step
from ringbolt.logs import SHOWN_DIGITS, Redact, renderer_of
from ringbolt.settings import LogSettings

_CAUSES: Final = 2048
"""How many cleaned causes are remembered: there are few, and they come again and again."""


class OrderLog:
    """Writes the lines; ``write`` gets whole lines, ``render`` makes one of a dictionary."""

    def __init__(
        self,
        render: Callable[[Any, str, dict[str, Any]], Any],
        clean: Callable[[str], str],
        write: Callable[[str], object],
    ) -> None:
        self._render = render
        self._write = write
        self._clean = lru_cache(_CAUSES)(clean)

    def __call__(self, steps: Sequence[Step]) -> None:
        """Write one line for each step."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        lines = [self._render(None, "info", self._fields(step, now)) for step in steps]
        try:
            self._write("\n".join(lines) + "\n")
        except (OSError, ValueError):  # nobody reads stderr any more: orders go on
            return

    def _fields(self, step: Step, now: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "event": "order",
            "order": step.order_id[:SHOWN_DIGITS],
            "kind": step.kind,
            "from": step.source,
            "to": step.target,
            "cause": self._clean(step.why),
        }
        if step.part:
            fields["part"] = step.part
        if step.lasted_ms is not None:
            fields["ms"] = step.lasted_ms
        return {**fields, "level": "info", "timestamp": now}


def order_log(settings: LogSettings, key: bytes) -> OrderLog | None:
    """The log of orders on stderr; None if lines of its level are not wanted. ``key`` as for
    ``configure_logs``."""
    if settings.level not in ("debug", "info"):
        return None
    redact = Redact(key)

    def write(lines: str) -> None:
        sys.stderr.write(lines)
        sys.stderr.flush()

    return OrderLog(renderer_of(settings), lambda why: mask_words(redact.text(why)), write)
