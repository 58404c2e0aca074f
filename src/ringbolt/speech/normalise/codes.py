"""Codes, sign by sign: after a word for code, mixed of letters and digits, accounts, cards."""

from __future__ import annotations

from typing import Final

from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
