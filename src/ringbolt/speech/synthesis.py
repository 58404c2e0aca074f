"""From text to audio, with the engines. Runs in the speech process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ringbolt.speech.detector import LanguageDetector
from ringbolt.speech.espeak import EspeakEngine
from ringbolt.speech.hibari import HibariEngine
from ringbolt.speech.plan import SpeechJob, Utterance, main_language, plan
from ringbolt.speech.telephone import Samples, Silent, level, resample, to_pcm
from ringbolt.speech.voices import EngineVoice

_GAP_S = 0.12
_SECONDS_PER_LETTER = 0.01
"""A quarter of what the fastest voice needs; less means that most of the text was skipped."""


class Unspoken(Exception):
    """No engine produced speech; the message names engines and kinds of error, never the text."""


class Engine(Protocol):
    name: str

    def load(self) -> None: ...

    def speak(
        self, text: str, language: str, voice: EngineVoice, wanted_rate: int
    ) -> tuple[Samples, int]:
        """The samples and their rate, Hz: ``wanted_rate``, or one that is resampled to it."""
        ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """Audio, s16le mono; ``tier`` and ``substitute`` of the voice that reads the main language."""

    pcm: bytes
    language: str
    engine: str
    tier: str
    substitute: bool
    fell_back: bool
    lacks_words: bool


class Synthesiser:
    def __init__(self) -> None:
        self._detect = LanguageDetector()
        self._engines: dict[str, Engine] = {"hibari": HibariEngine(), "espeak": EspeakEngine()}

    def prepare(self, job: SpeechJob) -> tuple[Utterance, ...]:
        """Plan the text and load what its voices need, which takes seconds the first time."""
        utterances = plan(job, self._detect)
        if not utterances:
            raise Unspoken("nothing to say")
        for utterance in utterances:
            self._load(utterance)
        return utterances

    def speak(self, job: SpeechJob, utterances: tuple[Utterance, ...]) -> Spoken:
        """Raises ``Unspoken``."""
        language = main_language(job, utterances)
        parts: list[Samples] = []
        speakers: list[EngineVoice] = []
        for utterance in utterances:
            samples, voice = self._utter(utterance, job.sample_rate)
            parts += [samples, np.zeros(round(job.sample_rate * _GAP_S), np.float32)]
            speakers.append(voice)
        main = next(at for at, spoken in enumerate(utterances) if spoken.language == language)
        return Spoken(
            to_pcm(np.concatenate(parts[:-1])),
            language,
            "+".join(dict.fromkeys(self._engines[voice.engine].name for voice in speakers)),
            speakers[main].tier,
            speakers[main].substitute,
            any(voice != u.voice for voice, u in zip(speakers, utterances, strict=True)),
            any(utterance.lacks_words for utterance in utterances),
        )

    def _load(self, utterance: Utterance) -> None:
        try:
            self._engines[utterance.voice.engine].load()
        except Exception:
            if utterance.fallback is None:
                raise
            self._engines[utterance.fallback.engine].load()

    def _utter(self, utterance: Utterance, rate: int) -> tuple[Samples, EngineVoice]:
        """Try the voice, then its fallback; anything that goes wrong in an engine is one
        failure."""
        failures = []
        for voice in (utterance.voice, utterance.fallback):
            if voice is None:
                continue
            engine = self._engines[voice.engine]
            try:
                spoken, native = engine.speak(utterance.text, utterance.language, voice, rate)
                samples = level(resample(spoken, native, rate), rate)
            except Silent:
                failures.append(f"{engine.name} was silent")
                continue
            except Exception as error:  # noqa: BLE001 - third-party engines raise anything
                failures.append(f"{engine.name}: {type(error).__name__}")
                continue
            if len(samples) >= rate * _SECONDS_PER_LETTER * _letters(utterance.text):
                return samples, voice
            failures.append(f"{engine.name} left most of it out")
        raise Unspoken(", ".join(failures))


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
