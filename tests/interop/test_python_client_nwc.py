"""The client pays by a Nostr wallet whose service side is Alby's, as its publisher made it: its
encryption, signatures and messages are not ours."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from ringbolt_client import AsyncRingbolt, NotPaid, NwcWallet
from ringbolt_client.nostr.keys import Keys
from support.npm import Package, install
from support.numbers import ANSWERS
from support.servers.relay import Relay, running_relay
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACKAGE = Package(
    "@getalby/sdk",
    "8.0.3",
    "dist/esm/nwc.js",
    "605fafceb4c0746a40b54e535dd60f0d44d13e28af8f9c96a9a54a29b403f39e",
)
PRICE = 50
CLIENT, SERVICE = Keys("1" * 64), Keys("2" * 64)

_SERVICE = """
import { NWCWalletService, NWCWalletServiceKeyPair } from "@getalby/sdk/nwc";
const [relay, wallet, secret, client, can] = process.argv.slice(2);
const ask = async (path, body) => {
  const answer = await fetch(wallet + path, body && { method: "POST", body: JSON.stringify(body) });
  const lines = (await answer.text()).trim().split("\\n");
  return JSON.parse(lines[lines.length - 1]).result;
};
const refused = (code, message) => ({ error: { code, message }, result: undefined });
const service = new NWCWalletService({ relayUrls: [relay] });
await service.publishWalletServiceInfoEvent(secret, ["pay_invoice", "lookup_invoice"], []);
await service.subscribe(new NWCWalletServiceKeyPair(secret, client), {
  payInvoice: async ({ invoice }) => {
    if (can !== "pay") return refused("INSUFFICIENT_BALANCE", "nothing is left");
    const sent = { payment_request: invoice, timeout_seconds: 60, fee_limit_sat: 100 };
    const payment = await ask("/v2/router/send", sent);
    return { result: { preimage: payment.payment_preimage, fees_paid: 0 }, error: undefined };
  },
  lookupInvoice: async ({ payment_hash }) => {
    const name = Buffer.from(payment_hash, "hex").toString("base64url").padEnd(44, "=");
    const payment = await ask(`/v2/router/track/${name}?no_inflight_updates=true`);
    if (payment?.status !== "SUCCEEDED") return refused("NOT_FOUND", "no such payment");
    const preimage = payment.payment_preimage;
    const result = { type: "outgoing", state: "settled", settled_at: 1, payment_hash, preimage };
    return { result, error: undefined };
  },
});
console.log("listening");
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Alby's SDK and the script ``service.mjs``."""
    folder = tmp_path_factory.mktemp("alby-sdk")
    await install(PACKAGE, folder)
    (folder / "service.mjs").write_text(_SERVICE)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    folder = tmp_path_factory.mktemp("shop")
    async with running_shop(settings_for(folder, speech_dir)) as running:
        yield running


@asynccontextmanager
async def alby_wallet(
    sdk: Path, shop: ShopServer, *, can: str = "pay"
) -> AsyncIterator[tuple[Relay, str]]:
    """A relay with Alby's wallet service behind it, and the address that the wallet shows."""
    node = shutil.which("node")
    assert node is not None
    async with running_relay() as relay:
        process = await asyncio.create_subprocess_exec(
            *(node, "--experimental-websocket", "service.mjs", relay.url),
            *(f"{shop.url}/simulator/wallet", "2" * 64, CLIENT.public, can),
            cwd=sdk,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(PATIENCE_S):
                assert (await process.stdout.readline()).strip() == b"listening"
            secret = f"secret={'1' * 64}"
            yield relay, f"nostr+walletconnect://{SERVICE.public}?relay={relay.url}&{secret}"
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.mark.parametrize("lost", [0, 1], ids=["answered", "the answer is lost"])
async def test_it_pays_once_whatever_is_lost(
    sdk: Path, shop: ShopServer, tmp_path: Path, lost: int
) -> None:
    before = await shop.wallet_sats()
    async with alby_wallet(sdk, shop) as (relay, uri):
        relay.loses = lost
        wallet = NwcWallet(uri, timeout_s=5)
        async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path) as client:
            order = await client.call(ANSWERS, "Hello.")
            assert (await order.wait()).or_fail().charged_sats == PRICE
            assert client.unfinished() == []
    assert len(relay.requests()) == 1 + lost
    assert {event.tag("encryption") for event in relay.requests()} == {"nip44_v2"}
    assert before - await shop.wallet_sats() == PRICE


async def test_by_nip04_too(
    sdk: Path, shop: ShopServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbolt_client.nostr.conversation.NIP44", "what the wallet does not have")
    async with alby_wallet(sdk, shop) as (relay, uri):
        wallet = NwcWallet(uri, timeout_s=5)
        async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path) as client:
            order = await client.call(ANSWERS, "Hello.")
            assert (await order.wait()).or_fail().charged_sats == PRICE
    assert [event.tag("encryption") for event in relay.requests()] == ["nip04"]


async def test_an_empty_wallet_costs_nothing(sdk: Path, shop: ShopServer, tmp_path: Path) -> None:
    async with alby_wallet(sdk, shop, can="nothing") as (_, uri):
        wallet = NwcWallet(uri, timeout_s=5)
        async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path) as client:
            with pytest.raises(NotPaid, match="nothing is left"):
                await client.call(ANSWERS, "Hello.")
            assert client.unfinished() == []


async def test_a_code_is_paid_by_a_payment_that_is_held(
    sdk: Path, shop: ShopServer, tmp_path: Path
) -> None:
    before = await shop.wallet_sats()
    async with alby_wallet(sdk, shop) as (_, uri):
        wallet = NwcWallet(uri, timeout_s=60)
        async with AsyncRingbolt(shop.url, wallet=wallet, state_dir=tmp_path) as client:
            order = await client.receive_code("sim-code")
            assert (await order.wait()).or_fail().code
            price = order.price_sats
    assert before - await shop.wallet_sats() == price
