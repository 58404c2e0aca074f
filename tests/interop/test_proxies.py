"""A shop behind nginx and Caddy, by the files that are shipped for them; Tor reads its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio

from support.clients.pages import ACCEPT, PageClient
from support.servers.ports import HeldPort
from support.servers.proxies import DEPLOY, PROXIES, NoProxyError, proxy
from support.servers.shop import running_shop, settings_for
from support.waiting import PATIENCE_S

TEXT = {"phone_number": "+12025550177", "message": "Your table is ready."}


class Front(NamedTuple):
    """A visitor who comes through the proxy, and one who does not."""

    http: httpx.AsyncClient
    shop: PageClient


@pytest_asyncio.fixture(params=sorted(PROXIES))
async def front(
    request: pytest.FixtureRequest, tmp_path: Path, speech_dir: Path
) -> AsyncIterator[Front]:
    held = HeldPort()
    settings = settings_for(
        tmp_path / "shop",
        speech_dir,
        public_url=f"https://127.0.0.1:{held.number}",
        trusted_proxies="127.0.0.1",
    )
    async with running_shop(settings) as running:
        try:
            async with (
                proxy(request.param, held.number, running.url.removeprefix("http://")) as url,
                httpx.AsyncClient(base_url=url, verify=False, timeout=PATIENCE_S) as http,
            ):
                yield Front(http, PageClient(running))
        except NoProxyError as error:
            pytest.skip(f"no proxy: {error}")


async def test_an_order_is_bought_and_followed_live(front: Front) -> None:
    chosen = await front.http.get("/?lang=de", headers=ACCEPT)
    assert "Secure" in chosen.headers["set-cookie"]
    sent = await front.http.post("/text", data=TEXT, headers=ACCEPT)
    assert sent.status_code == 303, sent.text
    page = await front.http.get(sent.headers["location"], headers=ACCEPT)
    assert page.headers["referrer-policy"] == "no-referrer"

    events = f"{sent.headers['location']}/events"
    order = await front.shop.open(sent.headers["location"])
    async with front.http.stream("GET", events) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        async for line in lines:
            if "awaiting_payment" in line:
                break
        # The stream stays open: what follows arrives because it is not held back.
        payment = front.shop.pay(order.invoice)
        async for line in lines:
            if 'data-order-state="settled"' in line:
                break
        assert await payment == "SUCCEEDED"


@pytest.mark.parametrize(
    "path", ["/metrics", "/simulator", "/simulator/phones", "/v1/operator/keys"]
)
async def test_what_is_the_operators_is_not_outside(front: Front, path: str) -> None:
    assert (await front.http.get(path)).status_code == 404
    assert (await front.shop.http.get(path)).status_code != 404


async def test_the_api_is_served_and_its_links_are_the_public_ones(front: Front) -> None:
    call = {"phone_number": "+1234567890", "message": "Hello."}
    answer = await front.http.post("/api/l402/place-call", json=call)
    assert answer.status_code == 402
    assert "L402 " in answer.headers["www-authenticate"]
    openapi = (await front.http.get("/openapi.json")).json()
    assert openapi["servers"][0]["url"].startswith(str(front.http.base_url).rstrip("/"))


def test_tor_reads_its_file(tmp_path: Path) -> None:
    tor = shutil.which("tor", path="/usr/sbin:/usr/bin")
    if tor is None:
        pytest.skip("there is no tor (Debian's package of that name)")
    file = tmp_path / "torrc"
    file.write_text((DEPLOY / "torrc").read_text().replace("/var/lib/tor", str(tmp_path)))
    command = [tor, "--verify-config", "-f", str(file), "--DataDirectory", str(tmp_path / "data")]
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stdout
    assert "valid" in read.stdout
