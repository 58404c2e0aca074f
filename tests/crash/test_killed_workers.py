"""Several machines on one PostgreSQL: two workers and an API, killed and stopped at random."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_buyer import PatientBuyer
from support.clients.phones import Phones
from support.processes import chance
from support.processes.chance import a_random_moment, stand_still
from support.processes.shop import ServerProcess, world_process
from support.waiting import LONG_S, eventually

pytestmark = pytest.mark.usefixtures("spoken")

SPEED = 10
LEASE_S = 3
OVER_A_LEASE_S = LEASE_S + 1  # so that another takes its work over
KILLS = chance.KILLS
BUSY = "+1234567801"
PLAIN = "+12025550124"


@dataclass
class Machines:
    world: ServerProcess
    api: ServerProcess
    workers: list[ServerProcess]

    def agrees(self) -> None:
        audit = self.api.run("audit")
        assert audit.returncode == EXIT_OK, audit.stdout + audit.stderr


@pytest.fixture
async def machines(postgres_url: str, tmp_path: Path) -> AsyncIterator[Machines]:
    with ExitStack() as stack:
        world = stack.enter_context(world_process(tmp_path, SPEED))
        await world.ready()
        common = {
            "RINGBOLT_SIMULATOR_URL": world.url,
            "RINGBOLT_DATABASE_URL": postgres_url,
            "RINGBOLT_WORKER_LEASE_S": str(LEASE_S),
        }
        api = ServerProcess(["serve", "--no-worker"], tmp_path / "api", **common)
        workers = [ServerProcess(["worker"], tmp_path / f"worker{n}", **common) for n in (1, 2)]
        for process in (api, *workers):
            process.start()
            stack.callback(process.stop)
        await api.ready()
        yield Machines(world, api, workers)


async def test_another_worker_takes_over_the_work_of_a_killed_one(machines: Machines) -> None:
    """Only one of the two is left, with a call that rings and one that waits to be placed."""
    phones = Phones(machines.world)
    buyers = [
        PatientBuyer(machines.api.url, machines.world.url, number)
        for number in (PLAIN, "+1234567821", "+1234567822", "+1234567809")
    ]
    for buyer in buyers:
        await buyer.pay()
    for buyer in buyers:
        await buyer.redeem()
    await phones.rings(PLAIN)
    machines.workers[0].kill()
    await phones.do(PLAIN, "answer")
    await phones.do(PLAIN, "hangup")
    for buyer in buyers:
        await buyer.follow("settled")
        assert len(await phones.calls(buyer.number)) == 1
        await buyer.close()
    machines.agrees()


async def test_kills_and_standstills_of_several_machines_lose_no_money_and_call_nobody_twice(
    machines: Machines,
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    phones = Phones(machines.world)
    before_msat = await phones.balance_msat()
    numbers = [f"+12345678{n}" for n in range(30, 30 + 2 * KILLS)] + [BUSY] * 3
    chance.shuffle(numbers)
    buyers = [PatientBuyer(machines.api.url, machines.world.url, number) for number in numbers]
    waiting = iter(buyers)
    running: list[asyncio.Task[str]] = []
    for turn in range(KILLS):
        new = [buyer for _, buyer in zip(range(3), waiting, strict=False)]
        running += [asyncio.create_task(buyer.buy()) for buyer in new]
        if turn % 4 == 2:
            await _one_more_ends(running)
        await a_random_moment(chance, 0.1, 1.5)
        if turn % 4 == 3:
            await stand_still(chance.choice(machines.workers), OVER_A_LEASE_S)
        else:
            victim = chance.choice([machines.api, *machines.workers])
            victim.kill()
            victim.start()
    running += [asyncio.create_task(buyer.buy()) for buyer in waiting]
    ends = await asyncio.gather(*running)

    for buyer, end in zip(buyers, ends, strict=True):
        assert end == ("returned" if buyer.number == BUSY else "settled"), f"seed {seed}"
        if buyer.number != BUSY:
            assert len(await phones.calls(buyer.number)) == 1, f"seed {seed}: {buyer.number}"
        assert buyer.report["digits"] == "", f"seed {seed}"
        await buyer.close()
    spent_msat = before_msat - await phones.balance_msat()
    assert spent_msat == sum(buyer.price_msat for buyer in buyers if buyer.number != BUSY)
    machines.agrees()


async def _one_more_ends(running: list[asyncio.Task[str]]) -> None:
    """So that the kills come among work on any machine."""
    await asyncio.wait(
        [task for task in running if not task.done()] or running,
        timeout=LONG_S,
        return_when=asyncio.FIRST_COMPLETED,
    )


async def test_keys_that_two_workers_hear_at_once_are_written_down_once(
    machines: Machines,
) -> None:
    phones = Phones(machines.world)
    buyer = PatientBuyer(machines.api.url, machines.world.url, "+12025550125")
    await buyer.pay()
    await buyer.redeem()
    await phones.rings(buyer.number)
    await phones.do(buyer.number, "answer")
    pressed = ""
    for key in "1234567890":
        await phones.http.post(
            f"{machines.world.url}/simulator/phones/{buyer.number}/keys", json={"digits": key}
        )
        pressed += key

    async def heard() -> bool:
        await buyer.follow("settled")
        return len(buyer.report["digits"]) >= len(pressed)

    await phones.do(buyer.number, "hangup")
    await eventually(heard)
    assert buyer.report["digits"] == pressed
    await buyer.close()
    machines.agrees()
