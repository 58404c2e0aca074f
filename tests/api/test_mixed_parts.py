"""Shops of which some parts are simulated, and some are not: what each may and may not do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.routing import Route

from api.conftest import OpenShop
from ringbolt.api.operator.routes import operator_token
from ringbolt.app.part_limits import spend_scope
from ringbolt.bootstrap.shop import _world_routes
from ringbolt.core.calls.call import CallEvent, CallStatus
from ringbolt.settings import Settings, SettingsError
from ringbolt.store import attempts, orders, spends
from support.clients.l402 import Paid, say
from support.clients.orders import GERMANY, USA, OrderClient
from support.clients.voice import VoiceClient
from support.numbers import ANSWERS, PLAIN
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import eventually

PLUGINS = Path(__file__).parents[1] / "plugins"
LONDON = "+442079460123"
PLAY_MONEY = (
    ("POST", "/simulator/keys"),
    ("GET", "/simulator/wallet/v1/getinfo"),
    ("GET", "/simulator/node/v1/getinfo"),
    ("GET", "/simulator/clock"),
    ("POST", "/simulator/clock/advance"),
    ("GET", "/simulator/addresses/bob@wallet.example"),
)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Types of the plug-in can be configured."""
    monkeypatch.syspath_prepend(str(PLUGINS))


@pytest.fixture
async def elsewhere(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    """Another shop, whose node and wallet are a stranger's to ours: as real as any LND."""
    async with running_shop(settings_for(tmp_path / "elsewhere", speech_dir)) as running:
        yield running


def node_at(other: ShopServer) -> dict[str, str]:
    return {"type": "lnd", "url": f"{other.url}/simulator/node", "macaroon": "00"}


async def buy(shop: ShopServer, wallet: ShopServer, body: dict[str, Any]) -> dict[str, Any]:
    """A call bought at ``shop`` and paid by another's ``wallet``; the answer's document."""
    asked = await shop.post(body)
    assert asked.status_code == 402, asked.text
    challenge = asked.json()
    preimage = await wallet.pay(challenge["invoice"])
    paid = Paid(challenge, preimage, f"L402 {challenge['macaroon']}:{preimage}")
    answer = await shop.post(body, paid.authorization)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def statuses(shop: ShopServer, asked: tuple[tuple[str, str], ...]) -> set[int]:
    return {(await shop.http.request(method, path, json={})).status_code for method, path in asked}


async def test_beside_a_real_node_there_is_no_play_money(
    open_shop: OpenShop, elsewhere: ShopServer
) -> None:
    shop = await open_shop(node=node_at(elsewhere))

    assert await statuses(shop, PLAY_MONEY) == {404}
    assert 404 not in await statuses(elsewhere, PLAY_MONEY)
    assert shop.shop.addresses is None
    # The carriers are simulated still: their phones are there, and their scripted numbers.
    token = {"Authorization": f"Bearer {operator_token(shop.shop.keyring)}"}
    assert (await shop.http.get(f"/simulator/phones/{PLAIN}", headers=token)).status_code == 200
    answer = await buy(shop, elsewhere, say(ANSWERS))
    assert (await shop.until_over(answer))["status"] == "completed"
    [attempt] = await shop.attempts(answer)
    order_node = await shop.shop.db.read(_node_of, answer["call_id"])
    assert (attempt.carrier, order_node) == ("simulated", "lnd")


async def test_beside_a_real_node_only_the_operator_steers_what_is_simulated(
    open_shop: OpenShop, elsewhere: ShopServer
) -> None:
    """Otherwise anyone could send the code that another's order waits for, or hang up a call."""
    shop = await open_shop(node=node_at(elsewhere))
    world = shop.opened.world
    assert world is not None
    paths = [
        (method, re.sub(r"{number}", PLAIN, re.sub(r"{\w+:int}", "1", route.path)))
        for route in _world_routes(world, shop.shop.settings, "a token")
        if isinstance(route, Route)
        for method in (route.methods or ())
    ]

    # What speaks a provider's protocol says so in its words, with any status.
    own = {path for path in paths if not path[1].startswith("/stubs/")}
    assert len(own) > 20
    assert await statuses(shop, tuple(own)) == {401}
    for _, path in set(paths) - own:
        answer = await shop.http.get(path, params={"action": "getBalance", "api_key": "guessed"})
        assert "BAD_KEY" in answer.text


async def test_an_open_world_apart_is_refused_beside_a_real_node(
    tmp_path: Path, speech_dir: Path
) -> None:
    node = {"type": "lnd", "url": "https://127.0.0.1:1", "macaroon": "00"}
    world = {"url": "http://127.0.0.1:1"}
    settings = settings_for(tmp_path / "shop", speech_dir, node=node, simulator=world)

    with pytest.raises(SettingsError, match="RINGBOLT_SIMULATOR_TOKEN"):
        async with running_shop(settings):
            pass


def _node_of(tx: Any, order_id: str) -> str:
    found = orders.by_id(tx, order_id)
    assert found is not None
    return found.node


async def test_beside_a_real_node_the_time_is_nobodys_to_choose(
    open_shop: OpenShop, elsewhere: ShopServer, tmp_path: Path, speech_dir: Path
) -> None:
    data_dir = tmp_path / "world"
    async with running_shop(settings_for(data_dir, speech_dir)) as played:
        await played.advance(86_400)

    settings = settings_for(data_dir, speech_dir, node=node_at(elsewhere))
    async with running_shop(settings) as shop:
        assert shop.opened.world is not None
        assert shop.opened.world.clock.offset_ms == 0
        assert abs(shop.shop.clock.now_ms() - shop.opened.world.clock.now_ms()) < 60_000


@pytest.mark.parametrize(
    ("section", "option", "path"),
    [
        ("calls", "carriers", "/simulator/carrier/calls/x"),
        ("sms", "carriers", "/simulator/sms-carrier/messages/x"),
        ("numbers", "providers", "/simulator/lender/offers?country=187"),
        ("mail", "servers", "/simulator/mailbox/bob@example.com"),
    ],
)
async def test_a_kind_that_is_left_out_has_no_routes_in_the_world(
    open_shop: OpenShop, section: str, option: str, path: str
) -> None:
    shop = await open_shop(**{section: {option: []}})

    gone = await shop.http.get(path)
    there = await shop.http.get(f"/simulator/phones/{PLAIN}")

    assert (gone.status_code, there.status_code) == (404, 200)


async def test_what_no_part_carries_is_refused_before_anybody_pays(open_shop: OpenShop) -> None:
    nobody: dict[str, list[Any]] = {"carriers": []}
    shop = await open_shop(
        calls=nobody, sms=nobody, numbers={"providers": []}, mail={"servers": []}
    )
    client = OrderClient(shop)

    call = await shop.post(say(PLAIN))
    scripted = await shop.post(say(ANSWERS))
    quote = await shop.http.get("/api/l402/place-call", params={"phone_number": PLAIN})
    bought = [
        await client.post("/createsendorder", {"phone": PLAIN, "message": "Hello"}),
        await client.post("/createorder", {"country": USA, "service": "tg"}),
        await client.post("/createemailsendorder", {"address": "a@b.example", "message": "Hello"}),
    ]

    voice = await VoiceClient.with_balance(shop)
    by_balance = await voice.ask("POST", "/voice/v1/calls", {"to": PLAIN, "text": "Hello"})

    assert (call.status_code, call.json()["error_code"]) == (422, "NO_CARRIER")
    assert by_balance.status_code == 422, by_balance.text
    assert "NO_CARRIER" in by_balance.text
    assert await voice.balance() > 0
    assert (scripted.status_code, scripted.json()["error_code"]) == (422, "TEST_NUMBER")
    assert quote.json()["error_code"] == "NO_CARRIER"
    assert [(answer.status_code, answer.json().get("error_code")) for answer in bought] == [
        (422, "NO_CARRIER")
    ] * 3, [answer.text for answer in bought]
    assert (await client.get("/getCountries"), await client.get("/getServices", country=USA)) == (
        [], [],
    )  # fmt: skip


async def test_sales_close_while_every_part_has_cost_its_share_of_the_day(
    open_shop: OpenShop,
) -> None:
    limited = {"type": "simulated", "daily_spend": 50}
    shop = await open_shop(
        calls={"carriers": [limited]}, sms={"carriers": [limited, {**limited, "name": "other"}]}
    )
    client = OrderClient(shop)
    scopes = [spend_scope(*place) for place in (("calls", "simulated"), ("sms", "simulated"))]
    await shop.shop.db.tx(spends.add, scopes, 50_000, "ab12")

    call = await shop.post(say(PLAIN))
    text = await client.post("/createsendorder", {"phone": PLAIN, "message": "Hello"})
    await shop.shop.db.tx(spends.add, [spend_scope("sms", "other")], 50_000, "ab12")
    late = await client.post("/createsendorder", {"phone": PLAIN, "message": "Hello"})

    assert (call.status_code, call.json()["error_code"]) == (422, "NO_CARRIER")
    assert "today" in call.json()["detail"]
    assert text.status_code < 300, text.text
    assert (late.status_code, late.json()["error_code"]) == (422, "NO_CARRIER")


async def test_sales_close_when_one_more_would_cost_too_much_by_the_card(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    card = tmp_path / "card.csv"
    card.write_text("prefix,cost,currency\n,3,SAT\n")
    limited = {"type": "simulated", "daily_spend": 50, "cost_card": str(card)}
    shop = await open_shop(mail={"servers": [limited]})
    client, scope = OrderClient(shop), spend_scope("mail", "simulated")
    mail = {"address": "ann@wallet.example", "message": "Hello"}

    await shop.shop.db.tx(spends.add, [scope], 47_000, "ab12")
    last = await client.post("/createemailsendorder", mail)
    await shop.shop.db.tx(spends.add, [scope], 1_000, "ab12")
    late = await client.post("/createemailsendorder", mail)

    assert last.status_code < 300, last.text
    assert (late.status_code, late.json()["error_code"]) == (422, "NO_CARRIER")


async def test_providers_are_listed_together_and_each_leases_in_its_countries(
    open_shop: OpenShop,
) -> None:
    providers = [
        {"type": "simulated", "name": "near", "countries": ["USA"]},
        {"type": "simulated", "name": "far", "countries": ["Germany"]},
    ]
    shop = await open_shop(numbers={"providers": providers})
    client = OrderClient(shop)

    countries = [item["cc"] for item in await client.get("/getCountries")]
    assert countries == sorted({USA, GERMANY})
    assert await client.get("/getServices", country=GERMANY) != []
    assert await client.get("/getServices", country=16) == []
    refused = await client.post("/createorder", {"country": 16, "service": "tg"})
    assert refused.json()["error_code"] == "NO_CARRIER"
    order_id, _ = await client.buy("/createorder", {"country": GERMANY, "service": "sim-code"})
    await client.until(order_id, lambda status: "number" in status)
    [attempt] = await shop.shop.db.read(_attempts, order_id)
    assert attempt == "far"


def _attempts(tx: Any, order_id: str) -> list[str]:
    return [each.carrier for each in attempts.of_order(tx, order_id)]


async def test_a_carrier_is_called_back_and_fetches_what_it_plays(
    open_shop: OpenShop, plugged: None
) -> None:
    far = {"type": "pushing", "name": "far", "prefixes": ["+44"]}
    shop = await open_shop(calls={"carriers": [{"type": "simulated"}, far]})
    carrier: Any = shop.shop.carriers.named("far")
    _, answer = await shop.buy(say(LONDON))
    await eventually(lambda: _has(carrier.placed))
    [call], [audio] = carrier.placed, carrier.plays

    heard = await shop.http.get(audio)
    event = CallEvent(call.ref, 1, 1, CallStatus.RINGING)
    for n, status in enumerate((CallStatus.IN_PROGRESS, CallStatus.COMPLETED), 1):
        reported = await _tell(shop, carrier, replace(event, seq=n, status=status))
        assert reported.status_code == 204
    strangers = await shop.http.post("/callbacks/voice/far/0000/events", content=b"{}")

    assert (heard.status_code, heard.content[:4]) == (200, b"RIFF")
    assert (await shop.until_over(answer))["order_state"] == "settled"
    assert strangers.status_code == 404
    assert await shop.calls_of(LONDON) == []


async def _tell(shop: ShopServer, carrier: Any, event: CallEvent) -> httpx.Response:
    return await shop.http.post(carrier.called_at, content=msgspec.json.encode(event))


async def _has(found: list[Any]) -> bool:
    return bool(found)


async def test_a_part_that_cannot_be_made_is_named(tmp_path: Path, speech_dir: Path) -> None:
    settings = settings_for(
        tmp_path / "shop", speech_dir, node={"type": "lnd", "url": "https://127.0.0.1:1"}
    )

    with pytest.raises(SettingsError, match=r"^node \(lnd\): .*MACAROON"):
        async with running_shop(settings):
            pass


def test_settings_know_what_is_simulated() -> None:
    settings = Settings(node={"type": "lnd", "url": "https://127.0.0.1:1"})

    assert settings.uses_world
    assert [part.simulated for part in settings.parts] == [False, True, True, True, True]
