"""The engines that come with the package, in their own process, speak what they are given."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from ringbolt.core.errors import SpeechFailed
from ringbolt.speech import child as child_module
from ringbolt.speech.engine import Speech, SpeechRequest
from ringbolt.speech.plan import SpeechJob
from ringbolt.speech.pool import SpeechPool
from ringbolt.speech.speaker import LocalSpeaker
from ringbolt.speech.telephone import RATE, active_rms, resample
from ringbolt.speech.worker import refuse_network
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KANA = SpeechJob("こんにちは")
"""Needs neither hibari nor statistics: the quickest job."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalSpeaker]:
    speaker = LocalSpeaker(tmp_path_factory.mktemp("speech"), timeout_s=PATIENCE_S)
    yield speaker
    await speaker.close()


@pytest_asyncio.fixture(loop_scope="module")
async def pool() -> AsyncIterator[SpeechPool]:
    pool = SpeechPool(size=1, timeout_s=PATIENCE_S, load_s=PATIENCE_S)
    yield pool
    await pool.close()


def samples(speech: Speech) -> Any:
    return np.frombuffer(speech.path.read_bytes(), "<i2").astype(np.float32) / 32768


def pitch(speech: Speech) -> float:
    """Median pitch, Hz: the first high peak of each loud frame's autocorrelation."""
    sound = samples(speech)
    found = []
    for frame in sound[: len(sound) // 640 * 640].reshape(-1, 640):
        if np.sqrt(np.mean(frame**2)) < 0.05:
            continue
        likeness = [np.corrcoef(frame[:-lag], frame[lag:])[0, 1] for lag in range(20, 130)]
        inner = range(1, len(likeness) - 1)
        peaks = [at for at in inner if likeness[at - 1] < likeness[at] >= likeness[at + 1]]
        high = [at for at in peaks if likeness[at] > max(0.6, 0.9 * max(likeness))]
        found += [RATE / (20 + at) for at in high[:1]]
    return float(np.median(found))


@pytest.mark.parametrize(
    ("text", "voice", "language", "engine", "seconds"),
    [
        ("Hello, this is your appointment reminder for tomorrow.", "Joanna", "en", "hibari", 3.3),
        ("Hello, this is your appointment reminder for tomorrow.", "Matthew", "en", "hibari", 3.3),
        ("مرحبا، موعدك غدا في الساعة الثالثة", "Zeina", "ar", "espeak-ng", 3.5),
        ("Bonjour, votre colis est arrivé ce matin.", "", "fr", "espeak-ng", 2.6),
        ("Ihr Termin ist morgen um 15:30 Uhr.", "Hans", "de", "espeak-ng", 2.8),
        ("Su pedido está listo para recoger.", "", "es", "espeak-ng", 2.2),
        ("Здравствуйте, ваш заказ готов.", "", "ru", "espeak-ng", 2.0),
        ("您好，您的快递已经到了。", "", "zh", "espeak-ng", 2.5),
        ("नमस्ते, आपका ऑर्डर तैयार है।", "", "hi", "espeak-ng", 2.2),
        ("안녕하세요, 주문이 준비되었습니다.", "", "ko", "espeak-ng", 2.8),
        ("שלום, ההזמנה שלך מוכנה.", "", "he", "espeak-ng", 2.3),
        ("سلام، سفارش شما آماده است", "", "fa", "espeak-ng", 2.7),
        ("Merhaba, siparişiniz hazır, teşekkürler.", "Filiz", "tr", "espeak-ng", 2.8),
    ],
)
async def test_a_text_is_spoken_in_its_own_language(
    speaker: LocalSpeaker, text: str, voice: str, language: str, engine: str, seconds: float
) -> None:
    speech = await speaker.speak(SpeechRequest(text, voice))

    assert (speech.language, speech.engine) == (language, engine)
    assert seconds * 0.6 < speech.duration_ms / 1000 < seconds * 1.6
    assert speech.duration_ms == speech.path.stat().st_size // 16
    assert -22 < 20 * np.log10(active_rms(samples(speech))) < -18.5
    assert np.abs(samples(speech)).max() <= 0.709


async def test_a_male_voice_is_lower_than_a_female_one(speaker: LocalSpeaker) -> None:
    text = "Hello, this is your appointment reminder for tomorrow."
    woman = await speaker.speak(SpeechRequest(text, "Joanna"))
    man = await speaker.speak(SpeechRequest(text, "Matthew"))

    assert 0.65 < pitch(man) / pitch(woman) < 0.85
    assert abs(man.duration_ms - woman.duration_ms) < 0.2 * woman.duration_ms


async def test_arabic_is_spoken_with_the_vowels_that_are_not_written(
    speaker: LocalSpeaker,
) -> None:
    bare = await speaker.speak(SpeechRequest("بسبب الأمطار تأخرت الرحلة", "Zeina"))
    written = await speaker.speak(SpeechRequest("بِسَبَبِ الأَمْطَارِ تَأَخَّرَتِ الرِّحْلَةُ", "Zeina"))

    assert abs(bare.duration_ms - written.duration_ms) < 0.25 * written.duration_ms


@pytest.mark.parametrize("text", ["🙂🎉", "", "...", "ขอบคุณครับ"])
async def test_what_has_no_words_fails_in_plain_words(speaker: LocalSpeaker, text: str) -> None:
    with pytest.raises(SpeechFailed) as raised:
        await speaker.speak(SpeechRequest(text))

    assert raised.value.code == "SPEECH_UNSPEAKABLE"


@pytest.mark.parametrize(
    ("text", "at_least_s"),
    [("Hello world. " * 38 + "Thanks", 20), ("1" * 40, 8), ("Code for محمد علي is 4829", 2.5),
     ("x", 0.2), ("a" * 500, 2),
     ("please bring your card and come early " * 50, 60)],
)  # fmt: skip
async def test_awkward_text_is_spoken(speaker: LocalSpeaker, text: str, at_least_s: float) -> None:
    speech = await speaker.speak(SpeechRequest(text))

    assert speech.duration_ms > at_least_s * 1000


async def test_what_hibari_leaves_out_is_spoken_by_espeak(speaker: LocalSpeaker) -> None:
    speech = await speaker.speak(SpeechRequest("a" * 400))

    assert speech.engine == "espeak-ng"
    assert "engine_fallback" in speech.notes


async def test_a_number_that_hibari_takes_for_punctuation_is_spoken_by_espeak(
    speaker: LocalSpeaker,
) -> None:
    speech = await speaker.speak(SpeechRequest("kit/ (shared) l402/ (the paid) x"))

    assert speech.engine == "espeak-ng"
    assert "engine_fallback" in speech.notes


async def test_a_text_of_many_digits_is_spoken_whole(speaker: LocalSpeaker) -> None:
    long = await speaker.speak(SpeechRequest("Your number: " + "123456789" * 30))
    short = await speaker.speak(SpeechRequest("Your number: " + "123456789" * 3))

    assert long.engine == "hibari"
    assert long.duration_ms > 8 * short.duration_ms


@pytest.mark.parametrize(
    ("request_", "notes"),
    [
        (SpeechRequest("Welcome to our voice service", "Zeina"), ("language_differs",)),
        (SpeechRequest("مرحبا بكم", "Zeina", neural=True), ("neural_downgraded",)),
        (SpeechRequest("Hello, how are you?", "Joanna", neural=True), ()),
        (SpeechRequest("Hello, how are you?", "Mickey"), ("voice_unknown",)),
        (SpeechRequest("Hello, how are you?", language="tlh"), ("language_ignored",)),
        (SpeechRequest("Hello, how are you?", "Matthew"), ("voice_substituted",)),
        (SpeechRequest("A súa cita é mañá", language="gl"), ("voice_substituted",)),
        (SpeechRequest("Hello, how are you?"), ()),
    ],
)
async def test_notes_say_what_differs_from_the_wish(
    speaker: LocalSpeaker, request_: SpeechRequest, notes: tuple[str, ...]
) -> None:
    assert (await speaker.speak(request_)).notes == notes


async def test_the_same_text_is_not_spoken_twice(speaker: LocalSpeaker) -> None:
    first = await speaker.speak(SpeechRequest("Said once, stored once."))
    again = await speaker.speak(SpeechRequest("Said  once, stored once. 🙂"))

    assert (first.cached, again.cached) == (False, True)
    assert again.path == first.path


async def test_requests_at_once_for_one_text_are_one_job(speaker: LocalSpeaker) -> None:
    request = SpeechRequest("Everybody asks for this sentence.")

    jobs = speaker.pool.jobs_done

    both = await asyncio.gather(speaker.speak(request), speaker.speak(request))

    assert both[0] == both[1]
    assert speaker.pool.jobs_done == jobs + 1


async def test_a_caller_that_leaves_does_not_stop_the_others(speaker: LocalSpeaker) -> None:
    request = SpeechRequest("One of us hangs up before the end.")
    leaves = asyncio.create_task(speaker.speak(request))
    stays = asyncio.create_task(speaker.speak(request))
    await asyncio.sleep(0)

    leaves.cancel()

    assert (await stays).duration_ms > 500


async def test_no_process_runs_before_the_first_text(pool: SpeechPool) -> None:
    assert pool.pids == ()

    await pool.run(KANA)

    assert len(pool.pids) == 1


async def test_a_job_whose_process_is_killed_is_done_by_a_fresh_one(pool: SpeechPool) -> None:
    await pool.run(KANA)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)  # so that the job cannot be done before the blow
    job = asyncio.create_task(pool.run(KANA))
    await until(lambda: pool.busy == 1)

    os.kill(pid, signal.SIGKILL)

    assert len((await job).pcm) > 1000
    assert pid not in pool.pids


async def test_a_process_that_died_idle_is_replaced_unnoticed(pool: SpeechPool) -> None:
    await pool.run(KANA)
    os.kill(pool.pids[0], signal.SIGKILL)

    assert len((await pool.run(KANA)).pcm) > 1000


async def test_a_process_that_hangs_fails_the_job_and_not_the_next(
    pool: SpeechPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.run(KANA)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)

    with monkeypatch.context() as impatient, pytest.raises(SpeechFailed) as raised:
        impatient.setattr(pool, "_timeout_s", 0.5)
        impatient.setattr(pool, "_load_s", 0.5)
        await pool.run(KANA)

    assert raised.value.code == "SPEECH_TIMEOUT"
    assert len((await pool.run(KANA)).pcm) > 1000
    assert pid not in pool.pids


async def test_a_cancelled_job_leaves_no_answer_for_the_next(pool: SpeechPool) -> None:
    long = SpeechJob("こんにちは。 " * 200)
    whole = len((await pool.run(KANA)).pcm)
    job = asyncio.create_task(pool.run(long))
    await until(lambda: pool.busy == 1)

    job.cancel()

    assert len((await pool.run(KANA)).pcm) == whole


async def test_a_process_is_replaced_after_its_share_of_jobs() -> None:
    pool = SpeechPool(max_jobs=2)
    await pool.run(KANA)
    first = pool.pids
    await pool.run(KANA)

    assert pool.pids == ()
    await pool.run(KANA)
    assert pool.pids != first
    await pool.close()


async def test_a_worker_that_cannot_start_is_a_failure_and_no_hang(
    pool: SpeechPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "_WORKER", "ringbolt.speech.no_such_module")

    with pytest.raises(SpeechFailed) as raised:
        await pool.run(KANA)

    assert raised.value.code == "SPEECH_CRASHED"


async def test_closing_ends_the_processes_and_the_jobs(pool: SpeechPool) -> None:
    await pool.run(KANA)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)
    job = asyncio.create_task(pool.run(KANA))
    await until(lambda: pool.busy == 1)

    await pool.close()

    with pytest.raises(SpeechFailed):
        await job
    assert pool.pids == ()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_nothing_heavy_is_loaded_into_the_shop_itself() -> None:
    code = (
        "import sys, ringbolt.speech.speaker, ringbolt.speech.pool, ringbolt.speech.language,"
        "ringbolt.speech.voices, ringbolt.speech.normalise;"
        "print([m for m in ('numpy', 'onnxruntime', 'av', 'hibari', 'py3langid', 'text2tashkeel',"
        "'espeakng_loader') if m in sys.modules])"
    )
    source = str(Path(child_module.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": source}

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )

    assert done.stdout.strip() == "[]"


async def test_the_speech_process_has_no_network() -> None:
    with pytest.raises(PermissionError):
        refuse_network("socket.connect", ())


async def test_resampling_keeps_speech_and_removes_what_would_fold_back() -> None:
    seconds = np.arange(24000) / 24000
    tones = {hertz: np.sin(2 * np.pi * hertz * seconds, dtype=np.float64) for hertz in (1000, 5000)}

    levels = {
        hertz: float(np.sqrt(np.mean(resample(tone.astype(np.float32), 24000) ** 2)))
        for hertz, tone in tones.items()
    }

    assert levels[1000] == pytest.approx(0.7071, abs=0.01)
    assert levels[5000] < 0.01
