"""Calls that play a file: repetitions are for texts; what is set aside; the same call again."""

from __future__ import annotations

from pathlib import Path

from api.conftest import OpenShop
from support.audio_files import RECIPES, encode, tone, wav
from support.clients.voice import VoiceClient
from support.numbers import LISTENS
from support.servers.sites import body, site

FLAC = next(each for each in RECIPES if each.name == "lossless.flac")


async def test_repetitions_of_a_file_are_noted(open_shop: OpenShop) -> None:
    async with site(body(wav(tone(8000, 1)))) as audio:
        shop = await open_shop(fetch={"allow_origins": audio.origin})
        owner = await VoiceClient.with_balance(shop)
        call = {"to": LISTENS, "audioUrl": f"{audio.origin}/a.wav"}

        repeated = await owner.call({**call, "reps": 3})
        usual = await owner.call(call)

    assert repeated["notes"] == ["reps_apply_to_text_only"]
    assert usual["notes"] == []


async def test_a_file_whose_length_is_known_sets_aside_no_more_than_it_takes(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    flac = encode(FLAC, tmp_path, tone(FLAC.rate, 70)).read_bytes()
    async with site(body(flac)) as audio:
        shop = await open_shop(fetch={"allow_origins": audio.origin})
        owner = await VoiceClient.with_balance(shop)
        call = {"to": LISTENS, "audioUrl": f"{audio.origin}/a.flac"}

        known = await owner.call(call)
        wished = await owner.call({**call, "maxMinutes": 1})

    assert known["maxMinutes"] == 2
    assert wished["maxMinutes"] == 1


async def test_for_a_file_whose_length_nobody_tells_the_longest_call_is_set_aside(
    open_shop: OpenShop,
) -> None:
    async with site(body(wav(tone(8000, 70)))) as audio:  # more than is looked at
        shop = await open_shop(fetch={"allow_origins": audio.origin})
        owner = await VoiceClient.with_balance(shop)

        placed = await owner.call({"to": LISTENS, "audioUrl": f"{audio.origin}/a.wav"})

    assert placed["maxMinutes"] == shop.shop.settings.voice.max_minutes


async def test_a_repeated_request_is_answered_though_its_file_is_gone(open_shop: OpenShop) -> None:
    async with site(body(wav(tone(8000, 1)))) as audio:
        shop = await open_shop(fetch={"allow_origins": audio.origin})
        owner = await VoiceClient.with_balance(shop)
        call = {"to": LISTENS, "audioUrl": f"{audio.origin}/a.wav"}
        first = await owner.call(call, Idempotency_Key="one")
    shop.shop.audio._answers.clear()  # type: ignore[attr-defined]  # the probe's memory

    again = await owner.call(call, Idempotency_Key="one")

    assert again["callId"] == first["callId"]
