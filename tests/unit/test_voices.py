"""A voice's name is a wish; the text decides who can fulfil it."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.plan import SpeechJob, main_language, plan
from ringbolt.speech.understand import understand
from ringbolt.speech.voices import (
    PERSONAS,
    VOICE_UNKNOWN,
    engine_voice,
    find_persona,
    resolve_persona,
)


class Detector:
    """Answers what it is told, and remembers what it was asked."""

    def __init__(self, answer: str = "en") -> None:
        self.answer = answer
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, text: str, options: Collection[str], likely: Collection[str]) -> str:
        self.asked.append(tuple(sorted(likely)))
        return self.answer


@pytest.mark.parametrize(
    ("name", "persona"),
    [
        ("Zeina", "Zeina"), ("zeina", "Zeina"), ("Polly.Joanna", "Joanna"), ("alice", "Joanna"),
        ("Polly.Matthew-Neural", "Matthew"), ("man", "Matthew"), ("Céline", "Celine"),
    ],
)  # fmt: skip
def test_a_persona_is_found_by_its_names(name: str, persona: str) -> None:
    found = find_persona(name)

    assert found is not None
    assert found.id == persona


def test_no_two_personas_share_a_name() -> None:
    names = [n.casefold() for p in PERSONAS for n in (p.id, *p.aliases)]

    assert len(names) == len(set(names))


def test_an_unknown_voice_becomes_the_default_with_a_note() -> None:
    persona, notes = resolve_persona("Mickey", "Zeina")

    assert persona is find_persona("Zeina")
    assert notes == (VOICE_UNKNOWN,)


def test_without_a_wish_nothing_is_noted() -> None:
    assert resolve_persona("", "") == (None, ())


@pytest.mark.parametrize(
    ("language", "region", "gender", "engine", "name"),
    [
        ("en", "US", "female", "hibari", "heart"),
        ("en", "GB", "male", "hibari", "heart"),
        ("ar", "", "female", "espeak", "ar+f3"),
        ("pt", "BR", "male", "espeak", "pt-br"),
        ("pt", "PT", "male", "espeak", "pt"),
        ("es", "MX", "female", "espeak", "es-419+f3"),
        ("zh", "CN", "female", "espeak", "cmn+f3"),
    ],
)
def test_the_language_chooses_the_engine(
    language: str, region: str, gender: str, engine: str, name: str
) -> None:
    voice = engine_voice(language, region, "male" if gender == "male" else "female")

    assert (voice.engine, voice.name) == (engine, name)


def test_a_male_english_voice_is_the_female_one_lowered() -> None:
    man, woman = engine_voice("en", "", "male"), engine_voice("en", "", "female")

    assert (man.depth < 1.0, man.substitute) == (True, True)
    assert (woman.depth, woman.substitute) == (1.0, False)


def test_english_text_with_an_arabic_voice_is_spoken_by_an_english_one() -> None:
    job = SpeechJob("Welcome to our voice service", home="ar")

    (utterance,) = plan(job, Detector("en"))

    assert (utterance.language, utterance.voice.engine) == ("en", "hibari")


def test_arabic_text_with_an_english_voice_is_spoken_in_arabic() -> None:
    (utterance,) = plan(SpeechJob("مرحبا بك", home="en"), Detector())

    assert (utterance.language, utterance.voice.name) == ("ar", "ar+f3")


def test_each_script_in_a_text_gets_its_own_voice() -> None:
    job = SpeechJob("Your code for محمد علي is 4829")

    utterances = plan(job, Detector("en"))

    assert [u.voice.engine for u in utterances] == ["hibari", "espeak", "hibari"]
    assert utterances[2].text == "is 4829"
    assert main_language(job, utterances) == "en"


def test_a_short_text_is_english_and_no_model_is_asked() -> None:
    detector = Detector("fr")

    (utterance,) = plan(SpeechJob("Silent mode"), detector)

    assert utterance.language == "en"
    assert not detector.asked


def test_a_short_text_is_in_the_home_language_of_its_voice() -> None:
    (utterance,) = plan(SpeechJob("Silent mode", home="fr"), Detector())

    assert utterance.language == "fr"


def test_a_longer_text_is_judged_with_english_and_the_home_language_likely() -> None:
    detector = Detector("de")

    (utterance,) = plan(SpeechJob("Fischers Fritz fischt frische", home="fr"), detector)

    assert utterance.language == "de"
    assert detector.asked == [("en", "fr")]


def test_a_language_asked_for_wins_where_it_can_read_the_script() -> None:
    (german,) = plan(SpeechJob("Hello world and all", language="de"), Detector())
    (arabic,) = plan(SpeechJob("مرحبا بكم جميعا", language="de"), Detector("ar"))

    assert german.language == "de"
    assert arabic.language == "ar"


def test_digits_alone_are_read_in_the_wished_language() -> None:
    (utterance,) = plan(SpeechJob("4829", home="fr"), Detector())

    assert utterance.language == "fr"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "SPEECH_UNSPEAKABLE"),
        ("🙂", "SPEECH_UNSPEAKABLE"),
        ("ขอบคุณครับ", "SPEECH_UNSPEAKABLE"),
        ("a" * 3001, "SPEECH_TOO_LONG"),
    ],
)
def test_what_nobody_can_speak_is_refused_at_once(text: str, code: str) -> None:
    with pytest.raises(SpeechFailed) as raised:
        understand(SpeechRequest(text), "")

    assert raised.value.code == code


def test_voices_of_one_gender_and_home_share_what_is_stored() -> None:
    jobs = {understand(SpeechRequest("Hello", voice), "").job for voice in ("Joanna", "Kendra")}

    assert len(jobs) == 1


@pytest.mark.parametrize(
    ("voice", "language", "said"),
    [
        ("Amy", "", "8th October 2025"),
        ("Joanna", "", "August 10th, 2025"),
        ("Joanna", "en-GB", "8th October 2025"),
        ("Amy", "en-US", "August 10th, 2025"),
        ("", "", "August 10th, 2025"),
    ],
)
def test_the_region_of_the_language_or_voice_decides_the_order_of_a_date(
    voice: str, language: str, said: str
) -> None:
    job = understand(SpeechRequest("Your visit is on 08/10/2025.", voice, language), "").job

    (utterance,) = plan(job, Detector())

    assert said in utterance.text
