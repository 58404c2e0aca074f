"""The node goes away and comes back while a hundred invoices are open, and so does the shop: what
was paid is delivered, what was not runs out, and the books agree with the node's."""

from __future__ import annotations

import asyncio
from functools import partial

import httpx

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_orders import FINAL, PatientOrder
from support.clients.phones import Phones
from support.processes.shop import ServerProcess
from support.waiting import LONG_S, PATIENCE_S, eventually

SPEED = 10
GETS_IT = "+1234567800"
INVOICES = 100
USA = 187


async def restart(process: ServerProcess) -> None:
    process.kill()
    process.start()
    await process.ready()


async def advance(world: ServerProcess, seconds: int) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        answer = await http.post(f"{world.url}/simulator/clock/advance", json={"seconds": seconds})
        assert answer.status_code == 200, answer.text


async def test_a_hundred_open_invoices_outlive_the_node_and_the_shop(
    shop: ServerProcess, world: ServerProcess
) -> None:
    """Five groups: paid before the node goes; when it is back; while the shop is away; held for
    a code while both go; and never."""
    http = httpx.AsyncClient(timeout=PATIENCE_S)
    orders = [
        PatientOrder(
            shop.url, world.url, "/createsendorder",
            {"phone": GETS_IT, "message": f"This is number {n:03d}."}, http=http,
        )
        for n in range(INVOICES - 10)
    ] + [
        PatientOrder(
            shop.url, world.url, "/createorder", {"country": USA, "service": "tg"}, http=http
        )
        for _ in range(10)
    ]  # fmt: skip
    for start in range(0, INVOICES, 20):
        await asyncio.gather(*(order.place() for order in orders[start : start + 20]))
    early, late, unheard, never = orders[:20], orders[20:50], orders[50:70], orders[70:90]
    coded = orders[90:]
    for order in never:
        order.end = "expired"

    await _pay(early + coded)
    await restart(world)
    await _pay(late)
    shop.kill()
    await _pay(unheard)
    await restart(world)
    shop.start()
    await shop.ready()

    sent = early + late + unheard
    await asyncio.gather(*(order.follow() for order in sent))
    await _text_codes(world, coded)
    await asyncio.gather(*(order.follow() for order in coded))
    assert {await order.state() for order in never} == {"awaiting_payment"}
    await advance(world, 4000)
    await asyncio.gather(*(order.follow() for order in never))

    for order in sent + coded:
        await order.check()
    assert {order.report["state"] for order in never} == {"expired"}
    phones = Phones(world)
    answer = await phones.http.get(f"{world.url}/simulator/phones/{GETS_IT}")
    texts = [message["text"] for message in answer.json()["messages"]]
    assert sorted(texts) == sorted(order.body["message"] for order in sent)
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, audit.stdout + audit.stderr
    await phones.http.aclose()
    await http.aclose()


async def _pay(orders: list[PatientOrder]) -> None:
    await asyncio.gather(*(order.pay() for order in orders))


async def _text_codes(world: ServerProcess, orders: list[PatientOrder]) -> None:
    """Somebody texts a code to every order's number, as soon as it has one."""
    for order in orders:
        await eventually(partial(_has_number, order), LONG_S)
        number = f"+{order.report['number']}"
        answer = await order.http.post(
            f"{world.url}/simulator/sms",
            json={"to": number, "from": "Service", "text": "Your code is 48010"},
        )
        assert answer.status_code == 202, answer.text


async def _has_number(order: PatientOrder) -> bool:
    assert await order.state() not in FINAL, order.report
    return "number" in order.report
