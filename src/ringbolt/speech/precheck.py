"""Whether a part of a text will not be spoken, found before it is paid for. Pure and quick: no
engine, no statistics and none of the words of the rules are loaded."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from ringbolt.core.calls.ssml import is_ssml, parse_ssml
from ringbolt.core.errors import InvalidInput, SpeechFailed
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.language import unread_letters
from ringbolt.speech.normalise.unspoken import unspoken_signs
from ringbolt.speech.plan import parts_of
from ringbolt.speech.understand import understand

_MAY_BE_SILENT: Final = re.compile(r"[#$%&*+/<=>@\\^_`{|}~]|[^\x00-\x7f]")


def is_partly_unspoken(request: SpeechRequest, default_voice: str) -> bool:
    """Whether there are letters that no voice reads, or signs beside digits for which the text's
    language has no word. Where only statistics could find the language, the usual one of the
    script is assumed; then what is missing is noted when the text was spoken."""
    if not _MAY_BE_SILENT.search(request.text):
        return False
    return any(_lacks(text, language, request, default_voice) for text, language in _texts(request))


def _texts(request: SpeechRequest) -> list[tuple[str, str]]:
    """The texts with their languages; none of SSML that cannot be read, which is refused."""
    if not is_ssml(request.text):
        return [(request.text, request.language)]
    try:
        pieces = parse_ssml(request.text).pieces
    except InvalidInput:
        return []
    return [(piece.text, piece.language or request.language) for piece in pieces]


def _lacks(text: str, language: str, request: SpeechRequest, default_voice: str) -> bool:
    try:
        asked = SpeechRequest(text, request.voice, language)
        job = understand(asked, default_voice).job
    except SpeechFailed:
        return False  # it is refused, for a reason of its own
    if unread_letters(job.text):
        return True
    return any(unspoken_signs(part.text, part.language) for part in parts_of(job, _usual))


def _usual(_text: str, languages: Collection[str], likely: Collection[str]) -> str:
    """In place of the statistics: the voice's language, else the first of the script."""
    return next((each for each in languages if each in likely), next(iter(languages)))
