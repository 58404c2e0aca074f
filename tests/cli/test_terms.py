"""Prices and sales are changed by the operator's commands, beside the running shop."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cli.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
CALL = {"phone_number": "+1234567890", "message": "Hello."}


async def status_of_a_call(desk: Desk) -> int:
    async with httpx.AsyncClient(timeout=60) as http:
        return (await http.post(f"{desk.url}/api/l402/place-call", json=CALL)).status_code


async def test_prices_are_previewed_set_and_set_back(desk: Desk, tmp_path: Path) -> None:
    shown = await desk.run("terms", "show", "prices")
    assert shown.code == 0, shown.err
    table = tmp_path / "prices.csv"
    table.write_text(shown.out.replace("send,,,1000", "send,,,900"))

    preview = await desk.run("terms", "prices", str(table), "--preview")
    assert preview.code == 0, preview.err
    assert preview.json == [{"name": "send", "before": "1000", "after": "900"}]
    changed = await desk.run("terms", "prices", str(table), "--reason", "a cheaper carrier")
    assert changed.code == 0, changed.err
    assert "send,,,900" in (await desk.run("terms", "show", "prices")).out

    [change] = (await desk.run("terms", "history", "prices")).json
    assert change["reason"] == "a cheaper carrier"
    assert "@" in change["by"]
    assert (await desk.run("terms", "prices", "--reset")).code == 0
    assert "send,,,1000" in (await desk.run("terms", "show", "prices")).out
    restored = await desk.run("terms", "restore", str(change["id"]))
    assert restored.code == 0, restored.err
    assert "send,,,900" in (await desk.run("terms", "show", "prices")).out


async def test_the_shop_is_closed_and_opened(desk: Desk) -> None:
    closed = await desk.run("terms", "close", "--for", "2", "--reason", "We move house.")
    assert closed.code == 0, closed.err
    assert closed.json["is_closed"]
    assert await status_of_a_call(desk) == 503
    opened = await desk.run("terms", "open")
    assert opened.json["is_closed"] is False
    assert await status_of_a_call(desk) == 402


async def test_a_service_and_a_country_are_closed_one_after_the_other(desk: Desk) -> None:
    await desk.run("terms", "close", "call")
    both = await desk.run("terms", "close", "--country", "de")
    assert (both.json["services"], both.json["countries"]) == (["call"], ["DE"])
    assert await status_of_a_call(desk) == 503
    left = await desk.run("terms", "open", "call")
    assert (left.json["services"], left.json["countries"]) == ([], ["DE"])
    assert (await desk.run("terms", "open", "--country", "DE")).json["countries"] == []
    assert await status_of_a_call(desk) == 402


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("prices",), "--reset"),
        (("prices", "nowhere.csv"), "cannot be read"),
        (("close", "fax"), "no service"),
        (("restore", "999"), "no change 999"),
    ],
)
async def test_a_mistake_is_said_and_changes_nothing(
    desk: Desk, arguments: tuple[str, ...], says: str
) -> None:
    before = (await desk.run("terms", "history")).json
    refused = await desk.run("terms", *arguments)
    assert refused.code != 0
    assert says in refused.err
    assert (await desk.run("terms", "history")).json == before
