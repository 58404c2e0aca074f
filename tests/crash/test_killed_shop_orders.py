"""A shop that is killed (SIGKILL) again and again among orders of every kind, paid by hold invoices
and from a balance; judged by what the world saw, by the wallet, and by its own audit. The world
is another process and is never killed."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_orders import PatientOrder, balance_sats, funded_key
from support.clients.phones import Phones
from support.processes import chance
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess

SPEED = 10
KILLS = chance.KILLS // 2
USA = 187
TOP_UP = 200_000
SEND, MAIL, RECEIVE = "/createsendorder", "/createemailsendorder", "/createorder"
GETS_IT, FAILS, REFUSED = "+1234567800", "+1234567804", "+1234567805"
REFUSED_FOR_NOW, ANSWER_LOST, SLOW = "+1234567806", "+1234567807", "+1234567809"
INBOX = "ann@inbox.example"
SORTS: list[tuple[str, dict[str, Any], str]] = [
    (SEND, {"phone": GETS_IT}, "settled"),
    (SEND, {"phone": FAILS}, "returned"),
    (SEND, {"phone": REFUSED}, "returned"),
    (SEND, {"phone": REFUSED_FOR_NOW}, "settled"),
    (SEND, {"phone": ANSWER_LOST}, "settled"),
    (SEND, {"phone": SLOW}, "settled"),
    (MAIL, {"address": INBOX}, "settled"),
    (MAIL, {"address": "bob@refuse.example"}, "returned"),
    (RECEIVE, {"country": USA, "service": "sim-code"}, "settled"),
    (RECEIVE, {"country": USA, "service": "sim-code", "isRental": True}, "settled"),
    (RECEIVE, {"country": USA, "service": "sim-unknown"}, "settled"),
    (RECEIVE, {"country": USA, "service": "sim-none"}, "returned"),
]


def mixed(shop: ServerProcess, world: ServerProcess, key: str) -> list[PatientOrder]:
    """Orders of every sort, half of them on the balance; each text is a different one."""
    made = []
    for n in range(5 * len(SORTS)):
        path, body, end = SORTS[n % len(SORTS)]
        wanted = dict(body)
        if path != RECEIVE:
            wanted["message"] = f"This is number {n:03d}."
        on_balance = (n // len(SORTS) + n) % 2 == 0
        if on_balance:
            wanted["immediate"] = True
        made.append(PatientOrder(shop.url, world.url, path, wanted, end, key if on_balance else ""))
    return made


async def arrived(phones: Phones, order: PatientOrder) -> int:
    """How often an order's message arrived."""
    where = order.body.get("phone")
    url = f"phones/{where}" if where else f"mailbox/{order.body['address']}"
    answer = await phones.http.get(f"{phones.world.url}/simulator/{url}")
    return sum(order.body["message"] in message["text"] for message in answer.json()["messages"])


async def test_many_kills_among_orders_of_every_kind_lose_no_money_and_send_nothing_twice(
    shop: ServerProcess, world: ServerProcess
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    phones = Phones(world)
    before_msat = await phones.balance_msat()
    key = await funded_key(shop.url, world.url, TOP_UP)
    orders = mixed(shop, world, key)
    chance.shuffle(orders)
    waiting = iter(orders)
    running: list[asyncio.Task[str]] = []
    for _ in range(KILLS):
        some = [order for _, order in zip(range(len(orders) // KILLS), waiting, strict=False)]
        running += [asyncio.create_task(order.buy()) for order in some]
        await a_random_moment(chance, 0.1, 1.2)
        shop.kill()
        shop.start()
        await shop.ready()
    running += [asyncio.create_task(order.buy()) for order in waiting]
    await asyncio.gather(*running)

    for order in orders:
        await order.check()
        if order.path != RECEIVE:
            wanted = 1 if order.end == "settled" else 0
            assert await arrived(phones, order) == wanted, f"seed {seed}: {order.body}"
        else:
            assert ("codeText" in order.report) == (order.end == "settled"), f"seed {seed}"
    settled = [order for order in orders if order.end == "settled"]
    held = sum(order.price_sats for order in settled if order.is_hold)
    spent = sum(order.price_sats for order in settled if not order.is_hold)
    assert before_msat - await phones.balance_msat() == (TOP_UP + held) * 1000, f"seed {seed}"
    assert await balance_sats(shop.url, key) == TOP_UP - spent, f"seed {seed}"
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"
    log = shop.log.read_text()
    for private in (GETS_IT, REFUSED, INBOX, "This is number"):
        assert private not in log, f"the log names {private}"
    for order in orders:
        await order.close()
    await phones.http.aclose()
