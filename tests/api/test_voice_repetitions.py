"""A call that asks for repetitions of a file is told that only texts are repeated."""

from __future__ import annotations

from api.conftest import OpenShop
from audio_files import tone, wav
from shop_server import LISTENS
from stranger_sites import body, site
from voice_client import VoiceClient


async def test_repetitions_of_a_file_are_noted(open_shop: OpenShop) -> None:
    async with site(body(wav(tone(8000, 1)))) as audio:
        shop = await open_shop(fetch={"allow_origins": audio.origin})
        owner = await VoiceClient.with_balance(shop)
        call = {"to": LISTENS, "audioUrl": f"{audio.origin}/a.wav"}

        repeated = await owner.call({**call, "reps": 3})
        usual = await owner.call(call)

    assert repeated["notes"] == ["reps_apply_to_text_only"]
    assert usual["notes"] == []
