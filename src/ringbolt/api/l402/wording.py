"""How errors are worded at one of the paid URLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ringbolt.api.kit.words import Words


@dataclass(frozen=True, slots=True)
class Wording:
    """How errors are worded at a paid URL. ``example``: the body that every error shows, or one of
    ``examples``, by the field at fault. ``no_body``: the suggestion for an empty body."""

    words: Words
    no_body: str
    example: Mapping[str, Any]
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
