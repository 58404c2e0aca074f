"""What a rule of the reader is: a pattern, and the words for what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ringbolt.speech.normalise.lexicon import Lexicon

Say = Callable[[re.Match[str], Lexicon], str | None]
"""(what was found, the language's words) -> what is spoken; None if it is something else after all,
and the rules that follow may take it."""


SPOKEN: Final = "\U000f0000-\U000ffffd"
"""For the classes of patterns: private signs that each stand for a part that is spoken already.
``clean`` removes them from every text, so that a rule which meets one knows that it is ours."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``pattern`` must run in linear time on any text. What ``say`` returns is spoken as it stands:
    no later rule looks at it, so it may hold plain integers, which the engine reads."""

    pattern: re.Pattern[str]
    say: Say
