"""A shop that is killed (SIGKILL) at chosen moments, judged by what the world saw and by its own
audit after it came back. The world is another process and is never killed."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_buyer import PatientBuyer
from support.clients.phones import Phones
from support.processes import chance
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, world_process
from support.waiting import LONG_S, PATIENCE_S, eventually

pytestmark = pytest.mark.usefixtures("spoken")

SPEED = 10
BUSY = "+1234567801"
ANSWERS = "+1234567820"
ANSWERS_SLOWLY = "+1234567809"
PLAIN = "+12025550123"
KILLS = chance.KILLS


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with world_process(tmp_path_factory.mktemp("world"), SPEED) as process:
        yield process


@pytest.fixture
def phones(world: ServerProcess) -> Phones:
    return Phones(world)


@pytest.fixture
async def buyer(shop: ServerProcess, world: ServerProcess) -> AsyncIterator[PatientBuyer]:
    patient = PatientBuyer(shop.url, world.url, ANSWERS)
    yield patient
    await patient.close()


async def restart(shop: ServerProcess) -> None:
    shop.kill()
    shop.start()
    await shop.ready()


def agrees(shop: ServerProcess) -> None:
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, audit.stdout + audit.stderr


async def test_killed_between_payment_and_redemption(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    buyer.number = "+1234567821"
    await buyer.pay()
    await restart(shop)
    await buyer.redeem()
    await buyer.follow("settled")
    assert len(await phones.calls(buyer.number)) == 1
    agrees(shop)


async def test_killed_between_redemption_and_dispatch(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    buyer.number = "+1234567822"
    await buyer.pay()
    await buyer.redeem()
    shop.kill()
    assert await phones.calls(buyer.number) == []
    await restart(shop)
    await buyer.follow("settled")
    assert len(await phones.calls(buyer.number)) == 1
    agrees(shop)


async def test_killed_while_the_carrier_has_the_call_but_has_not_answered(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    buyer.number = ANSWERS_SLOWLY
    await buyer.pay()
    await buyer.redeem()
    await phones.rings(buyer.number)
    await restart(shop)
    await buyer.follow("settled")
    assert len(await phones.calls(buyer.number)) == 1
    agrees(shop)


async def test_killed_between_the_answer_and_the_outcome_which_comes_while_it_is_away(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    buyer.number = PLAIN
    await buyer.pay()
    await buyer.redeem()
    await phones.rings(PLAIN)
    shop.kill()
    await phones.do(PLAIN, "answer")
    await phones.do(PLAIN, "hangup")
    await restart(shop)
    report = await buyer.follow("settled")
    assert report["status"] == "completed"
    assert len(await phones.calls(PLAIN)) == 1
    agrees(shop)


@pytest.mark.parametrize("most_s", [0.0, 0.006, 0.04])
async def test_killed_while_a_refund_is_paid_pays_it_once(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones, most_s: float
) -> None:
    buyer.number = BUSY
    before_msat = await phones.balance_msat()
    await buyer.pay()
    await buyer.redeem()
    await buyer.follow("failed")
    await buyer.claim()
    await a_random_moment(random.Random(), 0, most_s)
    await restart(shop)
    await buyer.follow("returned")
    assert await phones.balance_msat() == before_msat
    agrees(shop)


async def test_many_kills_among_many_orders_lose_no_money_and_call_nobody_twice(
    shop: ServerProcess, world: ServerProcess, phones: Phones
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    before_msat = await phones.balance_msat()
    # Each of the listeners is called for one order only, so that a second call would show.
    numbers = [f"+12345678{n}" for n in range(30, 30 + 2 * KILLS)] + [BUSY, ANSWERS_SLOWLY] * 3
    slow_before = len(await phones.calls(ANSWERS_SLOWLY))
    chance.shuffle(numbers)
    buyers = [PatientBuyer(shop.url, world.url, number) for number in numbers]
    running: list[asyncio.Task[str]] = []
    waiting = iter(buyers)
    for life in range(KILLS):
        new = [buyer for _, buyer in zip(range(3), waiting, strict=False)]
        running += [asyncio.create_task(buyer.buy()) for buyer in new]
        if life % 3 == 0:
            await _sells_something(buyers)
        await a_random_moment(chance, 0.05, 1.5)
        shop.kill()
        shop.start()
        await shop.ready()
    running += [asyncio.create_task(buyer.buy()) for buyer in waiting]
    ends = await asyncio.gather(*running)

    for buyer, end in zip([*buyers], ends, strict=True):
        assert end == ("returned" if buyer.number == BUSY else "settled"), f"seed {seed}"
        if buyer.number not in (BUSY, ANSWERS_SLOWLY):
            assert len(await phones.calls(buyer.number)) == 1, f"seed {seed}: {buyer.number}"
    assert len(await phones.calls(ANSWERS_SLOWLY)) - slow_before == 3, f"seed {seed}"
    spent_msat = before_msat - await phones.balance_msat()
    assert spent_msat == sum(buyer.price_msat for buyer in buyers if buyer.number != BUSY)
    agrees(shop)
    log = shop.log.read_text()
    assert not any(number in log for number in numbers), "the log names a number"
    for buyer in buyers:
        await buyer.close()


async def _sells_something(buyers: list[PatientBuyer]) -> None:
    """Until one more of them is answered, so that the kills come among work on any machine."""
    before = sum(buyer.acknowledged is not None for buyer in buyers)

    async def sold() -> bool:
        answered = sum(buyer.acknowledged is not None for buyer in buyers)
        return answered > before or answered == len(buyers)

    await eventually(sold, LONG_S)


async def test_a_world_that_stands_still_costs_no_money(
    shop: ServerProcess, world: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    """The node is paid while the shop cannot hear it; asked meanwhile, the shop says 503."""
    buyer.number = "+1234567823"
    await buyer.pay()
    world.signal(signal.SIGSTOP)
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
            answer = await http.post(f"{shop.url}/api/l402/place-call", json=buyer.body)
        assert answer.status_code == 503
        assert answer.json()["charged"] is False
        assert "retry-after" in answer.headers
        await buyer.redeem()  # a paid credential is honoured without the node
        await shop.ready()
    finally:
        world.signal(signal.SIGCONT)
    await buyer.follow("settled")
    assert len(await phones.calls(buyer.number)) == 1
    agrees(shop)


async def test_a_second_shop_on_the_same_folder_is_refused_in_plain_words(
    shop: ServerProcess,
) -> None:
    second = shop.run("serve", "--port", "0")
    assert second.returncode in (1, 2)
    assert "in use by process" in second.stderr
    assert "Traceback" not in second.stderr
    await shop.ready()


async def test_the_operators_commands_work_beside_a_running_shop(shop: ServerProcess) -> None:
    agrees(shop)
    assert shop.run("doctor").returncode == EXIT_OK
    made = shop.run("keys", "create", "--label", "beside")
    assert made.returncode == EXIT_OK, made.stderr
    listed = shop.run("keys", "list")
    assert "beside" in listed.stdout, listed.stdout + listed.stderr
