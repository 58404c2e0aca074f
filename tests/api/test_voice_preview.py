"""A text to hear before anybody is called: what is not as wished is told in a header."""

from __future__ import annotations

import json

from support.clients.voice import SPEECH, VoiceClient
from support.servers.shop import ShopServer


async def test_a_preview_tells_its_notes(shop: ShopServer) -> None:
    client = await VoiceClient.with_balance(shop)
    text = "<speak>Hello. <é/></speak>"

    noted = await client.ask("POST", SPEECH, {"sayText": text, "voice": "Nobody"}, Origin="null")
    usual = await client.ask("POST", SPEECH, {"sayText": "Hello."})

    assert json.loads(noted.headers["x-ringbolt-notes"]) == ["voice_unknown", "ssml_ignored: é"]
    assert json.loads(usual.headers["x-ringbolt-notes"]) == []
    assert "X-Ringbolt-Notes" in noted.headers["access-control-expose-headers"]
