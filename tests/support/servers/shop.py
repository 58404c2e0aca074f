"""A whole shop behind HTTP on loopback, with the simulated world inside, for tests.

Phones ring and talk fifty times faster than real ones; speech is real, and kept in one folder
for the whole session, so that only the first test of a sentence waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.operator.audit_report import AuditReport
from ringbolt.bootstrap import OpenShop, open_shop
from ringbolt.cli.guarded_http import TIMEOUTS, ConnectionTimeouts
from ringbolt.cli.http_server import BackgroundServer, listen, reachable_url, server_config
from ringbolt.settings import Settings
from ringbolt.store import calls, ledger, orders
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.metadata import metadata
from support import speech
from support.clients.l402 import L402Client
from support.servers.in_flight import InFlight
from support.waiting import PATIENCE_S, eventually

SPEED = 50.0
BY_HAND: dict[str, Any] = {"simulator": {"speed": 2.0}, "calls": {"ring_timeout_s": 120}}
"""Options of a shop whose phones wait until a test answers them: they ring for 60 seconds."""


class ShopServer(L402Client):
    """A running shop, and everything that a buyer, a phone or an auditor does to it."""

    def __init__(
        self, opened: OpenShop, url: str, http: httpx.AsyncClient, requests: InFlight
    ) -> None:
        super().__init__(url, opened.world_url, http)
        self.opened = opened
        self.requests = requests
        self.shop = opened.shop

    async def audit(self) -> AuditReport:
        """What ``ringbolt audit`` compares; the node's word of a payment may still be coming."""
        try:
            return await self.audit_when(lambda report: report.agrees)
        except AssertionError:
            return await self.audit_now()

    async def audit_when(
        self, happened: Callable[[AuditReport], bool], within_s: float = PATIENCE_S
    ) -> AuditReport:
        async def probe() -> AuditReport | None:
            report = await self.audit_now()
            return report if happened(report) else None

        return await eventually(probe, within_s)

    async def audit_now(self) -> AuditReport:
        shop = self.shop
        return await audit_shop(shop.db, shop.keyring, shop.node, shop.payer)

    async def rows(self) -> dict[str, int]:
        """How many rows each table holds, but for the rounds that begin by themselves."""

        def count(tx: Tx) -> dict[str, int]:
            where = {"job": " WHERE kind NOT IN ('sweep', 'look_after_holds')"}
            return {
                name: int(
                    tx.conn.exec_driver_sql(
                        f"SELECT count(*) FROM {name}{where.get(name, '')}"
                    ).scalar_one()
                )
                for name in metadata.tables
            }

        return await self.shop.db.read(count)

    async def attempts(self, document: dict[str, Any]) -> list[Attempt]:
        return await self.shop.db.read(calls.attempts, document["call_id"])

    async def transfers(self, document: dict[str, Any]) -> list[tuple[str, int]]:
        """Kind and sats of every transfer of an order, its payment included, in order."""

        def read(tx: Tx) -> list[tuple[str, int]]:
            order = orders.by_id(tx, document.get("call_id") or document["order_id"])
            assert order is not None
            rows = tx.conn.exec_driver_sql(
                "SELECT kind, amount_msat FROM transfer WHERE state = 'posted' AND "
                f"(order_id = '{order.id}' OR idem = 'inv:{order.payment_hash}') ORDER BY id"
            )
            return [(str(kind), int(amount) // 1000) for kind, amount in rows]

        return await self.shop.db.read(read)

    async def balance_sats(self, account: str) -> int:
        found = await self.shop.db.read(ledger.balance, account)
        return found.posted_msat // 1000


def settings_for(data_dir: Path, speech_dir: Path, **overrides: Any) -> Settings:
    """A shop's settings: fast phones, no limits, speech from the shared folder."""
    speech.share(speech_dir)
    speech.link_into(data_dir)
    options: dict[str, Any] = {
        "port": 0,
        "data_dir": data_dir,
        "limits": "off",
        "trusted_proxies": "127.0.0.1",  # tests come from many addresses
        "speech": {"timeout_s": 120, "warm_up": False},
        **overrides,
    }
    options["simulator"] = {"speed": SPEED, **overrides.get("simulator", {})}
    return Settings(**options)


class _PromptServer(BackgroundServer):
    """Looks ten times as often as uvicorn whether it is to stop: hundreds of shops are stopped."""

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running_shop(
    settings: Settings, timeouts: ConnectionTimeouts = TIMEOUTS
) -> AsyncIterator[ShopServer]:
    """The shop of ``ringbolt serve``, in this process, until the end of the block."""
    sock = listen("127.0.0.1", 0)
    url = reachable_url(sock)
    async with open_shop(settings, url) as opened:
        requests = InFlight(opened.server)
        server = _PromptServer(server_config(requests, settings, timeouts=timeouts), opened.work)
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        timeout = httpx.Timeout(PATIENCE_S)
        async with httpx.AsyncClient(base_url=url, timeout=timeout) as http:
            shop = ShopServer(opened, url, http, requests)
            try:
                await eventually(lambda: _ready(shop, serving))
                yield shop
            finally:
                server.should_exit = True
        await serving
        failure = server.failure()
        if failure is not None:
            raise failure
    sock.close()


async def _ready(shop: ShopServer, serving: asyncio.Task[None]) -> bool:
    """Serving, and connected to the node and the carrier if they answer."""
    if serving.done():
        await serving
    try:
        return (await shop.http.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False
