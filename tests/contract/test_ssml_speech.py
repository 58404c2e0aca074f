"""Marked-up text as it is heard: by the engines that come with the package."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import pytest_asyncio

from ringbolt.app.calls.preview_speech import preview
from ringbolt.app.calls.render import render
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import Clip, Gather, Hangup, Pause, RenderedGather, Say
from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.speaker import LocalSpeaker
from ringbolt.voice.audio.wav import read_wav
from support.waiting import LONG_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLAY_MS = 60_000
CODE = (
    '<speak>Your code is <break time="2s"/><prosody rate="x-slow">bonjour '
    '<lang xml:lang="fr">Merci beaucoup madame</lang></prosody></speak>'
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalSpeaker]:
    speaker = LocalSpeaker(tmp_path_factory.mktemp("speech"), timeout_s=LONG_S)
    yield speaker
    await speaker.close()


@pytest.fixture
def shop(speaker: LocalSpeaker) -> Shop:
    """As much of a shop as speaks."""
    return cast(Shop, SimpleNamespace(speaker=speaker))


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Hello, this is your appointment reminder.", "Joanna"),
        ("Hello, this is your appointment reminder.", "Matthew"),
        ("Ihr Termin ist morgen um 15:30 Uhr.", "Hans"),
    ],
)
async def test_every_engine_speaks_slower_and_faster(
    speaker: LocalSpeaker, text: str, voice: str
) -> None:
    lengths = {
        rate: (await speaker.speak(SpeechRequest(text, voice, rate=rate))).duration_ms
        for rate in (0.5, 1.0, 1.5)
    }

    assert lengths[0.5] > 1.5 * lengths[1.0]
    assert lengths[1.5] < 0.85 * lengths[1.0]


async def test_a_text_at_another_rate_is_another_sound_in_the_cache(speaker: LocalSpeaker) -> None:
    usual = await speaker.speak(SpeechRequest("Spoken at two rates."))
    slow = await speaker.speak(SpeechRequest("Spoken at two rates.", rate=0.5))
    again = await speaker.speak(SpeechRequest("Spoken at two rates.", rate=0.5))

    assert (slow.cached, again.cached) == (False, True)
    assert usual.path != slow.path == again.path


async def test_marked_up_text_becomes_clips_and_pauses(shop: Shop) -> None:
    rendered = await render(
        shop, (Say(CODE, "Joanna", repeat=2), Hangup(), Say("Never said")), PLAY_MS
    )

    kinds = [type(part) for part in rendered.script]
    assert kinds == [Clip, Pause, Clip, Clip] * 2
    assert rendered.script[1] == Pause(2000)
    assert "language_differs" in rendered.notes  # Joanna does not speak French


@pytest.mark.parametrize(
    ("kind", "text", "language", "as_if"),
    [
        ("cardinal", "12345", "", "12,345"),
        ("ordinal", "3", "en", "3rd"),
        ("ordinal", "3", "fr", "troisième"),
        ("characters", "*", "de", "Stern"),
    ],
)
async def test_say_as_is_heard(shop: Shop, kind: str, text: str, language: str, as_if: str) -> None:
    asked = f'<speak>It is <say-as interpret-as="{kind}">{text}</say-as></speak>'
    first, second = [
        await render(shop, (Say(said, "", language),), PLAY_MS)
        for said in (asked, f"It is {as_if}")
    ]

    (one, other) = first.script[0], second.script[0]
    assert isinstance(one, Clip) and isinstance(other, Clip)
    assert one.duration_ms == other.duration_ms > 500


async def test_marked_up_text_asks_for_keys_too(shop: Shop) -> None:
    text = '<speak>Press one. <break time="1s"/> <audio src="x"/>Or two.</speak>'
    rendered = await render(shop, (Gather((Say(text),), 1, "#", 3000),), PLAY_MS)

    (gather,) = rendered.script
    assert isinstance(gather, RenderedGather)
    assert [type(part) for part in gather.prompt] == [Clip, Pause, Clip]
    assert rendered.notes == ("ssml_ignored: audio",)


async def test_markup_that_cannot_be_read_fails_in_plain_words(shop: Shop) -> None:
    with pytest.raises(SpeechFailed) as raised:
        await render(shop, (Say("<speak>Hello</spek>"),), PLAY_MS)

    assert raised.value.code == "SSML_INVALID"
    assert "line 1" in raised.value.message


async def test_a_preview_is_a_wav_of_all_that_is_said(shop: Shop) -> None:
    sound = read_wav((await preview(shop, CODE, "Joanna", "", False)).wav)
    pieces = await render(shop, (Say(CODE, "Joanna"),), PLAY_MS)

    lengths = [p.ms if isinstance(p, Pause) else p.duration_ms for p in pieces.script[:4]]  # type: ignore[union-attr]
    assert sound.sample_rate == 8000
    assert abs(sound.duration_ms - sum(lengths)) < 10
    samples = np.frombuffer(sound.pcm, "<i2")
    silent = samples[8 * lengths[0] + 80 : 8 * (lengths[0] + 2000) - 80]
    assert not silent.any()


async def test_what_cannot_be_spoken_has_no_preview(shop: Shop) -> None:
    with pytest.raises(SpeechFailed):
        await preview(shop, "ขอบคุณครับ", "", "", False)
