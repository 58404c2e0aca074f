"""The official TypeScript client of the Model Context Protocol buys, over HTTP and on standard
input; the inspector's command line lists and calls tools."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support import npm
from support.clients.orders import OrderClient
from support.npm import Package
from support.numbers import LISTENS
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import PATIENCE_S

SDK = Package(
    "@modelcontextprotocol/sdk",
    "1.32.2",
    "dist/esm/client/index.js",
    "db6cc643f5cc095b2fd0b70bf691d1775f07a317e97555e3928559e815f5e32a",
)
INSPECTOR = Package(
    "@modelcontextprotocol/inspector-cli",
    "1.0.3",
    "build/index.js",
    "3b2873a75c0d7f11044aa5c5a6e8a19523b08eaa21c5295b4188d282ff372512",
)
TEXT = {"phone": LISTENS, "message": "Hello"}

_BUY = """
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [where, text, pay] = process.argv.slice(2).map((each) => JSON.parse(each));
const transport = where.url
  ? new StreamableHTTPClientTransport(new URL(where.url))
  : new StdioClientTransport({ ...where, env: process.env });
const client = new Client({ name: "test", version: "1" });
await client.connect(transport);
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const order = (await client.callTool({ name: "send_text", arguments: text })).structuredContent;
if (pay) {
  fetch(pay, {
    method: "POST",
    body: JSON.stringify({ payment_request: order.invoice, timeout_seconds: 60 }),
  }).then((answer) => answer.text());
}
let progress = 0;
const wait = { name: "wait_for_result", arguments: { order_id: order.order_id, seconds: 600 } };
const options = { onprogress: () => { progress += 1; }, resetTimeoutOnProgress: true };
const result = (await client.callTool(wait, undefined, options)).structuredContent;
console.log(JSON.stringify({ tools, order, result, progress }));
process.exit(0);
"""


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as running:
        yield running


async def bought(folder: Path, *arguments: Any) -> dict[str, Any]:
    """What the script tells of its purchase."""
    await npm.install(SDK, folder)
    script = folder / "buy.mjs"
    script.write_text(_BUY)
    node = shutil.which("node")
    assert node is not None
    out = await npm.run(node, str(script), *map(json.dumps, arguments), cwd=folder)
    document: dict[str, Any] = json.loads(out)
    return document


async def test_the_typescript_client_buys_over_http(shop: ShopServer, tmp_path: Path) -> None:
    wallet = f"{shop.url}/simulator/wallet/v2/router/send"
    told = await bought(tmp_path, {"url": f"{shop.url}/mcp"}, TEXT, wallet)
    assert "call_phone" in told["tools"]
    assert told["result"]["order"]["smsStatus"] in ("sent", "delivered")
    assert told["progress"] > 0
    assert (await shop.audit()).differences == []


async def test_the_typescript_client_buys_by_a_command(shop: ShopServer, tmp_path: Path) -> None:
    options = ["--server", shop.url, "--play-wallet", "--budget-sats", "2000"]
    command = {"command": sys.executable, "args": ["-m", "ringbolt", "mcp", *options]}
    told = await bought(tmp_path, command, TEXT, "")
    assert (told["order"]["paid"], told["order"]["budget_left_sats"]) == (True, 950)
    assert told["result"]["is_delivered"] is True


async def test_the_inspector_lists_and_calls_tools(shop: ShopServer, tmp_path: Path) -> None:
    await npm.install(INSPECTOR, tmp_path)
    node = shutil.which("node")
    assert node is not None
    program = tmp_path / "node_modules" / INSPECTOR.name / INSPECTOR.file
    # It reads its name from the package that it is a part of where it is developed.
    (program.parents[2] / "package.json").write_text('{"name": "inspector", "version": "1.0.3"}')

    async def inspect(*options: str) -> Any:
        where = (f"{shop.url}/mcp", "--transport", "http")
        return json.loads(await npm.run(node, str(program), *where, *options, cwd=tmp_path))

    listed = await inspect("--method", "tools/list")
    assert "send_text" in {tool["name"] for tool in listed["tools"]}
    arguments = [f"{name}={value}" for name, value in TEXT.items()]
    called = await inspect(
        *("--method", "tools/call", "--tool-name", "send_text"), "--tool-arg", *arguments
    )
    client = OrderClient(shop)
    payment = client.pay(called["structuredContent"]["invoice"])
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
