"""Markup of other programs (HTML, Markdown, entities), which no engine may take as its own."""

from __future__ import annotations

from typing import Final

from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
