"""Shops, workers and the simulated world as real processes, which may be killed or stopped; and
buyers who do not give up."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ringbolt.cli.buyer.challenge import read_challenge
from ringbolt.cli.buyer.wallet import Wallet
from support import speech
from support.processes import reaper
from support.servers.ports import HeldPort
from support.speech import TEXT
from support.waiting import eventually

SECRET = "5e" * 32
LONG_S = 400.0
"""Bound of what waits for processes that are killed, start anew and take over."""


class ServerProcess:
    """One ``ringbolt`` command that keeps running, on a port and a data folder of its own."""

    def __init__(self, command: list[str], data_dir: Path, **environment: str) -> None:
        self._port = HeldPort()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.log = data_dir.with_name(data_dir.name + ".log")
        self._command = command
        self.environment = {
            **{name: value for name, value in os.environ.items() if "RINGBOLT" not in name},
            "RINGBOLT_PORT": str(self.port),
            "RINGBOLT_DATA_DIR": str(data_dir),
            "RINGBOLT_SECRET": SECRET,
            "RINGBOLT_LIMITS": "off",
            "RINGBOLT_LOG_FORMAT": "json",
            "RINGBOLT_SPEECH_TIMEOUT_S": "120",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        speech.link_into(self.data_dir)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ringbolt", *self._command],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        reaper.ends_with_us(self.process.pid)

    async def ready(self) -> None:
        """Wait until it answers."""

        async def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return await is_up(self.url)

        await eventually(answers, LONG_S)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process is not None:
            reaper.forget(self.process.pid)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same shop, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "ringbolt", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@contextlib.asynccontextmanager
async def running_process(
    command: list[str], data_dir: Path, **environment: str
) -> AsyncIterator[ServerProcess]:
    """A process that answers; killed at the end of the block, and if it never comes up."""
    process = ServerProcess(command, data_dir, **environment)
    process.start()
    try:
        await process.ready()
        yield process
    finally:
        process.kill()


async def is_up(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=10) as http:
            return (await http.get(f"{url}/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


@contextlib.contextmanager
def world_process(directory: Path, speed: int) -> Iterator[ServerProcess]:
    """The simulated world by itself. It is never killed."""
    world = ServerProcess(["simulator"], directory / "world", RINGBOLT_SIMULATOR_SPEED=str(speed))
    world.start()
    try:
        yield world
    finally:
        world.signal(signal.SIGCONT)
        world.kill()


@dataclass
class Phones:
    """A hand at the phones of a world, and a look into its wallet."""

    world: ServerProcess
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=60))

    async def calls(self, number: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.world.url}/simulator/phones/{number}")
        calls: list[dict[str, Any]] = answer.json()["calls"]
        return calls

    async def rings(self, number: str) -> dict[str, Any]:
        """The call that rings at ``number``, once it does."""

        async def ringing() -> dict[str, Any] | None:
            calls = await self.calls(number)
            return calls[-1] if calls and calls[-1]["state"] == "ringing" else None

        call: dict[str, Any] = await eventually(ringing)
        return call

    async def do(self, number: str, what: str) -> None:
        answer = await self.http.post(f"{self.world.url}/simulator/phones/{number}/{what}")
        answer.raise_for_status()

    async def balance_msat(self) -> int:
        answer = await self.http.get(f"{self.world.url}/simulator/wallet/v1/balance/channels")
        return int(answer.json()["local_balance"]["msat"])


class PatientBuyer:
    """Buys one call from a shop that comes and goes: asks again until it is answered.

    ``acknowledged`` is the answer to the paid request, once there was one.
    """

    def __init__(self, shop_url: str, world_url: str, number: str) -> None:
        self.number = number
        self.acknowledged: dict[str, Any] | None = None
        self.price_msat = 0
        self.report: dict[str, Any] = {}
        self._shop = shop_url
        self._http = httpx.AsyncClient(timeout=60)
        self._wallet = Wallet(f"{world_url}/simulator/wallet")
        self._authorization = ""

    @property
    def body(self) -> dict[str, Any]:
        return {"phone_number": self.number, "message": TEXT}

    async def pay(self) -> None:
        async def asked() -> httpx.Response | None:
            answer = await self._post({})
            return answer if answer is not None and answer.status_code == 402 else None

        challenge = read_challenge(await eventually(asked, LONG_S))
        self.price_msat = challenge.amount_sats * 1000
        preimage = await self._wallet.pay(challenge.invoice, 10)
        self._authorization = f"L402 {challenge.macaroon}:{preimage}"

    async def redeem(self) -> dict[str, Any]:
        """Show the credential until it is honoured."""

        async def shown() -> dict[str, Any] | None:
            answer = await self._post({"Authorization": self._authorization})
            if answer is None or answer.status_code == 503:
                return None
            assert answer.status_code == 200, answer.text
            document: dict[str, Any] = answer.json()
            return document

        self.acknowledged = await eventually(shown, LONG_S)
        assert self.acknowledged is not None
        return self.acknowledged

    async def redeem_once(self) -> httpx.Response:
        answer = await self._post({"Authorization": self._authorization})
        assert answer is not None, "the shop is gone"
        return answer

    async def follow(self, *wanted: str) -> dict[str, Any]:
        """Read the status until the order is in one of the states ``wanted``."""
        assert self.acknowledged is not None
        url = self.acknowledged["status_url"]

        async def reached() -> bool:
            answer = await self._get(url)
            if answer is None or answer.status_code == 503:
                return False
            assert answer.status_code == 200, f"an acknowledged order is lost: {answer.text}"
            self.report = answer.json()
            return self.report["order_state"] in wanted

        await eventually(reached, LONG_S)
        return self.report

    async def claim(self) -> None:
        """Withdraw the refund into the wallet, repeating the same request until it is taken."""
        refund = self.report["refund"]
        k1 = refund["withdraw_url"].rsplit("/", 1)[1]
        invoice = await self._wallet.create_invoice(refund["refund_amount"], "refund")

        async def claimed() -> bool:
            answer = await self._get(f"{self._shop}/lnurl/callback", k1=k1, pr=invoice)
            return answer is not None and answer.json()["status"] == "OK"

        await eventually(claimed, LONG_S)

    async def buy(self) -> str:
        """From the first request to the end of the order, refund included; the end."""
        await self.pay()
        await self.redeem()
        await self.follow("settled", "failed")
        if self.report["order_state"] == "failed":
            await self.claim()
            await self.follow("returned")
        return str(self.report["order_state"])

    async def close(self) -> None:
        await self._http.aclose()
        await self._wallet.close()

    async def _post(self, headers: dict[str, str]) -> httpx.Response | None:
        try:
            url = f"{self._shop}/api/l402/place-call"
            return await self._http.post(url, json=self.body, headers=headers)
        except httpx.HTTPError:
            return None

    async def _get(self, url: str, **params: str) -> httpx.Response | None:
        try:
            return await self._http.get(url, params=params or None)
        except httpx.HTTPError:
            return None
