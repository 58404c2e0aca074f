"""Ranges: the word for 'to' instead of a dash."""

from __future__ import annotations

from typing import Final

from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
