"""A shop that is opened on the database of an earlier version goes on where that one was killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ringbolt.store.engine.db import Tx
from ringbolt.store.schema import migrate
from ringbolt.store.schema.tables import job
from support.clients.orders import OrderClient
from support.clients.voice import VoiceClient
from support.numbers import PLAIN
from support.servers.shop import ShopServer, running_shop, settings_for
from support.servers.webhooks import Receiver, receiving
from upgrade.dump import Dump, as_value
from upgrade.fill import NOBODY, RINGS_ON_BALANCE
from upgrade.load import load_shop, load_world
from upgrade.make import RING_TIMEOUT_S, SPEED

VERSIONS = sorted((Path(__file__).parent / "versions").glob("*.json"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture(params=VERSIONS, ids=lambda path: path.stem)
def dump(request: pytest.FixtureRequest, receiver: Receiver) -> Dump:
    """What a version left behind; webhooks that found nobody go to ``receiver``."""
    text = request.param.read_text().replace(f"{NOBODY}/hook", receiver.url)
    return Dump(**json.loads(text))


@pytest.fixture
async def shop(
    dump: Dump, empty_url: str, receiver: Receiver, tmp_path: Path, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    """This version's shop on the files of the former one."""
    await load_shop(dump, empty_url)
    settings = settings_for(
        tmp_path / "shop",
        speech_dir,
        database_url=empty_url,
        secret="5e" * 32,
        simulator={"speed": SPEED},
        calls={"ring_timeout_s": RING_TIMEOUT_S},
        fetch={"allow_origins": receiver.url.removesuffix("/hook")},
    )
    load_world(dump, settings.data_dir / "world.db")
    async with running_shop(settings) as running:
        yield running


def test_every_earlier_version_is_here() -> None:
    known = sorted(path.name[:4] for path in migrate.MIGRATIONS.glob("versions/0*.py"))
    assert {path.stem for path in VERSIONS} >= set(known[:-1]), "make it with upgrade.make"


async def test_the_shop_works_on(shop: ShopServer, dump: Dump, receiver: Receiver) -> None:
    known = dump.known
    await shop.audit_when(lambda report: report.agrees)
    goes_on = [_paid_calls_go_on(shop, known)]
    if dump.revision >= "0002":
        goes_on.append(_orders_go_on(shop, known))
    if dump.revision >= "0003":
        goes_on.append(_calls_on_balance_go_on(shop, known))
    await asyncio.gather(*goes_on)
    await _jobs_run(shop, known)
    if dump.revision >= "0002":
        hooks = await receiver.heard(1)
        assert hooks[0].json["orderId"] == known["webhook of"]

    await shop.audit_when(lambda report: report.agrees)
    assert await shop.shop.db.read(_dead_jobs) == []


async def _jobs_run(shop: ShopServer, known: dict[str, Any]) -> None:
    """What waited for its time is done in it: a call is tried again, and given up."""
    document = {"status_url": shop.url + known["call without a channel"]}
    for _ in range(12):
        await shop.advance(300)
    over = await shop.until_over(document)
    assert (over["status"], over["order_state"]) == ("failed", "failed")
    await _claim_refund(shop, document)


def _dead_jobs(tx: Tx) -> list[str]:
    return [row.uniq for row in tx.run(select(job.c.uniq).where(job.c.dead == 1))]


async def _paid_calls_go_on(shop: ShopServer, known: dict[str, Any]) -> None:
    def link(name: str) -> dict[str, Any]:
        return {"status_url": shop.url + known[name]}

    assert (await shop.status(link("settled call")))["order_state"] == "settled"
    assert (await shop.status(link("returned call")))["order_state"] == "returned"
    await shop.phone(PLAIN, "decline")
    for name in ("failed call", "ringing call"):
        await _claim_refund(shop, link(name))
    unspent = known["unspent credential"]
    answer = await shop.post(unspent["body"], unspent["authorization"])
    assert answer.status_code == 200, answer.text
    over = await shop.until_over(answer.json())
    assert (over["status"], over["order_state"]) == ("completed", "settled")


async def _claim_refund(shop: ShopServer, document: dict[str, Any]) -> None:
    """The link of a refund is withdrawn into the buyer's wallet."""
    status = await shop.until(document, lambda status: status["refund"])
    refund = status["refund"]
    k1 = refund["withdraw_url"].rsplit("/", 1)[1]
    invoice = await shop.wallet_invoice(refund["refund_amount"])
    answer = await shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    assert answer.json() == {"status": "OK"}
    await shop.until(document, lambda status: status["order_state"] == "returned")


async def _orders_go_on(shop: ShopServer, known: dict[str, Any]) -> None:
    client = OrderClient(shop)

    async def state(order_id: str) -> str:
        return str((await client.status(order_id))["state"])

    assert [await state(each) for each in known["settled orders"]] == ["settled"] * 4
    assert await state(known["returned order"]) == "returned"
    assert await state(known["expired order"]) == "expired"
    assert await client.balance(as_value(known["key"]).decode()) == known["balance"]
    paying = client.pay(known["unpaid order"]["payreq"])
    for name in ("order waiting for a code", "rental on trial"):
        await client.text_to(known[name]["number"], "Code 7171")
        await client.until(known[name]["orderId"], lambda status: status["state"] == "settled")
    unpaid = known["unpaid order"]["orderId"]
    number = (await client.until(unpaid, lambda status: "number" in status))["number"]
    await client.text_to(number, "Code 48010")
    assert await paying == "SUCCEEDED"


async def _calls_on_balance_go_on(shop: ShopServer, known: dict[str, Any]) -> None:
    client = VoiceClient(shop, as_value(known["voice key"]).decode())
    completed = await client.status(known["completed call on balance"])
    assert (completed["status"], completed["digits"]) == ("completed", "1")
    before = await client.balance()
    await shop.phone(RINGS_ON_BALANCE, "decline")
    over = await client.until_over(known["ringing call on balance"])
    assert (over["status"], over["cost"]) == ("busy", 0)
    assert await client.balance() > before, "what was held for it is free again"
