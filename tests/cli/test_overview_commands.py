"""The commands that show orders, calls and money, beside a running shop."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from cli.conftest import Desk, Ran
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWERS = "+1234567890"


def documents(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


async def test_an_operator_follows_an_order_from_the_list_to_its_money(desk: Desk) -> None:
    bought = await desk.run("call", ANSWERS, "A test.", "--server", desk.url)
    assert bought.code == 0, bought.err
    sid = bought.json["sid"]

    calls = documents(await desk.run("calls", "list", "--status", "completed"))
    call = next(each for each in calls if each["sid"] == sid)
    (order, *_) = documents(await desk.run("orders", "list", "--limit", "1", "--unmasked"))
    shown = await desk.run("orders", "show", call["order_id"])
    found = documents(await desk.run("orders", "find", ANSWERS))
    nobody = documents(await desk.run("orders", "find", "anna@example.com"))
    of_call = await desk.run("calls", "show", sid)
    money = {each["period"]: each for each in documents(await desk.run("money"))}

    assert call["order_id"] in {each["id"] for each in found}
    assert nobody == []
    assert call["to"] == "+12•••890"
    assert (order["to"], order["id"][:12]) == (ANSWERS, call["order_id"])
    assert [step["to"] for step in shown.json["steps"]][-2:] == ["fulfilled", "settled"]
    assert of_call.json["order"]["id"] == call["order_id"]
    assert money["today"]["earned_msat"] >= 50_000
    assert money["today"]["in_msat"] <= money["week"]["in_msat"]


async def test_tail_tells_steps_as_they_happen(desk: Desk) -> None:
    assert (await desk.run("call", ANSWERS, "One.", "--server", desk.url)).code == 0
    follower = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ringbolt", "orders", "tail", "--lines", "1",
        env=desk.shop.environment, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert follower.stdout is not None
    try:
        states: list[str] = []
        latest = json.loads(await follower.stdout.readline())
        bought = asyncio.create_task(desk.run("call", ANSWERS, "Again.", "--server", desk.url))
        async with asyncio.timeout(PATIENCE_S):
            while "settled" not in states:
                step = json.loads(await follower.stdout.readline())
                states += [step["to"]] if step["order"] != latest["order"] else []
    finally:
        follower.terminate()
        await follower.wait()
    assert (await bought).code == 0
    assert states[0] == "paid"
    assert states[-2:] == ["fulfilled", "settled"]


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("orders", "list", "--state", "lost"), 2, "awaiting_payment"),
        (("calls", "list", "--status", "lost"), 2, "no-answer"),
        (("orders", "show", "ffffffffffff"), 1, "There is no order"),
        (("orders", "show", "ff"), 1, "first 6 digits"),
    ],
)
async def test_what_does_not_exist_is_said_in_words(
    desk: Desk, command: tuple[str, ...], code: int, said: str
) -> None:
    ran = await desk.run(*command)

    assert ran.code == code
    assert said in ran.err
    assert "Traceback" not in ran.err
