"""Plan a text: which part is spoken in which language by which voice. Pure.

The detector is passed in, so that a plan can be made (and tested) without a model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from ringbolt.core.calls.call import SAMPLE_RATE
from ringbolt.speech.language import (
    SHORT_TEXT,
    Run,
    detectable,
    language_by_letters,
    main_script,
    parse_tag,
    split_by_script,
)
from ringbolt.speech.languages import BY_SCRIPT
from ringbolt.speech.normalise import Reading, read
from ringbolt.speech.scripts import letters_by_script
from ringbolt.speech.short_texts import ENOUGH_FOR_STATISTICS, languages_by_words
from ringbolt.speech.voices import EngineVoice, Gender, engine_voice, espeak_voice

Detect = Callable[[str, Collection[str], Collection[str]], str]
"""(text, languages to choose among, languages that are likely) -> language."""


@dataclass(frozen=True, slots=True)
class SpeechJob:
    """A request to the speech process: a cleaned text, and how to speak it.

    ``language`` is a tag or '' for automatic; ``home`` and ``region`` are the persona's; ``rate``
    is how many times faster to speak than usual; ``sample_rate``: of the audio, Hz.
    """

    text: str
    language: str = ""
    gender: Gender = "female"
    home: str = ""
    region: str = ""
    rate: float = 1.0
    sample_rate: int = SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the text in one language, as it is used in ``region`` (ISO 3166, or '')."""

    text: str
    language: str
    region: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """A part of the text, to be read by ``voice``, or by ``fallback`` if that fails.
    ``lacks_words``: signs beside numbers are left out, for which the language has no word."""

    text: str
    language: str
    voice: EngineVoice
    fallback: EngineVoice | None
    lacks_words: bool = False


def plan(job: SpeechJob, detect: Detect) -> tuple[Utterance, ...]:
    """The utterances in order; the first in the text's main script names its language."""
    utterances = []
    for part in parts_of(job, detect):
        reading = read(part.text, part.language, part.region)
        if any(map(str.isalnum, reading.text)):
            utterances.append(_cast(reading, part, job))
    return tuple(utterances)


def parts_of(job: SpeechJob, detect: Detect) -> Iterator[Part]:
    """The text cut where its script changes, each part with its language."""
    main = main_script(job.text)
    for run in split_by_script(job.text):
        language = _language(run, run.script == main, job, detect)
        yield Part(run.text, language, _region(language, job))


def main_language(job: SpeechJob, utterances: tuple[Utterance, ...]) -> str:
    """The language of the text as a whole: that of the first utterance in its main script."""
    options = BY_SCRIPT.get(main_script(job.text))
    fitting = (u.language for u in utterances if options is None or u.language in options)
    return next(fitting, utterances[0].language)


def _language(run: Run, is_main: bool, job: SpeechJob, detect: Detect) -> str:
    options = BY_SCRIPT.get(run.script)
    tag = parse_tag(job.language)
    if options is None:  # digits alone: any language can say them
        return tag.language if tag else job.home or "en"
    if is_main and tag and tag.language in options:
        return tag.language
    letters = letters_by_script(run.text).total()
    is_short = letters < ENOUGH_FOR_STATISTICS
    by_words = languages_by_words(run.text, run.script) if is_short else ()
    if by_words:
        return _of_short_text(run, by_words, letters, detect)
    by_letters = language_by_letters(run)
    if by_letters != options[0]:
        return by_letters
    likely = {options[0], job.home} & set(options)
    if letters < SHORT_TEXT:
        return job.home if job.home in likely and is_main else options[0]
    choice = detectable(run.script)
    return detect(run.text, choice, likely) if len(choice) > 1 else options[0]


def _of_short_text(run: Run, by_words: tuple[str, ...], letters: int, detect: Detect) -> str:
    """The language of a text whose words or letters are not of the first of its script: statistics
    choose among the languages of these; from a dozen letters on another may be more probable."""
    if letters < SHORT_TEXT:
        return by_words[0] if len(by_words) == 1 else detect(run.text, by_words, by_words[:1])
    others = detectable(run.script)[1:]
    return detect(run.text, others, by_words)


def _region(language: str, job: SpeechJob) -> str:
    """The region named with the language, else that of a persona who speaks it."""
    tag = parse_tag(job.language)
    region = tag.region if tag and tag.language == language else ""
    return job.region if not region and job.home == language else region


def _cast(reading: Reading, part: Part, job: SpeechJob) -> Utterance:
    voice = replace(engine_voice(part.language, part.region, job.gender), rate=job.rate)
    fallback = replace(espeak_voice(part.language, part.region, job.gender), rate=job.rate)
    return Utterance(
        reading.text,
        part.language,
        voice,
        None if fallback == voice else fallback,
        bool(reading.unspoken),
    )
