"""A difference of the audit is closed with a reason, beside the running shop."""

from __future__ import annotations

import httpx
import pytest

from cli.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_payment_that_the_books_do_not_know_is_named_and_explained(desk: Desk) -> None:
    bought = await desk.run("call", "+1234567890", "Hello.", "--server", desk.url)
    assert bought.code == 0, bought.err
    async with httpx.AsyncClient(timeout=60) as http:
        made = await http.post(f"{desk.wallet}/v1/invoices", json={"value": "21"})
        body = {"payment_request": made.json()["payment_request"], "timeout_seconds": 10}
        sent = await http.post(f"{desk.url}/simulator/node/v2/router/send", json=body)
        assert sent.status_code == 200, sent.text

    red = await desk.run("audit")
    assert red.code == 1
    [difference] = red.json["open"]
    assert difference["amount_msat"] == 21_000
    assert "21000 msat" in difference["what"]

    refused = await desk.run("audit", "acknowledge", "zz", "--reason", "mine")
    assert (refused.code, "no difference" in refused.err) == (1, True)
    explained = await desk.run("audit", "acknowledge", difference["id"], "--reason", "my own")
    assert explained.code == 0, explained.err
    assert explained.json["differences_left"] == 0

    green = await desk.run("audit")
    assert (green.code, green.json["agrees"]) == (0, True)
    [known] = green.json["acknowledged"]
    assert (known["reason"], known["amount_msat"]) == ("my own", 21_000)
