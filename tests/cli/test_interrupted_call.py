"""``ringbolt call`` when answers are lost, when it is stopped, and when it is killed at any step:
the buyer's money buys one call, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from cli.conftest import Desk, Ran
from support.clients.phones import Phones
from support.numbers import ANSWERS, BUSY
from support.servers.lossy_proxy import LossyProxy, Moment, lossy_proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICE_MSAT = 50_000
TEXT = "This is a test."


class Buyer:
    """A user who has bought nothing before, and who reaches the shop by a proxy."""

    def __init__(self, desk: Desk, proxy: LossyProxy, state: Path) -> None:
        self.proxy = proxy
        self.phones = Phones(desk.shop)
        self._environment = desk.shop.environment | {"XDG_STATE_HOME": str(state)}
        self._state = state
        self._process: asyncio.subprocess.Process | None = None
        self._before = (0, 0)

    async def look(self) -> tuple[int, int]:
        """Calls that the phone got and msat that left the wallet since the last look."""
        calls, balance = len(await self.phones.calls(ANSWERS)), await self.phones.balance_msat()
        before, self._before = self._before, (calls, balance)
        return calls - before[0], before[1] - balance

    async def run(self, *arguments: str) -> Ran:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ringbolt",
            *arguments,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await self._process.communicate()
        assert self._process.returncode is not None
        return Ran(self._process.returncode, out.decode(), err.decode())

    async def call(self, number: str = ANSWERS) -> Ran:
        return await self.run("call", number, TEXT, "--server", self.proxy.url)

    async def copied(self, command: str) -> Ran:
        """Run a command as it was printed."""
        words = shlex.split(command)
        assert words[:3] == [sys.executable, "-m", "ringbolt"]
        return await self.run(*words[3:])

    def interrupt(self, number: signal.Signals, *moments: Moment) -> None:
        """The command gets a signal at each of these moments."""

        async def strike() -> None:
            assert self._process is not None
            self._process.send_signal(number)
            if number is signal.SIGKILL:
                await self._process.wait()

        self.proxy.losses, self.proxy.then = [*moments], strike

    def kept(self) -> list[Path]:
        """The purchases that are not over."""
        return [*self._state.glob("ringbolt/purchases/*")]


@pytest_asyncio.fixture(loop_scope="module")
async def buyer(desk: Desk, tmp_path: Path) -> AsyncIterator[Buyer]:
    async with lossy_proxy(desk.url) as proxy:
        buyer = Buyer(desk, proxy, tmp_path)
        await buyer.look()
        yield buyer


async def test_lost_answers_cost_nothing_but_time(buyer: Buyer) -> None:
    buyer.proxy.losses = [("pay", "after"), ("redeem", "before"), ("redeem", "after")]

    bought = await buyer.call()

    assert (bought.code, bought.json["digits"]) == (0, "1#"), bought.err
    assert buyer.proxy.seen.count("redeem") == 3
    assert f"status: {bought.json['status_url']}" in bought.err
    assert await buyer.look() == (1, PRICE_MSAT)
    assert buyer.kept() == []


@pytest.mark.parametrize(
    "moment",
    [("pay", "before"), ("pay", "after"), ("redeem", "before"), ("redeem", "after"),
     ("status", "after")],
    ids=" ".join,
)  # fmt: skip
async def test_a_killed_purchase_is_resumed(buyer: Buyer, moment: Moment) -> None:
    buyer.interrupt(signal.SIGKILL, moment)
    assert (await buyer.call()).code == -signal.SIGKILL

    resumed = await buyer.run("call", "--resume")

    assert (resumed.code, resumed.json["digits"]) == (0, "1#"), resumed.err
    assert await buyer.look() == (1, PRICE_MSAT)
    assert buyer.kept() == []
    assert (await buyer.run("call", "--resume")).code == 2, "there is nothing to resume any more"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
async def test_a_stopped_purchase_shows_the_credential_and_how_to_go_on(
    buyer: Buyer, number: signal.Signals
) -> None:
    buyer.interrupt(number, ("redeem", "before"))
    with _in_the_foreground():
        stopped = await buyer.call()

    assert stopped.code == 128 + number
    assert re.search(r"Authorization: L402 \S+:[0-9a-f]{64}$", stopped.err, re.MULTILINE)
    command = re.search(r"^  (.* call --resume \w+)$", stopped.err, re.MULTILINE)
    assert command is not None, stopped.err
    resumed = await buyer.copied(command[1])
    assert resumed.code == 0, resumed.err
    assert await buyer.look() == (1, PRICE_MSAT)


@contextmanager
def _in_the_foreground() -> Iterator[None]:
    """Commands start with SIGINT as a terminal has it, also where the tests run in the background
    of a shell without job control, which starts them with SIGINT ignored."""
    was = signal.getsignal(signal.SIGINT)
    if was is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, was)


async def test_a_purchase_in_the_background_of_a_script_is_not_stopped_by_ctrl_c(
    buyer: Buyer,
) -> None:
    buyer.interrupt(signal.SIGINT, ("redeem", "before"))
    was = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        bought = await buyer.call()
    finally:
        signal.signal(signal.SIGINT, was)

    assert bought.code == 0, bought.err
    assert await buyer.look() == (1, PRICE_MSAT)


async def test_both_ways_out_of_a_failed_call_work_as_they_are_printed(buyer: Buyer) -> None:
    failed = await buyer.call(BUSY)

    assert (failed.code, failed.json["charged_sats"]) == (4, 0)
    for way in (failed.json["resume"], failed.json["claim"], failed.json["authorization"]):
        assert way in failed.err
    tried_again = await buyer.copied(failed.json["resume"])
    assert (tried_again.code, tried_again.json["status"]) == (4, "busy")
    claimed = await buyer.copied(tried_again.json["claim"])
    assert (claimed.code, claimed.json) == (0, {"claimed_sats": 50})
    assert (await buyer.look())[1] == 0
    assert buyer.kept() == []
