"""Decides whether a text can be spoken, and its language. Pure: no model is loaded.

Which languages work was found by listening to known sentences. espeak-ng lists Thai, Burmese and
Cherokee but says other words; for Chinese characters in Japanese and Korean text it says "Chinese
letter". A text that would be read like that is refused before it is paid for.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from ringbolt.core.calls.ssml import KEYS, is_ssml, parse_ssml
from ringbolt.core.errors import InvalidInput
from ringbolt.speech.languages import ALIASES, BY_SCRIPT, LANGUAGES
from ringbolt.speech.normalise.clean import clean
from ringbolt.speech.scripts import letters_by_script, script_of

SHORT_TEXT: Final = 12
"""Fewer letters than this are too few for statistics."""

SPOKEN_HERE: Final = "Write words or numbers in a language that GET /voice/v1/voices lists."
"""What to do about a text that cannot be spoken."""

_MARKUP: Final = re.compile(r"[<&]")
_ASCII_WORD: Final = re.compile(r"[A-Za-z0-9]")

UNREADABLE_SHARE: Final = 0.1
"""Share of letters that may go unspoken, e.g. one foreign name in a message."""

_LATIN_WORDS_ALONG: Final = 2
"""How many Latin words in a row stay with the voice of the script around them."""

_DISTINCTIVE_LETTERS: Final = (
    ("ur", re.compile("[ٹڈڑںےہھ]")),
    ("ug", re.compile("[ېۇۆۈ]")),
    ("fa", re.compile("[پچژگ]")),
    ("kk", re.compile("[құ]", re.IGNORECASE)),
    ("ba", re.compile("[ҙҡ]", re.IGNORECASE)),
    ("be", re.compile("ў", re.IGNORECASE)),
    ("uk", re.compile("[їєґі]", re.IGNORECASE)),
    ("mk", re.compile("[ѓќѕ]", re.IGNORECASE)),
    ("sr", re.compile("[ђћџљњј]", re.IGNORECASE)),
    ("as", re.compile("[ৰৱ]")),
    ("yue", re.compile("[嘅喺咗哋冇啲嚟]|唔[該该好使係系知]")),
)
"""Letters of which one is enough to distinguish a language from the first of its script."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A language tag: ISO 639 code as used here, and the region in upper case or ''."""

    language: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one script (``""`` if it has no letters at all)."""

    script: str
    text: str


def parse_tag(tag: str) -> Tag | None:
    """Parse a BCP 47 tag (or a vendor's variation); None if the language is not spoken here."""
    parts = tag.strip().replace("_", "-").lower().split("-")
    language = ALIASES.get(parts[0], parts[0])
    region = next((part.upper() for part in parts[1:] if len(part) in (2, 3)), "")
    if language == "zh" and region in ("HK", "MO"):
        language = "yue"
    return Tag(language, region) if language in LANGUAGES else None


def refusal(text: str) -> str:
    """Why the text (or SSML) cannot be spoken, as one plain sentence; ``""`` if it can be."""
    if not is_ssml(text):
        return _refusal(text)
    try:
        pieces = parse_ssml(text).pieces  # each is spoken by itself
    except InvalidInput as error:
        return error.message
    return next(filter(None, (_refusal(piece.text) for piece in pieces)), "")


def _refusal(text: str) -> str:
    if _MARKUP.search(text):  # its names are not spoken
        text = clean(text)
    if text.isascii() and _ASCII_WORD.search(text):  # most texts, at a tenth of the cost
        return ""
    counts = _letters(text)
    letters = counts.total()
    if not letters:
        heard = any(char.isdecimal() or char in KEYS for char in clean(text))
        return "" if heard else "There is no word or number in it."
    unreadable = _unreadable(counts)
    if sum(unreadable.values()) <= UNREADABLE_SHARE * letters:
        return ""
    worst = unreadable.most_common(1)[0][0]
    if worst == "han":
        spoken = "Japanese written in kana" if _is_japanese(counts) else "Korean written in Hangul"
        return f"Of Chinese characters in such a text no voice knows the reading; {spoken} works."
    if worst == "other":
        return "No voice reads the script that it is written in."
    return f"No voice reads {worst.capitalize()} letters well enough."


def unread_letters(text: str) -> int:
    """How many letters no voice reads; they are left out."""
    return _unreadable(_letters(text)).total()


def _letters(text: str) -> Counter[str]:
    """How many letters of each script a voice gets: of bold, raised or circled ones plain ones."""
    counts = letters_by_script(text)
    return letters_by_script(clean(text)) if not counts or _unreadable(counts) else counts


def main_script(text: str) -> str:
    """The script of most letters, reading Japanese as kana; ``""`` without letters."""
    counts = letters_by_script(text)
    if not counts:
        return ""
    for script in _unreadable(counts):
        if counts.total() > counts[script]:
            del counts[script]
    if _is_japanese(counts):
        return "kana"
    return counts.most_common(1)[0][0]


def split_by_script(text: str) -> tuple[Run, ...]:
    """Cut a text where the script changes, so that each part gets a voice that can read it.

    Digits and punctuation stay with the text before them. A few Latin words inside another
    script stay with it: its voice says them. Letters that no voice reads are left out.
    """
    main = main_script(text)
    if not main or text.isascii():
        return (Run(main, text),)
    unreadable = set(_unreadable(letters_by_script(text)))
    runs: list[Run] = []
    for char in text:
        script = script_of(char)
        if script in unreadable:
            char, script = " ", ""  # noqa: PLW2901
        if runs and (not script or not runs[-1].script or script == runs[-1].script):
            runs[-1] = Run(runs[-1].script or script, runs[-1].text + char)
        else:
            runs.append(Run(script, char))
    return _join(runs, main)


def language_by_letters(run: Run) -> str:
    """The language by letters alone: the first of the script, or one with letters of its own."""
    options = BY_SCRIPT.get(run.script, ("en",))
    for language, letters in _DISTINCTIVE_LETTERS:
        if language in options and letters.search(run.text):
            return language
    return options[0]


def detectable(script: str) -> tuple[str, ...]:
    """The languages among which statistics may choose for a text in this script."""
    return tuple(code for code in BY_SCRIPT.get(script, ()) if LANGUAGES[code].detected)


def _unreadable(counts: Counter[str]) -> Counter[str]:
    """Letters that no voice reads, by script."""
    found = Counter({s: n for s, n in counts.items() if s not in BY_SCRIPT})
    if counts["han"] and (_is_japanese(counts) or counts["hangul"] > counts["han"]):
        found["han"] = counts["han"]
    return found


def _is_japanese(counts: Counter[str]) -> bool:
    """Kana among Chinese characters, and more of them than a decorated Chinese text has."""
    return counts["kana"] > 0 and counts["kana"] * 5 >= counts["han"]


def _join(runs: list[Run], main: str) -> tuple[Run, ...]:
    joined: list[Run] = []
    for run in runs:
        stays = main != "latin" and run.script == "latin"
        stays = stays and len(run.text.split()) <= _LATIN_WORDS_ALONG
        script = main if stays else run.script
        if joined and joined[-1].script == script:
            joined[-1] = Run(script, joined[-1].text + run.text)
        else:
            joined.append(Run(script, run.text))
    return tuple(joined)
