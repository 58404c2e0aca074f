"""A shop that is killed (SIGKILL) again and again while it sends e-mails over SMTP, where nothing
can be looked up: no mail is sent twice, nobody pays for one that was not sent, and an answer that
was lost with the shop costs the shop a mail, and nobody money."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_orders import PatientOrder
from support.processes import chance
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, running_process
from support.servers.mail_sink import MailSink, mail_sink
from support.waiting import PATIENCE_S

KILLS = chance.KILLS // 2
MAIL = "/createemailsendorder"
PER_KILL = 6
WAYS = [
    ("ann@inbox.example", "settled"),
    ("bob@refuse.example", "returned"),
    ("cy@silent.example", "returned"),
]
"""Taken; refused for good; taken without an answer, so that it is never known."""
DEADLINE_S = 120


async def test_many_kills_send_no_mail_twice_and_take_money_for_none_that_was_not_sent(
    tmp_path: Path, world: ServerProcess
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    await world.ready()
    words = {"@refuse.example": "550 5.1.1 no such user"}
    async with mail_sink(refusals=words, cut_after={"@silent.example"}) as sink:
        environment = {
            "RINGBOLT_SIMULATOR_URL": world.url,
            "RINGBOLT_MAIL_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            "RINGBOLT_MAIL_SENDER": "Shop <hi@shop.example>",
            "RINGBOLT_ORDERS_RECEIPT_WITHIN_S": str(DEADLINE_S),
        }
        async with running_process(["serve"], tmp_path / "shop", **environment) as shop:
            orders = [
                PatientOrder(
                    shop.url,
                    world.url,
                    MAIL,
                    {"address": WAYS[n % len(WAYS)][0], "message": f"This is number {n:03d}."},
                    WAYS[n % len(WAYS)][1],
                )
                for n in range(PER_KILL * KILLS)
            ]
            await _among_kills(shop, orders, chance)
            await _judge(sink, orders, seed)
            audit = shop.run("audit")
            assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"
            log = shop.log.read_text()
            for private in ("ann@", "bob@", "cy@", "This is number"):
                assert private not in log, f"the log names {private}"
    for order in orders:
        await order.close()


async def _among_kills(
    shop: ServerProcess, orders: list[PatientOrder], chance: random.Random
) -> None:
    running: list[asyncio.Task[str]] = []
    for begin in range(0, len(orders), PER_KILL):
        running += [asyncio.create_task(each.buy()) for each in orders[begin : begin + PER_KILL]]
        await a_random_moment(chance, 0.1, 1.2)
        shop.kill()
        shop.start()
        await shop.ready()
    # What nobody can know ends at the deadline of the order.
    while not all(task.done() for task in running):
        await asyncio.wait(running, timeout=1)
        async with httpx.AsyncClient(base_url=orders[0].world_url, timeout=PATIENCE_S) as http:
            await http.post("/simulator/clock/advance", json={"seconds": 60})
    await asyncio.gather(*running)


async def _judge(sink: MailSink, orders: list[PatientOrder], seed: int) -> None:
    lost = 0
    for order in orders:
        arrived = sum(order.body["message"] in mail.text for mail in sink.arrived)
        assert arrived <= 1, f"seed {seed}: {order.body} was sent {arrived} times"
        end = order.report["state"]
        assert end in ("settled", "returned"), f"seed {seed}: {order.report}"
        if end == "settled":
            assert arrived == 1, f"seed {seed}: {order.body} is paid for, and was not sent"
            assert order.end == "settled", f"seed {seed}: {order.body}"
        elif order.end == "settled":
            lost += 1  # the shop was killed between the intent and the answer
        paid = await order.payment()
        assert paid == ("SUCCEEDED" if end == "settled" else "FAILED"), f"seed {seed}"
    assert lost < len(orders) // 3, f"seed {seed}: most kills hit no mail on its way"
