"""Signs of life of telephones whose texts are handed in over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ringbolt.app.accounts.keys import create_key
from ringbolt.store import pool
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.text_tables import pool_number
from support.clients.orders import GERMANY, OrderClient
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/inbound/heartbeats"
ORDER = {"country": GERMANY, "service": "vk", "realphone": True}


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


async def modem_key(client: OrderClient) -> str:
    return (await create_key(client.shop.shop.db, "modem", frozenset({"inbound"}))).key


def fall_silent(tx: Tx, number: str) -> None:
    of_it = pool_number.c.number == number
    tx.run(pool_number.update().where(of_it).values(alive_until_ms=tx.now_ms - 1))


async def state_of(client: OrderClient, number: str) -> tuple[str, str]:
    found = await client.shop.shop.db.read(pool.states)
    [told] = [(entry.watched_by, state) for entry, state in found if entry.number == number]
    return told


async def test_a_number_whose_phone_falls_silent_is_leased_to_nobody_until_it_is_back(
    client: OrderClient,
) -> None:
    own, database = "+4915112345601", client.shop.shop.db
    await database.tx(pool.add, own, GERMANY, "a modem")
    assert await state_of(client, own) == ("", "ready")

    key = await modem_key(client)
    answer = await client.post(PATH, {"number": own}, X_API_Key=key)
    assert (answer.status_code, answer.json()["status"]) == (200, "OK")
    assert await state_of(client, own) == ("modem", "ready")

    await database.tx(fall_silent, own)
    assert await state_of(client, own) == ("modem", "silent")
    refused = await client.post("/createorder", ORDER)
    assert refused.status_code == 409, refused.text

    await client.post(PATH, {"number": own}, X_API_Key=key)
    assert await state_of(client, own) == ("modem", "resting")  # its old texts come first


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "number"),
        ({"number": "4915112345601"}, 400, "number"),
        ({"number": ["+4915112345601"]}, 400, "number"),
        ({"number": "+4915199999998"}, 404, "number"),
    ],
)
async def test_a_sign_of_life_of_no_number_of_ours_is_refused(
    client: OrderClient, body: dict[str, Any], status: int, field: str
) -> None:
    answer = await client.post(PATH, body, X_API_Key=await modem_key(client))

    assert (answer.status_code, answer.json()["field"]) == (status, field)


async def test_only_keys_for_it_give_signs_of_life(client: OrderClient) -> None:
    body = {"number": "+4915112345601"}
    answers = [
        await client.post(PATH, body),
        await client.post(PATH, body, X_API_Key=await client.new_key()),
    ]

    assert [answer.status_code for answer in answers] == [401, 403]
