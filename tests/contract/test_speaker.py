"""What every text to speech must do for the shop, whatever stands behind the port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringbolt.core.calls.call import SAMPLE_RATE
from ringbolt.speech.engine import Speaker, SpeechRequest
from support.contracts.speech import SUBJECTS

KANA = "こんにちは"
"""What any engine speaks soonest."""


@pytest.fixture(params=SUBJECTS)
async def speaker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Speaker]:
    async with SUBJECTS[request.param](tmp_path) as subject:
        yield subject


async def test_spoken_text_is_telephone_audio_of_the_length_that_is_reported(
    speaker: Speaker,
) -> None:
    speech = await speaker.speak(SpeechRequest(KANA, language="ja"))

    bytes_a_second = 2 * SAMPLE_RATE
    reported = speech.duration_ms * bytes_a_second // 1000
    assert abs(speech.path.stat().st_size - reported) < bytes_a_second // 1000
    assert speech.duration_ms > 0


async def test_it_is_reported_in_which_language_and_by_whom(speaker: Speaker) -> None:
    speech = await speaker.speak(SpeechRequest(KANA, language="ja"))

    assert speech.language == "ja"
    assert speech.engine and speech.voice


async def test_the_same_text_may_be_asked_for_again(speaker: Speaker) -> None:
    first = await speaker.speak(SpeechRequest(KANA, language="ja"))
    again = await speaker.speak(SpeechRequest(KANA, language="ja"))

    assert (again.path, again.duration_ms) == (first.path, first.duration_ms)


async def test_what_was_just_spoken_survives_a_purge(speaker: Speaker) -> None:
    speech = await speaker.speak(SpeechRequest(KANA, language="ja"))

    await speaker.purge()

    assert speech.path.exists()
