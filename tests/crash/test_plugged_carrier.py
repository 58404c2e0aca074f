"""A carrier of a plug-in beside the simulated one, in a shop of its own process: it takes the calls
of its prefixes, and is asked about them, and nobody else, whatever happens to the shop.

Nothing of ``src`` knows of it: the package and its entry point are found on the path.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK
from ringbolt.core.calls.call import CallStatus
from support.clients.patient_buyer import PatientBuyer
from support.clients.phones import Phones
from support.processes.shop import ServerProcess, running_process, world_process
from support.servers.switch import ANSWERED, Switch, running_switch
from support.waiting import LONG_S, PATIENCE_S, eventually

pytestmark = pytest.mark.usefixtures("spoken")

PLUGINS = Path(__file__).parents[1] / "plugins"
LONDON = "+442079460123"
HERE = "+1234567820"  # answers by itself, in the simulated world
TRUNK = "trunk"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with world_process(tmp_path_factory.mktemp("world"), 10) as process:
        yield process


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    async with running_switch() as running:
        yield running


def both(switch: Switch) -> str:
    trunk = {"type": "example", "name": TRUNK, "url": switch.url, "prefixes": ["+44"]}
    return json.dumps([{"type": "simulated"}, trunk])


@pytest.fixture
async def shop(
    tmp_path: Path, world: ServerProcess, switch: Switch
) -> AsyncIterator[ServerProcess]:
    await world.ready()
    path = os.pathsep.join([str(PLUGINS), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        "PYTHONPATH": path,
        "RINGBOLT_SIMULATOR_URL": world.url,
        "RINGBOLT_CALLS_CARRIERS": both(switch),
    }
    async with running_process(["serve"], tmp_path / "shop", **environment) as process:
        yield process


@pytest.fixture
async def buyer(shop: ServerProcess, world: ServerProcess) -> AsyncIterator[PatientBuyer]:
    patient = PatientBuyer(shop.url, world.url, LONDON)
    yield patient
    await patient.close()


@pytest.fixture
def phones(world: ServerProcess) -> Phones:
    return Phones(world)


async def restart(shop: ServerProcess, **environment: str) -> None:
    shop.kill()
    shop.environment |= environment
    shop.start()
    await shop.ready()


async def asked(switch: Switch) -> None:
    await eventually(lambda: _has(switch.asked), LONG_S)


async def _has(found: list[Any]) -> bool:
    return bool(found)


def asked_by(shop: ServerProcess) -> list[str]:
    """The carrier of every attempt that was ever made."""
    with closing(sqlite3.connect(f"file:{shop.data_dir}/ringbolt.db?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute("SELECT carrier FROM attempt ORDER BY created_ms")]


def findings(shop: ServerProcess, part: str) -> list[dict[str, str]]:
    ran = shop.run("doctor")
    return [found for found in json.loads(ran.stdout) if found["part"] == part]


async def test_it_takes_the_calls_of_its_prefixes_and_no_others(
    shop: ServerProcess, buyer: PatientBuyer, switch: Switch, phones: Phones
) -> None:
    assert await buyer.buy() == "settled"
    [wanted] = switch.asked
    assert wanted["to"] == LONDON
    assert await phones.calls(LONDON) == []

    buyer.number = HERE
    assert await buyer.buy() == "settled"
    assert len(switch.asked) == 1
    assert len(await phones.calls(HERE)) == 1

    assert asked_by(shop) == [TRUNK, "simulated"]
    assert [found["kind"] for found in findings(shop, f"voice carrier {TRUNK}")] == ["real"]
    assert shop.run("audit").returncode == EXIT_OK


async def test_its_refusal_is_final_as_nothing_real_is_left_to_be_asked(
    buyer: PatientBuyer, switch: Switch, phones: Phones
) -> None:
    switch.refuses = 403

    assert await buyer.buy() == "returned"

    assert len(switch.asked) == 1
    assert await phones.calls(LONDON) == [], "a simulated phone is no stand-in for a real one"


async def test_a_shop_that_is_killed_looks_the_call_up_where_it_asked(
    shop: ServerProcess, buyer: PatientBuyer, switch: Switch, phones: Phones
) -> None:
    switch.is_slow = True
    switch.life = (CallStatus.RINGING,)
    await buyer.pay()
    await buyer.redeem()
    await asked(switch)
    await restart(shop)
    ref = switch.asked[0]["ref"]
    await eventually(lambda: _has(switch.looked_up), LONG_S)
    await switch.live(ref, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)

    await buyer.follow("settled")

    assert [wanted["ref"] for wanted in switch.asked] == [ref], "a person was called twice"
    assert set(switch.looked_up) == {ref}
    assert await phones.calls(LONDON) == []
    assert asked_by(shop) == [TRUNK]
    assert shop.run("audit").returncode == EXIT_OK


@pytest.mark.parametrize(
    ("life", "state"), [((), "dispatching"), ((CallStatus.RINGING,), "in_progress")]
)
async def test_a_shop_that_is_switched_to_another_carrier_calls_nobody_twice(
    shop: ServerProcess,
    buyer: PatientBuyer,
    switch: Switch,
    phones: Phones,
    world: ServerProcess,
    life: tuple[CallStatus, ...],
    state: str,
) -> None:
    switch.is_slow = True
    switch.life = life
    await buyer.pay()
    await buyer.redeem()
    await asked(switch)
    await buyer.follow(state)

    await restart(shop, RINGBOLT_CALLS_CARRIERS='[{"type": "simulated"}]')

    # It is waited for, and the operator is told.
    waiting = f'ringbolt_waiting_for_gone_part{{area="calls",part="{TRUNK}"}} 1.0'
    async with httpx.AsyncClient(base_url=shop.url, timeout=PATIENCE_S) as http:
        assert waiting in (await http.get("/metrics")).text
    [gone] = findings(shop, f"calls {TRUNK}")
    assert (gone["state"], shop.run("doctor").returncode) == ("wrong", EXIT_FAILED)
    await buyer.follow(state)
    # At its deadline the money returns, and nobody else was asked.
    async with httpx.AsyncClient(base_url=world.url, timeout=PATIENCE_S) as http:
        await http.post("/simulator/clock/advance", json={"seconds": 400})
    await buyer.follow("failed")
    await buyer.claim()
    await buyer.follow("returned")
    assert len(switch.asked) == 1
    assert await phones.calls(LONDON) == []
    assert asked_by(shop) == [TRUNK]
    assert "an order waits for a part" in shop.log.read_text()
    assert findings(shop, f"calls {TRUNK}") == []
    assert shop.run("audit").returncode == EXIT_OK


async def test_a_carrier_that_comes_back_before_the_deadline_ends_what_it_began(
    shop: ServerProcess, buyer: PatientBuyer, switch: Switch
) -> None:
    switch.is_slow = True
    switch.life = ()
    await buyer.pay()
    await buyer.redeem()
    await asked(switch)
    await restart(shop, RINGBOLT_CALLS_CARRIERS='[{"type": "simulated"}]')
    await eventually(lambda: _reported(shop), LONG_S)
    ref = switch.asked[0]["ref"]
    await switch.live(ref, *ANSWERED)

    await restart(shop, RINGBOLT_CALLS_CARRIERS=both(switch))

    await buyer.follow("settled")
    assert len(switch.asked) == 1


async def _reported(shop: ServerProcess) -> bool:
    return "an order waits for a part" in shop.log.read_text()
