"""Alby's lightning-tools, unmodified, buys from a running shop by MPP and by L402.

It echoes only ``id``, ``realm``, ``method``, ``intent``, ``request`` and ``expires`` of a
``Payment`` challenge.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.clients.l402 import PATH, say
from support.clients.paid_services import paid_examples
from support.npm import Package, install, run
from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACKAGE = Package(
    "@getalby/lightning-tools",
    "9.0.1",
    "dist/esm/402.js",
    "48368248e5721de3b3551762efa7ee0a60b7e068d00c44e890dff18ce51c588f",
)
PRICE = 50

_BUY = """
import * as tools from "@getalby/lightning-tools/402";
const [name, url, wallet, body, headers, seen] = process.argv.slice(2);
const plainFetch = globalThis.fetch;
if (seen) globalThis.fetch = async (...request) => {  // as behind a proxy that keeps one line
  const answer = await plainFetch(...request);
  const lines = answer.headers.get("www-authenticate");
  if (!lines) return answer;
  const shown = new Headers(answer.headers);
  shown.set("www-authenticate", lines.slice(lines.indexOf(seen)));
  return new Response(await answer.text(), { status: answer.status, headers: shown });
};
const payInvoice = async ({ invoice }) => {
  const asked = { payment_request: invoice, timeout_seconds: 60, fee_limit_sat: 100 };
  const sent = { method: "POST", body: JSON.stringify(asked) };
  const answer = await (await plainFetch(`${wallet}/v2/router/send`, sent)).json();
  return { preimage: answer.result.payment_preimage };
};
const request = { method: "POST", body, headers: JSON.parse(headers) };
const answer = await tools[name](url, request, { wallet: { payInvoice } });
console.log(JSON.stringify({
  status: answer.status,
  scheme: answer.payment?.credentials.value.split(" ")[0],
  receipt: answer.headers.get("payment-receipt"),
  body: await answer.json(),
}));
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with lightning-tools and the script ``buy.mjs``."""
    folder = tmp_path_factory.mktemp("lightning-tools")
    await install(PACKAGE, folder)
    (folder / "buy.mjs").write_text(_BUY)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(
    tools: Path, tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    folder = tmp_path_factory.mktemp("shop")
    async with running_shop(settings_for(folder, speech_dir)) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Buying:
    """How a client buys: by which function, what it says it accepts, and which line it sees."""

    function: str
    scheme: str
    headers: str = "{}"
    seen: str = ""


ACCEPTS = '{"accept-payment": "lightning/charge"}'


@pytest.mark.parametrize(
    "how",
    [
        Buying("fetchWithMpp", "Payment", seen="Payment"),
        Buying("fetchWithMpp", "Payment", headers=ACCEPTS),
        Buying("fetch402", "Payment", seen="Payment"),
        Buying("fetch402", "Payment", headers=ACCEPTS),
        Buying("fetch402", "L402"),
        Buying("fetchWithL402", "L402"),
    ],
    ids=lambda how: f"{how.function}-{how.scheme}-{'sees one' if how.seen else how.headers}",
)
async def test_lightning_tools_buys_a_call(shop: ShopServer, tools: Path, how: Buying) -> None:
    wallet, body = f"{shop.url}/simulator/wallet", json.dumps(say(ANSWERS, reference=str(how)))
    before = await shop.wallet_sats()

    output = await run(
        *("node", "buy.mjs", how.function, shop.url + PATH, wallet, body, how.headers, how.seen),
        cwd=tools,
    )

    answer: dict[str, Any] = json.loads(output)
    assert (answer["status"], answer["scheme"]) == (200, how.scheme), answer
    assert answer["receipt"]
    assert (await shop.until_over(answer["body"]))["charged_sats"] == PRICE
    assert before - await shop.wallet_sats() == PRICE


@pytest.mark.parametrize(
    "how",
    [
        Buying("fetchWithMpp", "Payment", headers=ACCEPTS),
        Buying("fetch402", "L402"),
        Buying("fetchWithL402", "L402"),
    ],
    ids=lambda how: how.function,
)
async def test_lightning_tools_buys_every_paid_service(
    shop: ShopServer, tools: Path, how: Buying
) -> None:
    wallet = f"{shop.url}/simulator/wallet"
    for service in await paid_examples(shop.http):
        before = await shop.wallet_sats()
        body = json.dumps(service.body | {"reference": how.function})
        output = await run(
            *("node", "buy.mjs", how.function, shop.url + service.path, wallet, body, how.headers),
            *("",),
            cwd=tools,
        )

        answer: dict[str, Any] = json.loads(output)
        assert (answer["status"], answer["scheme"]) == (200, how.scheme), (service, answer)
        assert answer["receipt"], service
        assert before - await shop.wallet_sats() == answer["body"]["price_sats"]
