"""How many minutes are held for a call: as long as its script may take, with a reserve.

The carrier hangs up when the held minutes are over, so that a call never costs more than is held.
"""

from __future__ import annotations

import math
import re
from typing import Final

from ringbolt.app.call_order import (
    CallOrder,
    GatherStep,
    HangupStep,
    PauseStep,
    PlayStep,
    RecordStep,
    SayStep,
    Step,
)
from ringbolt.core.errors import InvalidInput
from ringbolt.core.plain_words import counted
from ringbolt.core.ssml import Piece, Silence, is_ssml, parse_ssml
from ringbolt.settings import Settings

_CHARS_PER_S: Final = 12.0
_WIDE_CHARS: Final = 4
"""What an ideogram, kana or hangul counts as: one is a syllable or more."""
_DIGIT_CHARS: Final = 6
"""What a digit counts as: each is a word."""
_RESERVE: Final = 1.3
_RESERVE_S: Final = 15.0
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_DIGIT = re.compile(r"\d")


def held_minutes(settings: Settings, command: CallOrder) -> int:
    """The minutes that the buyer asked for (``command.minutes``; 0: none said), else as many as
    the script may take.

    Raises ``InvalidInput`` for a script that takes longer than any call may.
    """
    longest = settings.voice.max_minutes
    if command.minutes:
        if not 1 <= command.minutes <= longest:
            raise InvalidInput(
                f"A call may last at most {counted(longest, 'minute')} here.",
                code="OUT_OF_RANGE",
                field="maxMinutes",
                suggestion=f"Ask for 1 to {longest} minutes.",
            )
        return command.minutes
    seconds, unknown = _length(command)
    minutes = math.ceil((seconds * _RESERVE + _RESERVE_S) / 60)
    if minutes > longest:
        raise InvalidInput(
            f"This call could take {counted(minutes, 'minute')}, and calls here last at most "
            f"{counted(longest, 'minute')}.",
            code="CALL_TOO_LONG",
            field="sayText",
            suggestion="Shorten the text, repeat it less often, or set maxMinutes to have the call "
            "end then. Nothing was charged.",
        )
    return longest if unknown else max(1, minutes)


def _length(command: CallOrder) -> tuple[float, bool]:
    """Seconds, and whether there is audio besides whose length nobody knows."""
    if command.steps:
        return _steps_length(command.steps)
    if command.audio_url:
        return 0.0, True
    return spoken_s(command.message), False


def _steps_length(steps: tuple[Step, ...]) -> tuple[float, bool]:
    seconds, unknown = 0.0, False
    for step in steps:
        match step:
            case SayStep(text=text, repeat=repeat):
                seconds += spoken_s(text) * repeat
            case PauseStep(ms):
                seconds += ms / 1000
            case PlayStep(fallback=fallback):
                seconds += spoken_s(fallback.text) * fallback.repeat if fallback else 0.0
                unknown = True
            case GatherStep(prompt=prompt, timeout_ms=timeout_ms):
                prompt_s, prompt_unknown = _steps_length(prompt)
                seconds += prompt_s + timeout_ms / 1000
                unknown = unknown or prompt_unknown
            case RecordStep(max_duration_ms=max_duration_ms):
                seconds += max_duration_ms / 1000
                unknown = unknown or not max_duration_ms
            case HangupStep():
                break
    return seconds, unknown


def spoken_s(text: str) -> float:
    """About how long it takes to say a text, or SSML, in seconds. Raises ``InvalidInput`` for
    SSML that cannot be read."""
    if not is_ssml(text):
        return _read_s(text)
    return sum(_part_s(part) for part in parse_ssml(text).parts)


def _part_s(part: Piece | Silence) -> float:
    match part:
        case Piece(text=text, rate=rate):
            return _read_s(text) / min(1.0, rate)
        case Silence(ms):
            return ms / 1000


def _read_s(text: str) -> float:
    wide, digits = len(_WIDE.findall(text)), len(_DIGIT.findall(text))
    chars = len(text) + wide * (_WIDE_CHARS - 1) + digits * (_DIGIT_CHARS - 1)
    return chars / _CHARS_PER_S
