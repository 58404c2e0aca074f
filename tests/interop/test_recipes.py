"""The recipes run as they are printed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support import npm
from support.clients.agent import agent_at, agent_of
from support.clients.orders import OrderClient
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import LONG_S

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
SHOP = "http://127.0.0.1:8402"
LIGHTNING_TOOLS = npm.Package(
    "@getalby/lightning-tools",
    "9.0.1",
    "dist/esm/402.js",
    "48368248e5721de3b3551762efa7ee0a60b7e068d00c44e890dff18ce51c588f",
)
_EXPRESSION = re.compile(
    r"\{\{ (?:\$\('(?P<node>\w+)'\)\.item\.json|\$json)\.(?P<path>[\w.]+) \}\}"
)


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as running:
        yield running


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


async def run(*command: str, **environment: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment or None,
    )
    async with asyncio.timeout(LONG_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_tool_of_langchain_asks_by_phone(shop: ShopServer, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile")
    code, _, said = await run(*pip, "--only-binary=:all:", "--target", str(site), "langchain-core")
    if code:
        pytest.skip(f"langchain-core cannot be installed here: {said[-200:]}")
    program = block("python").replace(SHOP, shop.url)
    path = f"{ROOT / 'client/src'}:{site}"
    state = {"XDG_STATE_HOME": str(tmp_path), "LANGSMITH_TRACING": "false"}
    code, out, said = await run(sys.executable, "-c", program, PYTHONPATH=path, **state)
    assert (code, out.strip()) == (0, "1"), said


def value(written: str, nodes: dict[str, Any], last: Any) -> str:
    """A parameter of a node: text, or after '=' text with expressions."""
    if not written.startswith("="):
        return written

    def looked_up(found: re.Match[str]) -> str:
        item = nodes[found["node"]] if found["node"] else last
        for name in found["path"].split("."):
            item = item[name]
        return str(item)

    text = _EXPRESSION.sub(looked_up, written[1:])
    assert "{{" not in text, "every expression is understood"
    return text


async def test_a_workflow_of_n8n_sends_a_text(shop: ShopServer) -> None:
    workflow = json.loads(block("json"))
    nodes = {node["name"]: node["parameters"] for node in workflow["nodes"]}
    answers: dict[str, Any] = {}
    name, last = "Ask", None
    while True:
        node = nodes[name]
        assert (node["sendBody"], node["specifyBody"]) == (True, "json")
        headers = {
            each["name"]: value(each["value"], answers, last)
            for each in node.get("headerParameters", {"parameters": []})["parameters"]
        }
        url = value(node["url"], answers, last).replace(SHOP, shop.url)
        body = json.loads(value(node["jsonBody"], answers, last))
        answer = await shop.http.request(node["method"], url, json=body, headers=headers)
        never_fails = node["options"].get("response", {}).get("response", {}).get("neverError")
        assert answer.is_success or never_fails, answer.text
        answers[name] = last = answer.json()
        following = workflow["connections"].get(name)
        if following is None:
            break
        name = following["main"][0][0]["node"]
    assert list(answers) == ["Ask", "Pay", "Send"]
    assert answers["Send"]["status"] == "queued"
    await shop.until(answers["Send"], lambda status: status["status"] == "delivered")
    (shown,) = await OrderClient(shop).texts_on("+12025550130")
    assert shown["text"] == "Your table is ready."


async def test_curl_has_a_text_spoken(shop: ShopServer, tmp_path: Path) -> None:
    script = f"set -eu; cd {tmp_path}; " + block("sh").replace(SHOP, shop.url)
    code, _, said = await run("bash", "-c", script)
    assert code == 0, said
    assert (tmp_path / "said.mp3").stat().st_size > 1000
    assert (await shop.audit()).differences == []


async def test_javascript_sends_a_text(shop: ShopServer, tmp_path: Path) -> None:
    await npm.install(LIGHTNING_TOOLS, tmp_path)
    (tmp_path / "send.mjs").write_text(block("js").replace(SHOP, shop.url))
    assert (await npm.run("node", "send.mjs", cwd=tmp_path)).strip() == "queued 1000"


async def test_the_configurations_of_agent_programs_work(shop: ShopServer) -> None:
    """Each JSON of the guide, as an agent program would use it, with this shop's address."""
    page = (ROOT / "docs/mcp.md").read_text(encoding="utf-8")
    found = re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    servers = [json.loads(each)["mcpServers"]["ringbolt"] for each in found]
    over_http = [each for each in servers if "url" in each]
    commands = [each for each in servers if "command" in each]
    assert over_http and len(commands) > 1
    key = await OrderClient(shop).new_key()
    for each in over_http:
        assert (each["type"], each["url"]) == ("http", "https://shop.example/mcp")
        assert each["headers"].keys() == {"X-API-Key", "X-Budget-Sats"}
        budget = each["headers"]["X-Budget-Sats"]
        async with agent_at(shop.url, X_API_Key=key, X_Budget_Sats=budget) as agent:
            assert "call_phone" in await agent.names()
    for each in commands:
        assert each["command"] == "ringbolt"
        options = [shop.url if part == "https://shop.example" else part for part in each["args"]]
        if "--wallet" in options:  # nobody's wallet is asked before something is bought
            options = [*options[: options.index("--wallet")], "--play-wallet"]
        environment = {**os.environ, "RINGBOLT_API_KEY": ""}
        async with agent_of([sys.executable, "-m", "ringbolt", *options], environment) as agent:
            assert "call_phone" in await agent.names()
