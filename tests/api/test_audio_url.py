"""Calls that play a stranger's file: looked at before the challenge, fetched after payment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy
import pytest
from aiohttp import web

from api.conftest import OpenShop
from ringbolt.voice.audio.decoder import AudioDecoder, busy
from ringbolt.voice.audio.wav import read_wav
from support.audio_files import RECIPES, encode, tone, wav
from support.clients.l402 import play
from support.numbers import BUSY, LISTENS
from support.servers.shop import ShopServer
from support.servers.sites import Answer, Site, body, raw_site, redirect, site
from support.waiting import PATIENCE_S, eventually

SOUND = wav(tone(8000, 3.0))
HTML = b"<!doctype html><title>Not found</title>"
NO_LINGER = {"linger_s": 0}


class Stranger:
    """A web server whose answer may change between two requests."""

    def __init__(self) -> None:
        self.answer: Answer = body(SOUND, Content_Type="audio/wav")
        self.site: Site

    @property
    def url(self) -> str:
        return f"{self.site.origin}/message.wav"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self.answer(request)


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    one = Stranger()
    async with site(one.handle) as served:
        one.site = served
        yield one


@pytest.fixture
async def shop(open_shop: OpenShop, stranger: Stranger) -> ShopServer:
    """A shop that may fetch from that stranger, though it is on loopback."""
    return await open_shop(
        fetch={"allow_origins": stranger.site.origin, "timeout_s": 30.0, "probe_timeout_s": 30.0},
        calls=NO_LINGER,
    )


class BusyAtFirst:
    """A decoder without a free slot for the first probe and the first decode."""

    def __init__(self, decoder: AudioDecoder) -> None:
        self._decoder = decoder
        self.refused: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name not in self.refused:
            self.refused.add(name)
            raise busy()
        return getattr(self._decoder, name)


async def heard(shop: ShopServer, number: str = LISTENS) -> numpy.ndarray[Any, Any]:
    call = (await shop.calls_of(number))[-1]
    answer = await shop.http.get(f"/simulator/calls/{call['id']}/audio.wav")
    return numpy.frombuffer(read_wav(answer.content).pcm, "<i2").astype(float)


def likeness(one: numpy.ndarray[Any, Any], other: numpy.ndarray[Any, Any]) -> float:
    """The greatest correlation of the two over all shifts: 1 for the same sound."""
    size = len(one) + len(other)
    product = numpy.fft.irfft(numpy.fft.rfft(one, size) * numpy.conj(numpy.fft.rfft(other, size)))
    return float(product.max() / numpy.sqrt((one @ one) * (other @ other)))


async def test_the_phone_hears_the_file(shop: ShopServer, stranger: Stranger) -> None:
    _, answer = await shop.buy(play(stranger.url, LISTENS))
    status = await shop.until_over(answer)
    sound = numpy.frombuffer(tone(8000, 3.0), "<i2").astype(float)

    assert status["status"] == "completed"
    assert status["heard_seconds"] == 3.0
    assert likeness(await heard(shop), sound) > 0.95


async def test_an_mp3_is_played_too(shop: ShopServer, stranger: Stranger, tmp_path: Any) -> None:
    mp3 = encode(RECIPES[0], tmp_path, tone(16000, 2.0)).read_bytes()
    stranger.answer = body(mp3, Content_Type="audio/mpeg")
    _, answer = await shop.buy(play(stranger.url, LISTENS))

    assert (await shop.until_over(answer))["heard_seconds"] == pytest.approx(2.0, abs=0.1)
    sound = numpy.frombuffer(tone(8000, 2.0), "<i2").astype(float)
    assert likeness(await heard(shop), sound) > 0.9


async def test_channels_in_opposite_phase_are_heard(shop: ShopServer, stranger: Stranger) -> None:
    sound = numpy.frombuffer(tone(8000, 2.0), "<i2")
    both = numpy.stack([sound, -sound], axis=1).tobytes()
    stranger.answer = body(wav(both, channels=2), Content_Type="audio/wav")
    _, answer = await shop.buy(play(stranger.url, LISTENS))
    status = await shop.until_over(answer)

    assert (status["status"], status["heard_seconds"]) == ("completed", 2.0)
    assert likeness(await heard(shop), sound.astype(float)) > 0.95


async def test_silence_that_is_found_after_payment_is_not_charged(
    shop: ShopServer, stranger: Stranger
) -> None:
    """Longer than what is listened to before."""
    stranger.answer = body(wav(bytes(16_000 * 30)))
    wish = play(stranger.url, LISTENS)
    paid = await shop.buy_credential(wish)
    answer = await shop.post(wish, paid.authorization)
    document = answer.json()

    assert (answer.status_code, document["error_code"]) == (422, "AUDIO_SILENT")
    assert (document["charged"], document["refund"]["refund_amount"]) == (False, 50)
    assert await shop.calls_of(LISTENS) == []


async def test_it_is_cut_a_second_before_the_minutes_that_were_paid_are_over(
    shop: ShopServer, stranger: Stranger
) -> None:
    stranger.answer = body(wav(tone(8000, 70.0)))
    _, answer = await shop.buy(play(stranger.url, LISTENS, minutes=1))

    assert (await shop.until_over(answer))["heard_seconds"] == 59.0


async def test_two_and_a_half_minutes_are_charged_as_three(
    shop: ShopServer, stranger: Stranger
) -> None:
    wish = play(stranger.url, LISTENS, minutes=2.5)
    paid, answer = await shop.buy(wish)
    status = await shop.until_over(answer)

    assert paid.document["amount_sats"] == status["price_sats"] == 150
    assert status["minutes"] == 3
    assert await shop.transfers(answer) == [("payment", 150), ("capture", 150)]


BEFORE: dict[str, tuple[Answer, str]] = {
    "HTML": (body(HTML, Content_Type="text/html"), "AUDIO_NOT_AUDIO"),
    "HTML that calls itself audio": (body(HTML, Content_Type="audio/mpeg"), "AUDIO_NOT_AUDIO"),
    "nothing": (body(b""), "AUDIO_EMPTY"),
    "silence": (body(wav(bytes(32_000))), "AUDIO_SILENT"),
    "noise by a false header": (
        body(wav(numpy.frombuffer(SOUND[44:], "<i2").byteswap().tobytes())),
        "AUDIO_NOISE",
    ),
    "404": (body(HTML, 404), "AUDIO_FETCH_FAILED"),
    "500": (body(HTML, 500), "AUDIO_FETCH_FAILED"),
    "a redirect to a private address": (redirect("http://10.0.0.1/a.mp3"), "AUDIO_URL_PRIVATE"),
    "a redirect to the shop": (redirect("http://localhost/a.mp3"), "AUDIO_URL_PRIVATE"),
    "a redirect to a file": (redirect("file:///etc/passwd"), "INVALID_AUDIO_URL"),
}


@pytest.mark.parametrize(("served", "code"), BEFORE.values(), ids=BEFORE.keys())
async def test_what_cannot_be_played_is_refused_before_payment(
    shop: ShopServer, stranger: Stranger, served: Answer, code: str
) -> None:
    stranger.answer = served
    answer = await shop.post(play(stranger.url))
    document = answer.json()

    assert (answer.status_code, document["field"]) == (422, "audio_url"), document
    assert document["error_code"] == answer.headers["x-error-code"]
    assert document["charged"] is False
    assert "audio_url" in document["example"]
    assert "invoice" not in document
    assert "www-authenticate" not in answer.headers
    assert document["error_code"] == code
    to_listen = document["suggestion"].startswith("Listen to the file")
    assert to_listen == (code in {"AUDIO_SILENT", "AUDIO_NOISE"})


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3/a.mp3",
        "http://127.0.0.1:1/a.mp3",
        "http://localhost/a.mp3",
        "http://[::1]/a.mp3",
        "http://[::ffff:10.0.0.1]/a.mp3",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/a.mp3",
        "http://0x7f.1/a.mp3",
        "http://user@127.0.0.1/a.mp3",
    ],
)
async def test_private_addresses_are_never_fetched(shop: ShopServer, url: str) -> None:
    answer = await shop.post(play(url))

    assert answer.status_code in (400, 422)
    assert "invoice" not in answer.json()


async def test_a_file_without_end_is_played_from_its_beginning_or_refused(
    open_shop: OpenShop,
) -> None:
    """Its beginning is audio, so that it passes the probe; it is not read for ever."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n" + SOUND
    async with raw_site(reply, drip=bytes(16_000)) as origin:
        shop = await open_shop(
            fetch={"allow_origins": origin, "timeout_s": 1.0, "max_bytes": 1_000_000}
        )
        wish = play(f"{origin}/stream.wav", LISTENS)
        asked = await shop.post(wish)
        if asked.status_code == 402:
            preimage = await shop.pay(asked.json()["invoice"])
            answer = await shop.post(wish, f"L402 {asked.json()['macaroon']}:{preimage}")
            assert (answer.status_code, answer.json()["refund"]["status"]) == (422, "pending")
        else:
            assert asked.status_code == 422
        assert await shop.calls_of(LISTENS) == []


async def test_a_file_that_never_comes_is_refused_in_time(open_shop: OpenShop) -> None:
    async with raw_site(b"") as origin:
        shop = await open_shop(fetch={"allow_origins": origin, "probe_timeout_s": 0.3})
        answer = await asyncio.wait_for(shop.post(play(f"{origin}/a.mp3")), PATIENCE_S)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "AUDIO_FETCH_TIMEOUT")


AFTER: dict[str, Answer] = {
    "it is gone": body(HTML, 404),
    "it is a page now": body(HTML, Content_Type="text/html"),
    "its server broke": body(HTML, 500),
    "it leads inside now": redirect("http://10.0.0.1/a.mp3"),
}


@pytest.mark.parametrize("served", AFTER.values(), ids=AFTER.keys())
async def test_a_file_that_changed_after_payment_is_reported_with_its_refund(
    shop: ShopServer, stranger: Stranger, served: Answer
) -> None:
    wish = play(stranger.url, LISTENS)
    paid = await shop.buy_credential(wish)
    stranger.answer = served
    answer = await shop.post(wish, paid.authorization)
    document = answer.json()

    assert answer.status_code == 422
    assert answer.headers["x-error-code"] == document["error_code"]
    assert document["error_code"].startswith("AUDIO_")
    assert document["charged"] is False
    assert document["refund"]["status"] == "pending"
    assert document["refund"]["refund_amount"] == 50
    assert document["refund"]["lnurl_withdraw"].startswith("LNURL1")
    assert await shop.calls_of(LISTENS) == []
    assert await shop.attempts({"call_id": document["refund"]["charge_id"]}) == []
    status = await shop.status(document)
    assert (status["order_state"], status["status"]) == ("failed", "failed")
    report = await shop.audit()
    assert (report.differences, report.owed_msat) == ([], 50_000)


async def test_a_mended_file_is_played_for_the_same_payment(
    shop: ShopServer, stranger: Stranger
) -> None:
    wish = play(stranger.url, LISTENS)
    paid = await shop.buy_credential(wish)
    good, stranger.answer = stranger.answer, body(HTML, 404)
    failed = await shop.post(wish, paid.authorization, Idempotency_Key="one")
    stranger.answer = good
    again = await shop.post(wish, paid.authorization, Idempotency_Key="one")

    assert (failed.status_code, again.status_code) == (422, 200)
    assert (await shop.until_over(again.json()))["heard_seconds"] == 3.0
    assert await shop.transfers(again.json()) == [("payment", 50), ("capture", 50)]


async def test_a_refund_from_the_422_can_be_claimed(shop: ShopServer, stranger: Stranger) -> None:
    before = await shop.wallet_sats()
    wish = play(stranger.url, LISTENS)
    paid = await shop.buy_credential(wish)
    stranger.answer = body(HTML, 404)
    refund = (await shop.post(wish, paid.authorization)).json()["refund"]
    offer = (await shop.http.get(refund["withdraw_url"])).json()
    invoice = await shop.wallet_invoice(offer["maxWithdrawable"] // 1000)
    reported = await shop.http.get(offer["callback"], params={"k1": offer["k1"], "pr": invoice})
    assert reported.json() == {"status": "OK"}

    async def arrived() -> bool:
        return await shop.wallet_sats() == before

    await eventually(arrived)


async def test_a_late_credential_learns_of_its_refund_though_the_file_is_gone(
    shop: ShopServer, stranger: Stranger
) -> None:
    wish = play(stranger.url, LISTENS)
    paid = await shop.buy_credential(wish)
    stranger.answer = body(HTML, 404)
    await shop.advance(86_401)
    shop.shop.audio._answers.clear()  # type: ignore[attr-defined]  # the probe's memory
    answer = await shop.post(wish, paid.authorization)

    assert answer.status_code == 422
    status = await shop.status(answer.json()["previous"])
    assert status["refund"]["status"] == "pending"


async def test_a_busy_phone_is_reported_by_the_status_not_by_a_422(
    shop: ShopServer, stranger: Stranger
) -> None:
    _, answer = await shop.buy(play(stranger.url, BUSY))
    status = await shop.until_over(answer)

    assert answer["status"] == "queued"
    assert (status["status"], status["charged_sats"]) == ("busy", 0)


async def test_the_file_is_fetched_once_a_call_and_not_for_every_challenge(
    shop: ShopServer, stranger: Stranger
) -> None:
    for _ in range(5):
        await shop.post(play(stranger.url, LISTENS))
    probes = len(stranger.site.requests)
    _, answer = await shop.buy(play(stranger.url, LISTENS))
    await shop.until_over(answer)

    assert probes == 1
    assert len(stranger.site.requests) == 2


async def test_a_busy_decoder_is_said_before_the_challenge_and_awaited_after_it(
    shop: ShopServer, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is charged for the refusal, and a call that is paid waits for its turn."""
    audio: Any = shop.shop.audio
    busy_once = BusyAtFirst(audio._decoder)
    monkeypatch.setattr(audio, "_decoder", busy_once)
    refused = await shop.post(play(stranger.url, LISTENS))
    _, answer = await shop.buy(play(stranger.url, LISTENS))
    status = await shop.until_over(answer)

    assert (refused.status_code, refused.json()["error_code"]) == (503, "AUDIO_BUSY")
    assert refused.headers["retry-after"] == "5"
    assert refused.json()["charged"] is False
    assert busy_once.refused == {"probe", "decode"}
    assert (status["status"], status["order_state"]) == ("completed", "settled")
