"""Spoken texts by the paid URL: from the challenge to the audio file and the money."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from standardwebhooks import Webhook as Verifier

from api.conftest import OpenShop
from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.engine import Speech, SpeechRequest
from ringbolt.speech.speaker import LocalSpeaker
from support.servers.shop import ShopServer
from support.servers.webhooks import receiving
from support.waiting import eventually

PATH = "/api/l402/text-to-speech"
PRICE = 50
SAMPLE_RATE = 24_000
TEXT = "Your table is ready. Please come to the front desk."


def body(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"text": text, **more}


async def ready(shop: ShopServer, answer: dict[str, Any]) -> dict[str, Any]:
    return await shop.until(answer, lambda status: status["status"] == "ready")


async def fetched(shop: ShopServer, status: dict[str, Any]) -> bytes:
    answer = await shop.http.get(status["audio_url"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == status["media_type"]
    return answer.content


def samples_of(file: bytes) -> NDArray[np.float64]:
    """The decoded file, mono at the sample rate of the WAV."""
    parts = []
    with av.open(io.BytesIO(file), "r") as opened:
        resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        for frame in opened.decode(audio=0):
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
        parts += [part.to_ndarray() for part in resampler.resample(None)]
    return np.concatenate([part.reshape(-1) for part in parts]).astype(np.float64)


def likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The highest correlation of two sounds, whatever their delay."""
    size = 2 ** int(np.ceil(np.log2(len(one) + len(other))))
    crossed = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    return float(np.abs(crossed).max() / (np.linalg.norm(one) * np.linalg.norm(other)))


async def test_a_text_is_spoken_once_and_charged(any_shop: ShopServer) -> None:
    paid, answer = await any_shop.buy(body(), path=PATH)

    assert (answer["success"], answer["status"], answer["price_sats"]) == (True, "queued", PRICE)
    assert (answer["format"], answer["characters"]) == ("mp3", len(TEXT))
    status = await ready(any_shop, answer)
    assert (status["order_state"], status["charged_sats"]) == ("settled", PRICE)
    assert (status["refund"], status["retry"]) == (None, None)
    assert status["audio_url"] == answer["audio_url"]
    assert len(samples_of(await fetched(any_shop, status))) > 2 * SAMPLE_RATE
    again = await any_shop.post(body(), paid.authorization, path=PATH)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == answer
    assert await any_shop.transfers(answer) == [("payment", PRICE), ("capture", PRICE)]
    assert (await any_shop.audit()).differences == []


async def test_every_format_holds_what_was_spoken(shop: ShopServer) -> None:
    sounds = {}
    for name in ("wav", "mp3", "opus"):
        _, answer = await shop.buy(body(format=name), path=PATH)
        status = await ready(shop, answer)
        sounds[name] = samples_of(await fetched(shop, status))
        assert len(sounds[name]) / SAMPLE_RATE == pytest.approx(status["duration_seconds"], abs=0.2)

    assert likeness(sounds["wav"], sounds["mp3"]) > 0.98
    assert likeness(sounds["wav"], sounds["opus"]) > 0.9
    above = np.abs(np.fft.rfft(sounds["wav"]))[int(4000 * len(sounds["wav"]) / SAMPLE_RATE) :]
    assert np.square(above).sum() > 0, "it has more than a telephone carries"
    assert above.max() > 20


async def test_copies_at_once_are_spoken_once(any_shop: ShopServer) -> None:
    paid = await any_shop.buy_credential(body(), PATH)
    answers = await asyncio.gather(
        *(any_shop.post(body(), paid.authorization, path=PATH) for _ in range(8))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["order_id"] for answer in answers}) == 1
    await ready(any_shop, answers[0].json())
    assert (await any_shop.rows())["recording"] == 1


async def test_every_started_block_is_charged_as_the_challenge_says(shop: ShopServer) -> None:
    text = "A sentence of forty characters, repeated. " * 13
    document = (await shop.post(body(text), path=PATH)).json()

    assert (document["characters"], document["amount_sats"]) == (len(text), 2 * PRICE)
    quote = (await shop.http.get(PATH, params={"text": text})).json()["quote"]
    assert quote == {"characters": len(text), "amount_sats": 2 * PRICE}
    params = {"service": "speech", "message": text}
    estimate = (await shop.http.get("/api/estimate-cost", params=params)).json()
    assert estimate["amount_sats"] == 2 * PRICE


async def test_what_cannot_be_spoken_is_paid_back(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: LocalSpeaker, request: SpeechRequest) -> Speech:
        raise SpeechFailed("No voice could speak the text.")

    monkeypatch.setattr(LocalSpeaker, "speak", fails)
    paid, answer = await shop.buy(body(), path=PATH)
    status = await shop.until(answer, lambda status: status["status"] == "failed")
    assert (status["charged_sats"], status["audio_url"]) == (0, None)
    assert status["refund"]["refund_amount"] == PRICE
    assert "No voice could speak the text." in status["reason"]
    assert (await shop.http.get(answer["audio_url"])).status_code == 404

    monkeypatch.undo()
    again = await shop.post(body(), paid.authorization, path=PATH)
    assert again.status_code == 200
    assert (await ready(shop, again.json()))["charged_sats"] == PRICE


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"text": ""}, "MISSING_FIELD"),
        ({"text": "x" * 3001}, "MESSAGE_TOO_LONG"),
        ({"text": "…!?"}, "MESSAGE_NOT_SPEAKABLE"),
        ({"text": "Hello", "voice": "Nobody"}, "UNKNOWN_VOICE"),
        ({"text": "Hello", "language": "xx-nowhere"}, "UNKNOWN_LANGUAGE"),
        ({"text": "<speak>Hello"}, "SSML_INVALID"),
    ],
)
async def test_what_is_not_spoken_is_refused_before_the_invoice(
    shop: ShopServer, wrong: dict[str, Any], code: str
) -> None:
    answer = await shop.post(wrong, path=PATH)

    assert answer.status_code == 400
    assert answer.json()["error_code"] == code
    assert "invoice" not in answer.json()


async def test_another_format_is_refused(shop: ShopServer) -> None:
    answer = await shop.post(body(format="flac"), path=PATH)

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_CHOICE"
    assert "format must be one of mp3, opus, wav" in answer.json()["error"]


async def test_it_is_no_more_than_other_addresses_know(shop: ShopServer) -> None:
    """Tokens of other orders, and made-up ones, open nothing."""
    _, text = await shop.buy(
        {"phone_number": "+12025550130", "message": "Hello"}, path="/api/l402/send-sms"
    )
    token = text["status_url"].rpartition("/")[2]
    for address in (f"/api/l402/speech/{token}", f"/api/l402/speech/{token}/audio.mp3"):
        assert (await shop.http.get(address)).status_code == 404
    assert (await shop.http.get(f"/api/l402/speech/{'0' * 32}/audio.mp3")).status_code == 404


async def test_the_file_is_kept_by_caches_and_asked_about(shop: ShopServer) -> None:
    _, answer = await shop.buy(body(), path=PATH)
    status = await ready(shop, answer)
    first = await shop.http.get(status["audio_url"])
    again = await shop.http.get(
        status["audio_url"], headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_every_change_is_told_and_signed(open_shop: OpenShop) -> None:
    async with receiving() as receiver:
        origin = receiver.url.removesuffix("/hook")
        shop = await open_shop(fetch={"allow_origins": origin})
        _, answer = await shop.buy(body(callback_url=receiver.url), path=PATH)

        async def told() -> bool:
            return any(hook.json["status"] == "ready" for hook in receiver.hooks)

        await eventually(told)
    assert {hook.json["order_id"] for hook in receiver.hooks} == {answer["order_id"]}
    verifier = Verifier(answer["webhook_secret"])
    for hook in receiver.hooks:
        verifier.verify(hook.body, hook.headers)
