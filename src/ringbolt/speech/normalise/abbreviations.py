"""Abbreviations of streets, titles, days and the like, as the words they stand for."""

from __future__ import annotations

from typing import Final

from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
