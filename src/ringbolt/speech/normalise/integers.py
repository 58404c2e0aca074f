"""Whole numbers for the engine: its own reading where that is right, else words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows

_PACKAGE: Final = "ringbolt.speech.normalise"

LIMIT: Final = 10**15
"""Numbers from here on are said digit by digit: no language has usual words for them."""

_MYRIAD: Final = 10_000
_COUNTED: Final = 10_000
"""From this word on, one of it is counted too: "one million", but "hundred", "thousand"."""


@dataclass(frozen=True, slots=True)
class _Rule:
    first: int
    below: int
    how: str
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """``after``: the form behind a larger number, or ''; ``before``: in front of a smaller one."""

    alone: str
    after: str
    before: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """A large number by its word: the phrase for exactly one, and the others by last digits."""

    value: int
    one: str
    forms: tuple[tuple[str, str], ...]

    def say(self, count: int, spoken: str) -> str:
        if count == 1:
            return self.one
        teens = count // 10 % 10 == 1
        last = "" if teens else str(count % 10)
        form = next(form for digits, form in self.forms if not digits or (last and last in digits))
        return form.replace("{}", spoken)


def spell_integer(language: str, value: int) -> str:
    """``value`` (not negative, below ``LIMIT``) so that espeak-ng says it: digits without groups,
    or words with digits among them that it reads rightly."""
    for rule in _rules().get(language, ()):
        if rule.first <= value < rule.below:
            return _spell(language, value, rule)
    return str(value)


def is_spelled(language: str) -> bool:
    """Whether there are numbers that espeak-ng does not read rightly in the language."""
    return language in _rules()


def _spell(language: str, value: int, rule: _Rule) -> str:
    match rule.how:
        case "digits":
            return "".join(rule.signs[int(digit)] for digit in str(value))
        case "words":
            return _in_words(language, value)
        case "scales":
            return _in_scales(language, value)
    return _in_myriads(value, rule.signs)


def _in_words(language: str, value: int) -> str:
    """The largest word that fits, how many of it, and the rest."""
    words = _words()[language]
    if value < _COUNTED and value in words:
        return words[value].alone
    largest = max(number for number in words if number <= value)
    count, rest = divmod(value, largest)
    head = words[largest].before if rest else words[largest].alone
    if count > 1 or largest >= _COUNTED:
        head = f"{spell_integer(language, count)} {head}"
    if not rest:
        return head
    after = words[rest].after if rest in words else ""
    return f"{head} {after or spell_integer(language, rest)}"


def _in_scales(language: str, value: int) -> str:
    scale = next(scale for scale in _scales()[language] if scale.value <= value)
    count, rest = divmod(value, scale.value)
    said = scale.say(count, spell_integer(language, count))
    return said if not rest else f"{said} {spell_integer(language, rest)}"


def _in_myriads(value: int, signs: tuple[str, ...]) -> str:
    """Chinese: 12345 as 1万2345, 10005 as 1万零5, 101 as 100零1; the engine reads each group."""
    *names, gap, two = signs
    groups = []
    while value:
        value, group = divmod(value, _MYRIAD)
        groups.append(group)
    said = ""
    for at in range(len(groups) - 1, -1, -1):
        group = groups[at]
        if not group:
            continue
        if said and group < _MYRIAD // 10:
            said += gap
        number = two if group == 2 and at else _with_gap(group, gap)
        said += number + (names[at - 1] if at else "")
    return said


def _with_gap(group: int, gap: str) -> str:
    """Below 10000: without its zero 101 sounds as 110 does in everyday speech."""
    for unit in (1000, 100):
        rest = group % unit
        if group >= unit and 0 < rest < unit // 10:
            return f"{group - rest}{gap}{rest}"
    return str(group)


@cache
def _rules() -> dict[str, tuple[_Rule, ...]]:
    found: dict[str, tuple[_Rule, ...]] = {}
    for row in shipped_rows(_PACKAGE, "integers.csv"):
        below = int(row["below"] or LIMIT)
        rule = _Rule(int(row["first"]), below, row["how"], entries(row["signs"]))
        found[row["language"]] = (*found.get(row["language"], ()), rule)
    return found


@cache
def _words() -> dict[str, dict[int, _Word]]:
    """By language and number."""
    found: dict[str, dict[int, _Word]] = {}
    for row in shipped_rows(_PACKAGE, "number_words.csv"):
        word = _Word(row["word"], row["after"], row["before"] or row["word"])
        found.setdefault(row["language"], {})[int(row["number"])] = word
    return found


@cache
def _scales() -> dict[str, tuple[_Scale, ...]]:
    """By language, the largest first."""
    found: dict[str, list[_Scale]] = {}
    for row in shipped_rows(_PACKAGE, "scales.csv"):
        forms = tuple(
            (digits, form)
            for digits, _, form in (entry.partition("=") for entry in entries(row["forms"]))
        )
        scale = _Scale(int(row["scale"]), row["one"], forms)
        found.setdefault(row["language"], []).insert(0, scale)
    return {language: tuple(scales) for language, scales in found.items()}
