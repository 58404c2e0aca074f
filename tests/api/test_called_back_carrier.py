"""A plugged carrier that is called back by HTTP and fetches what it plays, in a running shop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ringbolt.bootstrap import open_shop as open_parts
from ringbolt.core.errors import Unavailable
from ringbolt.voice.audio.wav import read_wav
from support.servers.exchange import TOKEN, Asked, Exchange, lives, running_exchange
from support.servers.shop import ShopServer, settings_for
from support.waiting import eventually, until

OpenShop = Callable[..., Awaitable[ShopServer]]

PLUGINS = Path(__file__).parents[1] / "plugins"
LONDON = "+442079460123"
ORDER = {"phone_number": LONDON, "message": "Hello."}


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Exchange]:
    monkeypatch.syspath_prepend(str(PLUGINS))
    async with running_exchange() as running:
        yield running


def carriers(exchange: Exchange) -> dict[str, Any]:
    trunk = {"type": "called-back", "name": "trunk", "url": exchange.url, "token": TOKEN}
    return {
        "calls": {"carriers": [{"type": "simulated"}, {**trunk, "prefixes": ["+44"]}]},
        "speech": {"type": "memory"},
    }


@pytest.fixture
async def shop(open_shop: OpenShop, exchange: Exchange) -> ShopServer:
    return await open_shop(**carriers(exchange))


async def call_of(exchange: Exchange) -> Asked:
    await until(lambda: exchange.asked)
    [call] = exchange.asked.values()
    return call


async def test_a_call_is_placed_heard_and_charged(shop: ShopServer, exchange: Exchange) -> None:
    _, document = await shop.buy(ORDER)

    status = await shop.until_over(document)

    assert status["status"] == "completed"
    call = await call_of(exchange)
    assert call.to == LONDON
    [(kind, wav)] = call.heard
    assert kind == "audio/wav"
    assert read_wav(wav).duration_ms == 1000  # the memory speaker's second of silence
    assert [attempt.carrier for attempt in await shop.attempts(document)] == ["trunk"]
    await until(lambda: exchange.answers == [(1, 204), (2, 204), (3, 204), (4, 204)])
    assert await shop.balance_sats("revenue") > 0
    assert (await shop.audit()).agrees


async def test_no_callback_is_answered_before_it_is_committed(
    shop: ShopServer, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()
    commit = shop.shop.db.tx
    answered: list[tuple[int, int]] = []

    async def held(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if fn.__name__ == "_apply":
            waiting.set()
            await go_on.wait()
        return await commit(fn, *args, **kwargs)

    async def look(ref: str, n: int, status: int) -> None:
        """What is written down by the time that the exchange hears an answer."""
        [attempt] = await shop.attempts(document)
        answered.append((n, attempt.last_seq))

    monkeypatch.setattr(shop.shop.db, "tx", held)
    exchange.on_answer = look
    _, document = await shop.buy(ORDER)
    await waiting.wait()
    assert exchange.answers == []
    go_on.set()

    await shop.until_over(document)

    await until(lambda: len(answered) == 4)
    assert all(written >= reported for reported, written in answered)


async def test_what_cannot_be_committed_is_reported_again(
    shop: ShopServer, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = shop.shop.db.tx
    faults = iter(range(2))

    async def failing(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if fn.__name__ == "_apply" and next(faults, None) is not None:
            raise Unavailable("the disk is full")
        return await commit(fn, *args, **kwargs)

    monkeypatch.setattr(shop.shop.db, "tx", failing)
    _, document = await shop.buy(ORDER)

    await shop.until_over(document)

    await until(lambda: (4, 204) in exchange.answers)
    assert exchange.answers[:3] == [(1, 503), (1, 503), (1, 204)]
    assert (await shop.audit()).agrees


async def test_a_callback_that_comes_twice_changes_nothing(
    shop: ShopServer, exchange: Exchange
) -> None:
    _, document = await shop.buy(ORDER)
    await shop.until_over(document)
    before = await shop.status(document)
    call = await call_of(exchange)

    for n in (1, 4, 2):
        assert await exchange.tell(call, n) == 204

    assert await shop.status(document) == before
    assert (await shop.audit()).agrees


async def test_strangers_tell_nothing(shop: ShopServer, exchange: Exchange) -> None:
    exchange.life = lives()
    _, document = await shop.buy(ORDER)
    call = await call_of(exchange)
    base, _, ref = call.callback.rpartition("/")
    body = {"CallStatus": "completed", "SequenceNumber": "0", "Timestamp": "1"}
    for url, status in (
        (call.callback, 403),  # without a signature
        (f"{shop.url}/callbacks/voice/trunk/{'0' * 64}/status/{ref}", 404),
        (f"{shop.url}/callbacks/voice/trunk/status/{ref}", 404),
        (f"{base}/elsewhere/{ref}", 404),
    ):
        assert (await shop.http.post(url, data=body)).status_code == status
    assert (await shop.http.post(call.callback, content=b"x" * 3000)).status_code == 413
    assert (await shop.http.get(call.callback)).status_code == 405
    assert (await shop.status(document))["status"] not in ("in-progress", "completed")


async def test_audio_is_served_as_long_as_its_url_says(
    shop: ShopServer, exchange: Exchange
) -> None:
    _, document = await shop.buy(ORDER)
    await shop.until_over(document)
    [url] = (await call_of(exchange)).play
    path = urlsplit(url).path
    assert (await shop.http.get(url)).content == (await call_of(exchange)).heard[0][1]
    assert (await shop.http.get(f"{path[:-6]}AA.wav")).status_code == 404

    await shop.advance(601)

    assert (await shop.http.get(url)).status_code == 410


async def test_events_that_were_lost_are_asked_for(
    shop: ShopServer, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = exchange.tell

    async def loses_one(call: Asked, n: int) -> int:
        return 204 if n == 2 else await tell(call, n)

    monkeypatch.setattr(exchange, "tell", loses_one)
    _, document = await shop.buy(ORDER)

    await shop.until_over(document)

    async def heard() -> int:
        [attempt] = await shop.attempts(document)
        return attempt.last_seq if attempt.last_seq > 3 else 0

    assert await eventually(heard) == 4


async def test_a_shop_without_worker_commits_what_it_is_called_back_about(
    exchange: Exchange, tmp_path: Path, speech_dir: Path
) -> None:
    settings = settings_for(tmp_path / "shop", speech_dir, **carriers(exchange))
    async with open_parts(settings, "http://127.0.0.1:8402", with_worker=False) as opened:
        assert [watcher.name for watcher in opened.watchers] == ["carrier:trunk"]
