"""Where a candidate stands in its text: alone, in brackets, in a list, at the end of a sentence."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.core.texts.candidates import Candidate

SENTENCE_END = re.compile(
    r"[.!?](?<!\s[^\W\d_].)(?<!\s[Nn][or].)(?<!nr.)(?<!dvs.)(?=[\s\x00\"'”»)】」])|[。！？।۔။៕።؟]|\n\s*\n"
)
"""Not after a single letter or "no." and "nr.", which are short for something."""
_LISTED_AFTER = re.compile(r"(?:[,،;/] ?| (?:or|and|und|oder|o|y|e|ou|et|и|или) )[0-9]{3,}")
_LISTED_BEFORE = re.compile(r"[0-9]{3}(?:[,،;/] ?| (?:or|and|und|oder|o|y|e|ou|et|и|или) )$")
_QUESTION = re.compile(r"[^.!,;\n。！।]{0,60}[?？؟]")
_MOST_SIGNS_BESIDE: Final = 12
_BARE_BEFORE = re.compile(r"(?:\A|\n|(?<=\w{4})[.!] |[。！।۔] ?)[^\w\n\x00]{0,8}$")
_BARE_AFTER = re.compile(r"[^\w\n\x00.!?]{0,8}(?:$|\n|[.!?。！？।۔](?!\w))")


def ends_sentence(between: str) -> bool:
    """Whether a sentence ends in this part of a text."""
    return SENTENCE_END.search(between) is not None


def is_listed(candidate: Candidate, text: str) -> bool:
    """Whether another number stands right beside it in a list: "1234, 5678 or 9012"."""
    return bool(
        _LISTED_AFTER.match(text, candidate.end)
        or _LISTED_BEFORE.search(text, max(0, candidate.start - 8), candidate.start)
    )


def is_asked(candidate: Candidate, text: str) -> bool:
    """Whether it stands in a question: "Did you get code 1234 from somebody?"."""
    return _QUESTION.match(text, candidate.end) is not None


def stands_alone(candidate: Candidate, text: str) -> bool:
    """Whether nothing but signs stands beside it on its line, or in its sentence."""
    if _BARE_AFTER.match(text, candidate.end) is None:
        return False
    start = candidate.start
    return _BARE_BEFORE.search(text, max(0, start - _MOST_SIGNS_BESIDE), start) is not None


def is_bracketed(candidate: Candidate, text: str) -> bool:
    """Whether it stands in brackets or quotation marks of its own."""
    before = text[max(0, candidate.start - 2) : candidate.start].rstrip()[-1:]
    after = text[candidate.end : candidate.end + 2].lstrip()[:1]
    return before != "" and after != "" and before in "[【「『(\"'“«*" and after in "]】」』)\"'”»*"
