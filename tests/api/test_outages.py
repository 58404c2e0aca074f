"""Parts that do not answer: what a client is told, what is charged, and what is caught up with."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from ringbolt.api.l402.routes import paid_api
from ringbolt.core.errors import Unavailable
from ringbolt.settings import Settings
from ringbolt.store.engine.db import Database
from ringbolt.store.errors import OutcomeUnknown
from support.clients.l402 import PATH, L402Client, say
from support.numbers import ANSWERS, LISTENS
from support.servers.shop import SPEED, ShopServer, running_shop, settings_for
from support.servers.world import WorldServer
from support.waiting import PATIENCE_S, eventually


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    """The simulated world as a process of its own would be: it can go away."""
    (tmp_path / "world").mkdir()
    world = WorldServer(tmp_path / "world", SPEED)
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
def with_own_world(
    tmp_path: Path, speech_dir: Path, sqlite_url: str, world: WorldServer
) -> Settings:
    """Settings of a shop that uses that world."""
    return settings_for(
        tmp_path / "shop", speech_dir, database_url=sqlite_url, simulator={"url": world.url}
    )


async def node_is_seen(shop: ShopServer, is_seen: bool = True) -> None:
    async def seen() -> bool:
        [node] = [each for each in shop.opened.watchers if each.name == "node"]
        return bool(node.connected) is is_seen

    await eventually(seen)


@pytest.fixture
async def shop_without_node(
    tmp_path: Path, speech_dir: Path, sqlite_url: str
) -> AsyncIterator[ShopServer]:
    """A shop whose LND listens nowhere."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        settings = settings_for(
            tmp_path / "shop",
            speech_dir,
            database_url=sqlite_url,
            limits="on",
            lnd={"url": url, "macaroon": "00"},
        )
        async with running_shop(settings) as shop:
            yield shop


async def test_without_the_node_there_is_no_challenge_and_no_charge(
    shop_without_node: ShopServer,
) -> None:
    before = await shop_without_node.rows()
    answer = await shop_without_node.post(say(ANSWERS))
    document = answer.json()

    assert (answer.status_code, document["error_code"]) == (503, "NODE_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) == document["retry_after_seconds"] > 0
    assert answer.headers["x-error-code"] == "NODE_UNAVAILABLE"
    assert document["charged"] is False
    assert "www-authenticate" not in answer.headers
    assert await shop_without_node.rows() == before


async def test_without_the_node_a_bad_body_is_still_reported_as_such(
    shop_without_node: ShopServer,
) -> None:
    answer = await shop_without_node.post(say("12"))

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PHONE_NUMBER")


async def test_without_the_node_the_description_is_still_there(
    shop_without_node: ShopServer,
) -> None:
    assert (await shop_without_node.http.get(PATH)).status_code == 200


async def test_a_fresh_shop_that_sold_nothing_yet_is_ready(shop: ShopServer) -> None:
    assert await eventually(lambda: readiness(shop, 200))


async def test_what_was_paid_can_be_used_while_the_node_is_away(
    with_own_world: Settings, world: WorldServer
) -> None:
    async with running_shop(with_own_world) as shop:
        paid = await shop.buy_credential(say(ANSWERS))
        await world.stop()
        answer = await shop.post(say(ANSWERS), paid.authorization)
        await world.start()
        assert answer.status_code == 200

        async def over() -> bool:
            await shop.advance(2)
            return bool((await shop.status(answer.json()))["status"] == "completed")

        await eventually(over)
        assert len(await shop.calls_of(ANSWERS)) == 1


async def test_a_spent_credential_learns_of_its_order_though_the_node_is_away(
    with_own_world: Settings, world: WorldServer
) -> None:
    async with running_shop(with_own_world) as shop:
        paid, first = await shop.buy(say(ANSWERS))
        await shop.until_over(first)
        other = say(LISTENS)
        await world.stop()
        answer = await shop.post(other, paid.authorization)
        await world.start()

    assert answer.status_code == 503
    assert answer.json()["previous"]["status_url"] == first["status_url"]


async def test_readiness_says_what_does_not_answer(
    with_own_world: Settings, world: WorldServer
) -> None:
    async with running_shop(with_own_world) as shop:
        await node_is_seen(shop)
        ready = await eventually(lambda: readiness(shop, 200))
        await world.stop()
        away = await eventually(lambda: readiness(shop, 503))
        alive = await shop.http.get("/healthz")
        await world.start()
        back = await eventually(lambda: readiness(shop, 200))

    assert ready["parts"] == back["parts"] == {
        "store": True, "node": True, "holds": True, "carrier:simulated": True,
        "sms:simulated": True, "texts:simulated": True,
    }  # fmt: skip
    assert away["parts"]["node"] is False
    assert away["parts"]["store"] is True
    assert away["error_code"] == "NOT_READY"
    assert alive.json()["status"] == "ok"


async def readiness(shop: ShopServer, status: int) -> dict[str, Any] | None:
    answer = await shop.http.get("/readyz")
    document: dict[str, Any] = answer.json()
    return document if answer.status_code == status else None


async def test_a_payment_while_the_shop_is_down_is_booked_when_it_is_back(
    with_own_world: Settings, world: WorldServer
) -> None:
    async with running_shop(with_own_world) as shop:
        await node_is_seen(shop)
        challenge = (await shop.post(say(ANSWERS))).json()
    payment = await world.world.lightning.send_payment(
        world.world.lightning.wallet, challenge["invoice"]
    )
    async with running_shop(with_own_world) as shop:
        report = await shop.audit_when(lambda report: report.books.unredeemed == 50_000)
        shown = f"L402 {challenge['macaroon']}:{payment.preimage.hex()}"
        answer = await shop.post(say(ANSWERS), shown)
        await shop.until_over(answer.json())
        settled = await shop.audit()

    assert report.differences == settled.differences == []
    assert answer.status_code == 200
    assert (settled.books.received, settled.books.settled) == (50_000, 50_000)


async def test_a_payment_while_the_node_s_stream_is_broken_is_booked(
    with_own_world: Settings, world: WorldServer
) -> None:
    async with running_shop(with_own_world) as shop:
        await node_is_seen(shop)
        challenge = (await shop.post(say(LISTENS))).json()
        await world.stop()
        await node_is_seen(shop, False)
        await world.start()
        network = world.world.lightning
        await network.send_payment(network.wallet, challenge["invoice"])
        report = await shop.audit_when(lambda report: report.books.unredeemed == 50_000)

    assert report.differences == []


async def test_many_payments_while_nobody_listens_are_all_booked(
    with_own_world: Settings, world: WorldServer
) -> None:
    async with running_shop(with_own_world) as shop:
        await node_is_seen(shop)
        invoices = [(await shop.post(say(LISTENS, n=n))).json()["invoice"] for n in range(30)]
    network = world.world.lightning
    for invoice in invoices:
        await network.send_payment(network.wallet, invoice)
    async with running_shop(with_own_world) as shop:
        report = await shop.audit_when(lambda report: report.books.received == 30 * 50_000)

    assert report.differences == []


class Broken:
    """A store whose transactions fail, before or after they took effect."""

    def __init__(self, shop: ShopServer, error: Exception, takes_effect: bool) -> None:
        self._db = shop.shop.db
        self._error = error
        self._takes_effect = takes_effect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def tx(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self._takes_effect:
            await self._db.tx(fn, *args, **kwargs)
        raise self._error


async def redeem_with_a_broken_store(
    shop: ShopServer, error: Exception, takes_effect: bool
) -> tuple[httpx.Response, httpx.Response]:
    """The answer of a process of the shop whose store is broken, and then one whose store works."""
    paid = await shop.buy_credential(say(ANSWERS))
    broken = replace(shop.shop, db=cast(Database, Broken(shop, error, takes_effect)))
    api = paid_api(broken, network, lambda _status, _code: None)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url=shop.url, timeout=PATIENCE_S
    ) as http:
        first = await L402Client(shop.url, shop.world_url, http).post(
            say(ANSWERS), paid.authorization
        )
    return first, await shop.post(say(ANSWERS), paid.authorization)


async def network() -> str:
    return "regtest"


@pytest.mark.parametrize("takes_effect", [True, False])
async def test_an_unknown_outcome_is_reported_as_unknown_and_repeating_is_safe(
    shop: ShopServer, takes_effect: bool
) -> None:
    lost = OutcomeUnknown("The connection broke.")
    first, second = await redeem_with_a_broken_store(shop, lost, takes_effect)

    assert first.status_code == 503
    assert first.headers["retry-after"]
    assert first.json()["charged"] is None
    assert "same Authorization header" in first.json()["suggestion"]
    assert second.status_code == 200
    assert ("idempotent-replayed" in second.headers) is takes_effect
    await shop.until_over(second.json())
    assert len(await shop.calls_of(ANSWERS)) == 1


async def test_a_store_that_is_away_keeps_nothing_and_loses_nothing(shop: ShopServer) -> None:
    away = Unavailable("The database does not answer.", code="STORE_UNAVAILABLE")
    first, second = await redeem_with_a_broken_store(shop, away, False)

    assert (first.status_code, first.json()["error_code"]) == (503, "STORE_UNAVAILABLE")
    assert first.json()["charged"] is False
    assert "not lost" in first.json()["suggestion"]
    assert second.status_code == 200


async def test_a_fault_of_ours_is_named_as_ours_and_repeating_is_safe(shop: ShopServer) -> None:
    fault = RuntimeError("secret words of a stack")
    first, second = await redeem_with_a_broken_store(shop, fault, True)

    assert (first.status_code, first.json()["error_code"]) == (500, "INTERNAL")
    assert first.json()["charged"] is None
    assert "secret words" not in first.text
    assert second.status_code == 200
    assert second.headers["idempotent-replayed"] == "true"


async def test_a_fault_before_any_payment_charges_nothing(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("ringbolt.api.l402.call_service.check_call", fail)
    answer = await shop.http.post(PATH, json=say(ANSWERS))

    assert (answer.status_code, answer.json()["charged"]) == (500, False)
