"""Clients that nobody here wrote pay a 402 from the simulated wallet."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.simulator.lightning.invoice import InvoiceRequest
from ringbolt.simulator.lightning.network import WALLET_BALANCE_MSAT
from support.clients.l402_requests import l402_requests_client
from support.servers.world import WorldServer, running_world, serving
from support.waiting import PATIENCE_S

PRICE_MSAT = 210_000
MACAROON = "AgEEbDQwMgIEdGVzdAAABiA="  # opaque to every client


class Shop:
    """Sells one sentence for 210 sats by L402; the preimage is the key."""

    def __init__(self, server: WorldServer) -> None:
        self._network = server.world.lightning
        self.bodies: list[bytes] = []
        self.app = Starlette(routes=[Route("/sentence", self.sell, methods=["GET", "POST"])])

    async def sell(self, request: Request) -> Response:
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if scheme in ("L402", "LSAT"):
            macaroon, _, preimage = credential.rpartition(":")
            payment_hash = hashlib.sha256(bytes.fromhex(preimage)).digest()
            invoice = await self._network.find_invoice(self._network.shop, payment_hash)
            if macaroon == MACAROON and invoice is not None and invoice.state == "SETTLED":
                self.bodies.append(await request.body())
                return JSONResponse({"sentence": "Good morning."})
        invoice = await self._network.add_invoice(
            self._network.shop,
            InvoiceRequest(amount_msat=PRICE_MSAT, preimage=secrets.token_bytes(32)),
        )
        line = f'L402 macaroon="{MACAROON}", invoice="{invoice.bolt11}"'
        return JSONResponse({"error": "pay"}, 402, headers={"WWW-Authenticate": line})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path) as world:
        yield world


@pytest.fixture
async def shop(world: WorldServer) -> Shop:
    return Shop(world)


@pytest.fixture
async def shop_url(shop: Shop) -> AsyncIterator[str]:
    async with serving(shop.app) as url:
        yield f"{url}/sentence"


async def spent_msat(world: WorldServer) -> int:
    network = world.world.lightning
    return WALLET_BALANCE_MSAT - (await network.book(network.wallet)).balance_msat


async def bolt402(code: str, *args: str) -> tuple[int, str]:
    """Run ``code`` on bolt402 in a process of its own: it keeps the interpreter while it waits."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import sys, bolt402\n{textwrap.dedent(code)}",
        *args,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_bolt402_pays_and_gets_its_answer(
    world: WorldServer, shop: Shop, shop_url: str
) -> None:
    code = """
        client = bolt402.L402Client.with_lnd_rest(sys.argv[1], "00")
        answer = client.post(sys.argv[2], '{"say":"it"}')
        print(answer.status, answer.paid, client.total_spent())
    """
    assert await bolt402(code, f"{world.url}/simulator/wallet", shop_url) == (0, "200 True 210\n")
    assert shop.bodies == [b'{"say":"it"}']
    assert await spent_msat(world) == PRICE_MSAT


async def test_bolt402_reads_what_the_wallet_says_of_itself(world: WorldServer) -> None:
    code = """
        node = bolt402.LndRestBackend(sys.argv[1], "00")
        print(node.get_info().alias, node.get_balance(), sep=", ")
    """
    answer = await bolt402(code, f"{world.url}/simulator/wallet")
    assert answer == (0, "ringbolt simulated wallet, 10000000\n")


async def test_bolt402_learns_when_the_invoice_cannot_be_paid(world: WorldServer) -> None:
    network = world.world.lightning
    request = InvoiceRequest(amount_msat=PRICE_MSAT, preimage=secrets.token_bytes(32))
    invoice = await network.add_invoice(network.shop, request)
    await network.cancel_invoice(network.shop, invoice.payment_hash)
    code = "bolt402.LndRestBackend(sys.argv[1], '00').pay_invoice(sys.argv[2], 100)"

    status, output = await bolt402(code, f"{world.url}/simulator/wallet", invoice.bolt11)

    assert status == 1
    assert "INCORRECT_PAYMENT_DETAILS" in output
    assert await spent_msat(world) == 0


async def test_l402_requests_pays_and_gets_its_answer(
    world: WorldServer, shop: Shop, shop_url: str
) -> None:
    async with l402_requests_client(f"{world.url}/simulator/wallet") as client:
        answer = await client.post(shop_url, json={"say": "it"})
    assert answer.status_code == 200
    assert answer.json() == {"sentence": "Good morning."}
    assert len(shop.bodies) == 1
    assert await spent_msat(world) == PRICE_MSAT
