"""openapi-python-client, unmodified, makes a client of the document, and that buys a call."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for

GENERATOR = "openapi-python-client==0.29.1"
LOST = ("Unable to process schema", "Could not find reference")
"""What the generator says of a document that it cannot make a whole client of."""

_BUY = """
import json, sys, httpx
from shop_api import AuthenticatedClient, Client
from shop_api.api.pay_per_request import call_status_api_l402_calls_token_get as status_of
from shop_api.api.pay_per_request import place_call
from shop_api.models import PaymentRequired, PlaceCallPlaceCall

url, wallet, number = sys.argv[1:]
wish = PlaceCallPlaceCall(phone_number=number, message="Hello.")
asked = place_call.sync(client=Client(base_url=url), body=wish)
assert isinstance(asked, PaymentRequired), asked
sent = {"payment_request": asked.invoice, "timeout_seconds": 60, "fee_limit_sat": 100}
paid = httpx.post(f"{wallet}/v2/router/send", json=sent, timeout=60).json()["result"]
token = f"{asked.macaroon}:{paid['payment_preimage']}"
buyer = AuthenticatedClient(base_url=url, token=token, prefix="L402")
placed = place_call.sync(client=buyer, body=wish)
status = status_of.sync(placed.status_url.rpartition("/")[2], client=Client(base_url=url))
told = [asked.amount_sats, placed.price_sats, status.order_state, placed.status_url]
print(json.dumps(told))
"""


async def run(*command: str, **environment: str) -> tuple[int | None, str, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=pipe, env={**os.environ, **environment}
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_generated_client_buys_a_call(tmp_path: Path, speech_dir: Path) -> None:
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile")
    code, _, said = await run(*pip, "--only-binary=:all:", "--target", str(site), GENERATOR)
    if code:
        pytest.skip(f"openapi-python-client cannot be installed here: {said[-200:]}")
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as shop:
        document = tmp_path / "openapi.json"
        document.write_text((await shop.http.get("/openapi.json")).text)
        where = ("--path", str(document), "--output-path", str(tmp_path / "made/shop_api"))
        generate = (sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none")
        code, out, said = await run(*generate, *where, PYTHONPATH=str(site))
        assert code == 0, said
        assert not any(each in out + said for each in LOST), out + said
        await _buys(shop, f"{tmp_path / 'made'}:{site}")


async def _buys(shop: ShopServer, path: str) -> None:
    wallet = f"{shop.url}/simulator/wallet"
    code, out, said = await run(
        sys.executable, "-c", _BUY, shop.url, wallet, ANSWERS, PYTHONPATH=path
    )
    assert code == 0, said
    assert out.startswith("[50, 50, "), out
    assert (await shop.audit()).differences == []
