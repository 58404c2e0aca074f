"""Times of day and spans between two of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.core.word_pattern import any_of
from ringbolt.speech.normalise import measure
from ringbolt.speech.normalise.amount import AFTER, BEFORE, DASH, LETTER, SPACE, counted
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import Rule

_HALF: Final = r"(?: ?[aApP](?:\.? ?[mM]\b\.?)| ?[صم](?!\w))"
_ARABIC_HALVES: Final = frozenset("صم")


@dataclass(frozen=True, slots=True)
class _Forms:
    """How a language says a time of day: see ``clock.csv``."""

    minutes: str = "{h} {m}"
    hour: str = ""
    first_half: str = ""
    second_half: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()


@cache
def _all_forms() -> dict[str, _Forms]:
    return {
        row["language"]: _Forms(
            row["minutes"] or "{h} {m}",
            row["hour"],
            row["first_half"],
            row["second_half"],
            _replaced(row["before"]),
            entries(row["after"]),
        )
        for row in shipped_rows("ringbolt.speech.normalise", "clock.csv")
    }


def _replaced(words: str) -> dict[str, str]:
    """``godz=godzina`` is said as ``godzina``; ``kl`` is part of the form."""
    pairs = (each.partition("=") for each in entries(words))
    return {written: said for written, _, said in pairs}


def _forms(words: Lexicon) -> _Forms:
    return _all_forms().get(words.language, _Forms())


def _words_before() -> str:
    found = {word for forms in _all_forms().values() for word in forms.before}
    return any_of(found | {word[0].upper() + word[1:] for word in found})


def _words_after() -> str:
    return any_of({word for forms in _all_forms().values() for word in forms.after})


def _clock(which: int) -> str:
    return (
        rf"(?P<h{which}>\d{{1,2}}+)(?:(?P<sep{which}>[:.]|{SPACE}?[hH]{SPACE}?)(?P<m{which}>[0-5]\d)(?!\d)"
        rf"(?::(?P<s{which}>[0-5]\d)(?!\d))?)?(?P<half{which}>{_HALF})?"
    )


_TIME: Final = re.compile(
    rf"(?:(?<!\w)(?P<before>{_words_before()})\.? ?)?{BEFORE}(?<![\d.,:/-]){_clock(1)}"
    rf"(?:{DASH}{_clock(2)})?"
    rf"(?: ?(?P<after>{_words_after()})(?P<stop>\.(?= ?[^\W\dA-Z_]))?(?!{LETTER}))?"
    rf"(?![:.,/-]\d){AFTER}"
)


@dataclass(frozen=True, slots=True)
class _Time:
    """``half``: a, p or '' for 24 hours. ``minute`` is '' if none is written."""

    hour: int
    minute: str
    second: str
    half: str

    @property
    def is_real(self) -> bool:
        return 1 <= self.hour <= 12 if self.half else self.hour <= 24

    @property
    def hour_of_24(self) -> int:
        return self.hour % 12 + (12 if self.half == "p" else 0) if self.half else self.hour


def _say(found: re.Match[str], words: Lexicon) -> str | None:
    forms = _forms(words)
    after, before = found["after"] or "", found["before"] or ""
    key = _key(before, forms)
    first, last = _time(found, 1), _time(found, 2) if found["h2"] else None
    if not first.is_real or (last and not last.is_real) or not _is_time(found, forms):
        return None
    said = _said(first, words, bare=bool(last) and not (found["sep1"] or first.half or before))
    if last:
        to = words.sign("to")
        if not to:
            return None
        said = f"{said} {to} {_said(last, words).removeprefix(forms.minutes.split('{h')[0])}"
    if before:
        kept = before if key not in forms.before or forms.before[key] == key else forms.before[key]
        said = f"{kept} {said}".strip()
    if after and after not in forms.after:
        said = f"{said} {after}"
    following = found.string[found.end() :][:2].strip()
    ends = found[0].endswith(".") and not found["stop"]
    return said + "." if ends and (not following or following[0].isupper()) else said


def _key(before: str, forms: _Forms) -> str:
    """The word as the table has it; at the start of a sentence it has a capital."""
    small = before[:1].lower() + before[1:]
    return before if before in forms.before else small


def _time(found: re.Match[str], which: int) -> _Time:
    half = (found[f"half{which}"] or "").strip().lower()[:1]
    half = {"ص": "a", "م": "p"}.get(half, half)
    return _Time(int(found[f"h{which}"]), found[f"m{which}"] or "", found[f"s{which}"] or "", half)


def _is_time(found: re.Match[str], forms: _Forms) -> bool:
    """Whether the signs around the numbers say that they are times, not amounts or versions."""
    ends = (1, 2) if found["h2"] else (1,)
    halves = [found[f"half{end}"] or "" for end in ends]
    if any(half.strip() in _ARABIC_HALVES for half in halves if half) and not found["sep1"]:
        return "ساعة" in found.string[max(0, found.start() - 10) : found.start()]  # "5 م": metres
    if any(halves):
        return True
    before = _key(found["before"] or "", forms)
    named = before in forms.before or found["after"] in forms.after
    seps = {found[f"sep{end}"] for end in ends} - {None}
    if not seps:  # "kl. 15", but not "um 15"
        return before in forms.before and forms.before[before] != before
    return named or seps != {"."}


def _said(time: _Time, words: Lexicon, *, bare: bool = False) -> str:
    forms = _forms(words)
    if bare and words.language != "en":  # 9-17:30: the first number alone
        return words.integer(time.hour)
    if words.language == "en":
        text = _english(time)
    elif time.half and forms.second_half:
        shape = forms.second_half if time.half == "p" else forms.first_half
        text = shape.format(_filled(time.hour, time.minute, forms, words, full=not bare))
    else:
        text = _filled(time.hour_of_24, time.minute, forms, words, full=True)
    seconds = time.second.lstrip("0")
    return f"{text} {_measured(seconds, 's', words)}" if seconds else text


def _english(time: _Time) -> str:
    minute = "" if time.half and time.minute == "00" else time.minute
    clock = f"{time.hour}:{minute}" if minute else str(time.hour)
    return f"{clock} {time.half.upper()}M" if time.half else clock


def _filled(hour: int, minute: str, forms: _Forms, words: Lexicon, *, full: bool) -> str:
    if minute in ("", "00") and forms.hour and full:
        return _formed(forms.hour, hour, "", words)
    if not minute:
        return words.integer(hour)
    spaced = minute.startswith("0") and forms.minutes == "{h} {m}"  # "15 0 5", not "15 5"
    minutes = " ".join(minute) if spaced else words.integer(int(minute))
    return _formed(forms.minutes, hour, minutes, words)


def _formed(form: str, hour: int, minutes: str, words: Lexicon) -> str:
    hours = _measured(str(hour), "h", words) if "{hours}" in form else ""
    return form.format(h=_hour(hour, words), hours=hours, m=minutes)


def _hour(hour: int, words: Lexicon) -> str:
    return _hour_words().get((words.language, hour)) or words.integer(hour)


@cache
def _hour_words() -> dict[tuple[str, int], str]:
    rows = shipped_rows("ringbolt.speech.normalise", "hour_words.csv")
    return {(row["language"], int(row["hour"])): row["word"] for row in rows}


_KANJI: Final = re.compile(r"(?<!\d)(?P<h>\d{1,2})[時点點](?!間)(?:(?P<m>\d{1,2})分)?")


def _say_kanji(found: re.Match[str], words: Lexicon) -> str | None:
    """``5時30分``: no Japanese voice reads 時."""
    hour, minute = int(found["h"]), found["m"] or ""
    if words.language not in ("ja", "zh", "yue") or not _Time(hour, minute, "", "").is_real:
        return None
    return _filled(hour, minute, _forms(words), words, full=True)


_DURATION: Final = re.compile(
    rf"{BEFORE}(?<![\d.,:/-])(?P<h>\d{{1,3}}+) ?[hH] ?(?P<m>[0-5]?\d)(?!\d) ?"
    rf"(?P<named>(?:min|mins|mn|m|['′])(?!{LETTER}))?{AFTER}(?![:.,]\d)"
)
_HOURS_BY_H: Final = frozenset({"fr", "pt", "es", "it", "ca", "ro", "vi"})
"""Languages in which ``15h30`` is a time of day."""


def _say_duration(found: re.Match[str], words: Lexicon) -> str | None:
    """``2h 30m``; ``2h30`` where that is no time of day."""
    if not found["named"] and words.language in _HOURS_BY_H:
        return None
    parts = [(_measured(found[unit], sign, words)) for unit, sign in (("h", "h"), ("m", "min"))]
    return " ".join(parts) if all(parts) else None


def _measured(digits: str, sign: str, words: Lexicon) -> str:
    known = measure.unit(sign, words)
    pattern = measure.pattern(known, Decimal(digits), words) if known else ""
    name = pattern.replace("{0}", "").strip()
    return pattern.format(counted(digits.lstrip("0") or "0", words, name))


_ALWAYS: Final = re.compile(r"(?<![\w/.,])(?:24/7|7/24)(?![\w/])")
_DAYS_FIRST: Final = frozenset({"az", "tr"})


def _say_always(found: re.Match[str], words: Lexicon) -> str | None:
    """``24/7``, in Turkish ``7/24``."""
    first, second = map(int, found[0].split("/"))
    if first == 7 and words.language not in _DAYS_FIRST:
        return None
    return f"{words.integer(first)} {words.integer(second)}"


_STAMP: Final = re.compile(
    r"(?<![\w.,:/-])(?P<h>[012]\d):(?P<m>[0-5]\d)(?P<s>:[0-5]\d(?:[.,]\d{1,9}+)?)?"
    r"(?:Z|(?P<sign>\+|(?(s)[-\u2212]|(?!)))(?P<hours>[01]\d):?(?P<minutes>[0-5]\d))(?![\w:])"
)
"""A time with its zone (ISO 8601). Without seconds, ``-`` is a span between two times."""


def _say_stamp(found: re.Match[str], words: Lexicon) -> str:
    said = f"{_said(_Time(int(found['h']), found['m'], '', ''), words)} UTC"
    hours, minutes = int(found["hours"] or 0), int(found["minutes"] or 0)
    if not hours and not minutes:
        return said
    sign = words.sign("plus" if found["sign"] == "+" else "minus")
    offset = counted(str(hours), words, "") + (f" {minutes}" if minutes else "")
    return f"{said} {sign} {offset}"


RULES: Final[tuple[Rule, ...]] = (
    Rule(_STAMP, _say_stamp),
    Rule(_ALWAYS, _say_always),
    Rule(_KANJI, _say_kanji),
    Rule(_DURATION, _say_duration),
    Rule(_TIME, _say),
)
