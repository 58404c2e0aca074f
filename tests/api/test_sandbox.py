"""A sandbox for strangers: they buy with play money, and cannot break it for one another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringbolt.bootstrap.sandbox import clear_sounds, refuse_unfit
from ringbolt.settings import Settings, SettingsError
from support.clients.l402 import say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import eventually

SATS = 200
PRICE = 50
WALLET = "/simulator/wallet"


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    sandbox = {"open": True, "sats_per_day": SATS, "requests_per_minute": 20}
    options: dict[str, Any] = {"limits": "on", "sandbox": sandbox}
    async with running_shop(settings_for(tmp_path / "shop", speech_dir, **options)) as running:
        yield running


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def invoice(shop: ShopServer, n: int = 0) -> str:
    document = (await shop.post(say(ANSWERS, n=n))).json()
    text: str = document["invoice"]
    return text


async def pay(shop: ShopServer, wanted: dict[str, Any] | str, address: str) -> tuple[int, str]:
    """Status and error code of a payment from an address."""
    body = {"payment_request": wanted} if isinstance(wanted, str) else wanted
    url = f"{WALLET}/v2/router/send"
    answer = await shop.http.post(url, json=body, headers=from_address(address))
    return answer.status_code, answer.headers.get("x-error-code", "")


async def test_a_stranger_buys_with_play_money(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS))

    assert (await shop.until_over(answer))["charged_sats"] == PRICE
    document = (await shop.http.get("/openapi.json")).json()
    assert document["info"]["description"].startswith("This is a sandbox")
    manifest = (await shop.http.get("/.well-known/l402-services")).json()
    assert manifest["sandbox"] is True
    assert "This is a sandbox" in (await shop.http.get("/llms.txt")).text


async def test_a_day_has_so_much_play_money_for_an_address(shop: ShopServer) -> None:
    statuses = [await pay(shop, await invoice(shop, n), "192.0.2.1") for n in range(5)]

    assert [status for status, _ in statuses] == [200, 200, 200, 200, 429]
    assert (await pay(shop, await invoice(shop, 9), "192.0.2.2"))[0] == 200
    own = ["2001:db8:1:1::1", "2001:db8:1:1::2"]
    spent = [await pay(shop, await invoice(shop, 20 + n), own[n % 2]) for n in range(5)]
    assert [status for status, _ in spent] == [200, 200, 200, 200, 429], "a /64 is one client"


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"payment_request": "lnbc1nonsense"}, 400),
        ({"payment_request": 5}, 400),
        ({"payment_request": "", "amt": "1e9"}, 400),
        ({}, 400),
        ({"payment_request": "x" * 20_000}, 413),
    ],
)
async def test_what_is_no_payment_is_refused(
    shop: ShopServer, wanted: dict[str, Any], status: int
) -> None:
    assert (await pay(shop, wanted, "192.0.2.3"))[0] == status


async def test_an_amount_of_ones_own_counts_too(shop: ShopServer) -> None:
    wanted = {"payment_request": await invoice(shop), "amt": str(SATS + 1)}
    assert (await pay(shop, wanted, "192.0.2.4"))[0] == 429


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/simulator/phones/{ANSWERS}"),
        ("GET", "/simulator/phones"),
        ("POST", f"/simulator/phones/{ANSWERS}/keys"),
        ("GET", f"{WALLET}/v1/payments"),
        ("GET", f"{WALLET}/v1/invoices"),
        ("GET", f"{WALLET}/v1/invoices/subscribe"),
        ("GET", "/simulator/node/v1/invoices"),
        ("GET", "/simulator/node/v1/getinfo"),
        ("POST", "/simulator/node/v2/invoices/cancel"),
        ("POST", "/simulator/node/v2/invoices/settle"),
        ("POST", "/simulator/node/v2/router/send"),
        ("GET", "/simulator/mailbox/ann@inbox.example"),
        ("POST", "/simulator/sms"),
        ("POST", "/simulator/clock/advance"),
        ("GET", "/simulator/addresses/ann@inbox.example/received"),
        ("GET", "/simulator/parts"),
        ("POST", "/simulator/do/clock"),
        ("POST", "/simulator/do/keys"),
        ("POST", "/simulator/do/text"),
    ],
)
async def test_nothing_of_others_and_of_the_world_is_open(
    shop: ShopServer, method: str, path: str
) -> None:
    answer = await shop.http.request(method, path, headers={"Grpc-Metadata-macaroon": "00"})
    assert answer.status_code in (401, 404, 405)


async def test_the_wallet_and_keys_are_asked_so_often(shop: ShopServer) -> None:
    async def statuses(method: str, path: str, address: str) -> list[int]:
        return [
            (await shop.http.request(method, path, headers=from_address(address))).status_code
            for _ in range(25)
        ]

    balance = await statuses("GET", f"{WALLET}/v1/balance/channels", "192.0.2.5")
    assert (balance.count(200), balance.count(429)) == (20, 5)
    keys = await statuses("POST", "/simulator/keys", "192.0.2.6")
    assert keys.count(201) == 10
    assert 429 in keys


async def test_every_page_says_so_and_pays(shop: ShopServer) -> None:
    html = {"Accept": "text/html"}
    for path in ("/", "/simulator", "/docs", "/there-is-no-such-page"):
        page = await shop.http.get(path, headers=html)
        assert "Sandbox: a test shop for everybody" in page.text, path
    paid = await shop.http.post(
        "/simulator/do/pay", data={"invoice": await invoice(shop)}, headers=html
    )
    assert paid.status_code == 303
    refused = await shop.http.post("/simulator/do/pay", data={"invoice": "no"}, headers=html)
    assert (refused.status_code, "begins with ln" in refused.text) == (400, True)


async def test_the_wallet_never_runs_dry(shop: ShopServer) -> None:
    world = shop.opened.world
    assert world is not None
    world.lightning.wallet.book.balance_msat = 1000
    assert (await pay(shop, await invoice(shop), "192.0.2.7"))[0] == 200


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"node": {"type": "lnd", "url": "https://127.0.0.1:8080", "macaroon": "00"}}, "lnd"),
        ({"simulator": {"url": "http://127.0.0.1:9"}}, "RINGBOLT_SIMULATOR_URL"),
        ({"limits": "off"}, "RINGBOLT_LIMITS"),
    ],
)
def test_nothing_real_is_in_a_sandbox(options: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        refuse_unfit(Settings(**{"limits": "on", "sandbox": {"open": True}, **options}))
    assert named in str(refused.value)


async def test_what_was_said_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "phones" / "heard"
    folder.mkdir(parents=True)
    for name, age_s in (("old.wav", 90_000), ("new.wav", 10)):
        (folder / name).write_bytes(b"x")
        at = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (at, at))
    clearing = asyncio.create_task(clear_sounds(Settings(data_dir=tmp_path)))

    async def is_gone() -> bool:
        return not (folder / "old.wav").exists()

    await eventually(is_gone)
    clearing.cancel()

    assert [each.name for each in folder.iterdir()] == ["new.wav"]
