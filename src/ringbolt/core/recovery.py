"""What becomes of a request to a carrier whose answer nobody wrote down."""

from __future__ import annotations

from enum import StrEnum


class Recovery(StrEnum):
    """How an attempt left behind by a dead worker is resolved.

    IDEMPOTENT: ask again with the same reference. LOOKUP: ``find`` it first. NONE: never again;
    wait for an event until the deadline, then give the money back.
    """

    IDEMPOTENT = "idempotent"
    LOOKUP = "lookup"
    NONE = "none"
