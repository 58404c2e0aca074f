"""Amounts of money: the currency's name after the number, on whichever side its sign stands."""

from __future__ import annotations

from typing import Final

from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
