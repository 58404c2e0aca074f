"""Numbers in words by the CLDR's rules of spelling (by unicode-rbnf). Loaded on first use."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ringbolt.speech.normalise.lexicon import Lexicon


@lru_cache(maxsize=16)
def _speller(language: str) -> Any:
    """20 MB the first time."""
    from unicode_rbnf import RbnfEngine  # noqa: PLC0415 - lazy: few texts need it

    return RbnfEngine.for_language(language)


def spelled(value: int, rule: str, words: Lexicon) -> str:
    """``value`` by the rule of that name (``spellout-ordinal``), without the soft hyphens in it."""
    text: str = _speller(words.language).format_number(value, ruleset_names=[rule]).text
    return text.replace("\u00ad", "").strip()
