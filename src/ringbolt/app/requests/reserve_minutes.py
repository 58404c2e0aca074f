"""How many minutes are held for a call: as long as its script may take, with a reserve.

The carrier hangs up when the held minutes are over, so that a call never costs more than is held.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ringbolt.core.calls.call import Gather, Hangup, Pause, Play, Record, Say, Step
from ringbolt.core.calls.ssml import Piece, Silence, is_ssml, parse_ssml
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.humanise import counted

_CHARS_PER_S: Final = 12.0
_IDEOGRAM_CHARS: Final = 4
_HANGUL_CHARS: Final = 3
_KANA_CHARS: Final = 2
"""What an ideogram or syllable sign counts as: about a syllable."""
_VOWELLESS_CHARS: Final = 2
"""What a letter counts as in scripts that leave vowels out: Arabic's and Hebrew's."""
_DIGIT_CHARS: Final = 6
"""What a digit counts as: each is a word."""
_SIGN_CHARS: Final = 9
"""What a sign counts as that is read as a word: percent, star, degrees Celsius."""
_RESERVE: Final = 1.3
_RESERVE_S: Final = 15.0
_KEY_S: Final = 3.0
"""How long the next key of a number takes at most, for who reads it from a card."""
_FURTHER_KEYS: Final = 15
"""So many keys after the first are reckoned with: a card number has 16 digits."""
_IDEOGRAM = re.compile("[\u2e80-\u303f\u3220-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_KANA = re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_DIGIT = re.compile(r"\d")
_SIGN = re.compile("[#$%&*+=@_°§€£¥₹₽±×÷©®™]")
_VOWELLESS = re.compile("[\u05d0-\u05ea\u0620-\u064a\u066e-\u06d3\u0750-\u077f]")
NOT_KNOWN: Final[Mapping[str, int]] = {}
"""No file's length is known."""


def reserve_minutes(
    command: CallOrder, longest: int, lengths: Mapping[str, int] = NOT_KNOWN
) -> int:
    """The minutes that the buyer asked for (``command.minutes``), else (0) as many as the script
    may take. ``longest``: how many a call may last; ``lengths``: the known lengths of its audio
    files, in ms by URL.

    Raises ``InvalidInput`` for a script that takes longer than any call may.
    """
    if command.minutes:
        if not 1 <= command.minutes <= longest:
            raise InvalidInput(
                f"A call may last at most {counted(longest, 'minute')} here.",
                code="OUT_OF_RANGE",
                role=Role.MINUTES,
                suggestion=f"Ask for 1 to {longest} minutes.",
            )
        return command.minutes
    length = length_of(command, lengths)
    needed_s = length.about_s * _RESERVE + length.exact_s
    if needed_s > longest * 60:
        minutes = math.ceil((needed_s + _RESERVE_S) / 60)
        raise InvalidInput(
            f"This call could take {counted(minutes, 'minute')}, and calls here last at most "
            f"{counted(longest, 'minute')}.",
            code="CALL_TOO_LONG",
            role=Role.TEXT,
            suggestion="Shorten what is said or played, repeat it less often, or say after how "
            "many minutes the call ends. Nothing was charged.",
        )
    minutes = math.ceil((needed_s + length.keys_s + _RESERVE_S) / 60)
    return longest if length.is_open else max(1, min(minutes, longest))


class Length(msgspec.Struct, frozen=True):
    """How long a script takes: ``about_s`` for speech and pauses, ``exact_s`` for files, and
    ``keys_s`` for keys after the first of each gather, which few calls need: no call is refused
    for them. ``is_open``: it also plays files of unknown length."""

    about_s: float = 0.0
    exact_s: float = 0.0
    keys_s: float = 0.0
    is_open: bool = False

    def __add__(self, other: Length) -> Length:
        return Length(
            self.about_s + other.about_s,
            self.exact_s + other.exact_s,
            self.keys_s + other.keys_s,
            self.is_open or other.is_open,
        )


def length_of(command: CallOrder, lengths: Mapping[str, int] = NOT_KNOWN) -> Length:
    """The length of the whole script of a call."""
    if command.steps:
        return _sum(command.steps, lengths)
    if command.audio_url:
        return _file(command.audio_url, lengths)
    return Length(spoken_s(command.message))


def _sum(steps: Iterable[Step], lengths: Mapping[str, int]) -> Length:
    total = Length()
    for step in steps:
        if isinstance(step, Hangup):
            break
        total += _of_step(step, lengths)
    return total


def _of_step(step: Step, lengths: Mapping[str, int]) -> Length:
    match step:
        case Say(text=text, repeat=repeat):
            return Length(spoken_s(text) * repeat)
        case Play(url=url, repeat=repeat, fallback=fallback):
            return _play(_file(url, lengths), repeat, fallback)
        case Pause(ms):
            return Length(ms / 1000)
        case Gather(prompt=prompt):
            return _sum(prompt, lengths) + _keys(step)
        case Record(max_duration_ms=max_duration_ms):
            return Length(max_duration_ms / 1000, is_open=not max_duration_ms)
        case Hangup():
            return Length()


def _keys(gather: Gather) -> Length:
    """The wait for the first key, and for those after it: each begins anew."""
    timeout_s = gather.timeout_ms / 1000
    further = min(gather.max_digits - 1, _FURTHER_KEYS)
    return Length(timeout_s, keys_s=further * min(timeout_s, _KEY_S))


def _file(url: str, lengths: Mapping[str, int]) -> Length:
    known = lengths.get(url)
    return Length(is_open=True) if known is None else Length(exact_s=known / 1000)


def _play(once: Length, repeat: int, fallback: Say | None) -> Length:
    """The file, or what is spoken in its place if that takes longer."""
    text_s = spoken_s(fallback.text) * fallback.repeat if fallback else 0.0
    exact_s = once.exact_s * repeat
    more_s = max(0.0, text_s - exact_s / _RESERVE)
    return Length(more_s, exact_s, is_open=once.is_open)


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
    text = " ".join(text.split())  # blanks are not heard
    if text.isascii():  # most texts, at a fifth of the cost
        digits, signs = len(_DIGIT.findall(text)), len(_SIGN.findall(text))
        more = digits * (_DIGIT_CHARS - 1) + signs * (_SIGN_CHARS - 1)
        return (len(text) + more) / _CHARS_PER_S
    counts = (
        (_IDEOGRAM, _IDEOGRAM_CHARS),
        (_HANGUL, _HANGUL_CHARS),
        (_KANA, _KANA_CHARS),
        (_VOWELLESS, _VOWELLESS_CHARS),
        (_DIGIT, _DIGIT_CHARS),
        (_SIGN, _SIGN_CHARS),
    )
    more = sum(len(pattern.findall(text)) * (chars - 1) for pattern, chars in counts)
    return (len(text) + more) / _CHARS_PER_S
