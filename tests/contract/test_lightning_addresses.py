"""What a resolver of Lightning Addresses must do, and what the simulated world's answer."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.errors import Unavailable
from ringbolt.core.lightning import bolt11
from ringbolt.lightning.lnd.node import LndNode
from ringbolt.lightning.node import PaymentSucceeded
from ringbolt.lightning.payout import AddressRefused, AddressResolver
from ringbolt.lightning.simulated.addresses import SimulatedAddresses
from support.servers.world import WorldServer, serving

ALICE = "alice@wallet.example"


@dataclass
class Rig:
    world: WorldServer
    addresses: SimulatedAddresses
    shop: LndNode
    wallet: LndNode

    async def fund_shop(self, sats: int) -> None:
        """The shop's node starts with nothing: the wallet pays it."""
        invoice = await self.shop.create_invoice(sats * 1000, "", 600, secrets.token_bytes(32))
        assert isinstance(await self.wallet.pay(invoice.bolt11, 0, 10), PaymentSucceeded)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.world.url) as http:
            return await http.get(f"/simulator/addresses/{path}", params=query)

    async def received(self, address: str) -> int:
        sats: int = (await self.get(f"{address}/received")).json()["sats_received"]
        return sats


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    server = WorldServer(tmp_path)
    await server.start()
    made = Rig(
        server,
        SimulatedAddresses(server.url, server.world.clock),
        LndNode(f"{server.url}/simulator/node", "00"),
        LndNode(f"{server.url}/simulator/wallet", "00"),
    )
    yield made
    for part in (made.addresses, made.shop, made.wallet):
        await part.close()
    await server.stop()


async def test_the_shops_node_pays_the_invoice_of_an_address(rig: Rig) -> None:
    await rig.fund_shop(500)
    resolver: AddressResolver = rig.addresses
    invoice = await resolver.invoice_for(ALICE, 100_000, "a share")
    assert isinstance(await rig.shop.pay(invoice, 0, 10), PaymentSucceeded)
    assert await rig.received(ALICE) == 100
    assert await rig.received("bob@wallet.example") == 0


async def test_the_invoice_is_anothers_and_for_exactly_what_was_asked(rig: Rig) -> None:
    read = bolt11.decode(await rig.addresses.invoice_for(ALICE, 21_000, ""))
    assert (read.amount_msat, read.network) == (21_000, "regtest")
    assert read.payee.hex() == (await rig.wallet.info()).pubkey
    metadata = (await rig.get(ALICE)).json()["metadata"]
    assert read.description_hash == hashlib.sha256(metadata.encode()).digest()


async def test_every_call_makes_another_invoice(rig: Rig) -> None:
    first = await rig.addresses.invoice_for(ALICE, 1000, "")
    assert await rig.addresses.invoice_for(ALICE, 1000, "") != first


async def test_what_was_not_paid_is_not_received(rig: Rig) -> None:
    await rig.addresses.invoice_for(ALICE, 1000, "")
    assert await rig.received(ALICE) == 0


async def test_what_was_received_outlives_the_world(rig: Rig) -> None:
    await rig.fund_shop(10)
    await rig.shop.pay(await rig.addresses.invoice_for(ALICE, 7_000, ""), 0, 10)
    await rig.world.restart()
    assert await rig.received(ALICE) == 7


async def test_upper_case_and_a_plus_are_the_same_address(rig: Rig) -> None:
    await rig.fund_shop(10)
    invoice = await rig.addresses.invoice_for("Alice+Tips@Wallet.Example", 3_000, "")
    await rig.shop.pay(invoice, 0, 10)
    assert await rig.received("alice%2Btips@wallet.example") == 3


async def test_an_address_that_does_not_exist_is_refused(rig: Rig) -> None:
    with pytest.raises(AddressRefused, match="no such address"):
        await rig.addresses.invoice_for("nobody7@wallet.example", 1000, "")


async def test_what_is_no_address_is_refused(rig: Rig) -> None:
    with pytest.raises(AddressRefused, match="no such address"):
        await rig.addresses.invoice_for("alice@127.0.0.1", 1000, "")


async def test_too_small_an_amount_is_refused_with_the_limits(rig: Rig) -> None:
    with pytest.raises(AddressRefused, match="1000000 to") as refused:
        await rig.addresses.invoice_for("poor@wallet.example", 999_000, "")
    assert refused.value.min_msat == 1_000_000
    assert await rig.addresses.invoice_for("poor@wallet.example", 1_000_000, "")


async def test_the_document_is_as_lud_06_has_it(rig: Rig) -> None:
    document = (await rig.get(ALICE)).json()
    assert document["tag"] == "payRequest"
    assert document["minSendable"] <= document["maxSendable"]
    assert document["callback"].startswith(rig.world.url)
    missing = await rig.get("nobody@wallet.example")
    assert (missing.status_code, missing.json()["status"]) == (404, "ERROR")


@pytest.mark.parametrize("amount", ["", "0", "-5", "1.5", "999", "1" + "0" * 20, "٣٠٠٠"])
async def test_the_world_refuses_amounts_that_it_cannot_invoice(rig: Rig, amount: str) -> None:
    answer = await rig.get(f"{ALICE}/callback", amount=amount)
    assert (answer.status_code, answer.json()["status"]) == (400, "ERROR")


async def test_a_world_that_is_away_is_unavailable(rig: Rig) -> None:
    gone = SimulatedAddresses("http://127.0.0.1:1", rig.world.world.clock)
    with pytest.raises(Unavailable):
        await gone.invoice_for(ALICE, 1000, "")
    await gone.close()


METADATA = '[["text/plain","x"]]'
KEY = b"\x55" * 32


def forged(rig: Rig, **changes: Any) -> str:
    """An invoice as an address answers, but for ``changes``."""
    fields: dict[str, Any] = {
        "network": "regtest",
        "amount_msat": 1000,
        "timestamp_s": rig.world.world.clock.now_ms() // 1000,
        "payment_hash": bytes(32),
        "payment_secret": bytes(32),
        "private_key": KEY,
        "description_hash": hashlib.sha256(METADATA.encode()).digest(),
        "expiry_s": 600,
    }
    return bolt11.encode(**(fields | changes))


async def ask_forger(rig: Rig, invoice: str, *, status: int = 200) -> str:
    """What the resolver makes of a world that answers with ``invoice``."""

    async def describe(request: Request) -> JSONResponse:
        document = {
            "tag": "payRequest",
            # Another host: it must not be asked.
            "callback": "https://stranger.example/callback",
            "minSendable": 1,
            "maxSendable": 10_000,
            "metadata": METADATA,
        }
        return JSONResponse(document)

    async def callback(request: Request) -> Response:
        return JSONResponse({"pr": invoice}, status)

    app = Starlette(
        routes=[
            Route("/simulator/addresses/{address}", describe),
            Route("/callback", callback),
        ]
    )
    async with serving(app) as url:
        addresses = SimulatedAddresses(url, rig.world.world.clock)
        try:
            return await addresses.invoice_for(ALICE, 1000, "a comment that it does not take")
        finally:
            await addresses.close()


async def test_a_strangers_server_is_not_asked(rig: Rig) -> None:
    invoice = forged(rig)
    assert await ask_forger(rig, invoice) == invoice


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount_msat": 1001}, "1001 msat instead of 1000"),
        ({"amount_msat": None}, "any number of msat"),
        ({"network": "mainnet"}, "for mainnet, not regtest"),
        ({"description_hash": bytes(32)}, "does not belong"),
        ({"description_hash": None, "description": "x"}, "does not belong"),
        ({"timestamp_s": 1_600_000_000}, "expired"),
        ({"expiry_s": 10}, "expired"),
    ],
)
async def test_another_invoice_than_was_asked_for_is_refused(
    rig: Rig, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(AddressRefused, match=why):
        await ask_forger(rig, forged(rig, **changes))


async def test_what_is_no_invoice_is_refused(rig: Rig) -> None:
    with pytest.raises(AddressRefused, match="no invoice"):
        await ask_forger(rig, "lnbcrt1nonsense")


async def test_an_answer_of_nonsense_is_unavailable(rig: Rig) -> None:
    with pytest.raises(Unavailable):
        await ask_forger(rig, forged(rig), status=502)
