"""Dates: the day, the month's name and the year, in the order of the language and region."""

from __future__ import annotations

from typing import Final

from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
