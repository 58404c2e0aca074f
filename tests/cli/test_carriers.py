"""``ringbolt carriers`` and ``ringbolt providers``, beside a running shop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cli.conftest import Desk
from support.processes.shop import running_process, world_process
from support.servers.twilio import account
from support.waiting import eventually

PARTS = {
    "RINGBOLT_CALLS_CARRIERS": json.dumps(
        [
            {"type": "simulated", "name": "trunk", "prefixes": ["+1"], "cost_card": "cards.csv"},
            {"type": "simulated", "name": "rest"},
        ]
    ),
}
ANSWERS = "+1234567890"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def carriers_desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("carriers")
    (folder / "cards.csv").write_text("prefix,cost,currency\n1,7,SAT\n")
    parts = {
        name: text.replace("cards.csv", str(folder / "cards.csv")) for name, text in PARTS.items()
    }
    quick = {"RINGBOLT_SIMULATOR_SPEED": "20"}
    with world_process(folder, 20) as far_end:
        vendor = account(far_end.url, name="vendor", senders=["+12025550199"])
        texts = json.dumps([{"type": "simulated", "name": "rest"}, vendor])
        parts["RINGBOLT_SMS_CARRIERS"] = texts
        async with running_process(["serve"], folder / "data", **quick, **parts) as shop:
            await far_end.ready()
            yield Desk(shop)


async def lines(desk: Desk, *arguments: str) -> list[dict[str, Any]]:
    ran = await desk.run(*arguments)
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


async def listed(desk: Desk, *command: str) -> dict[tuple[str, str], dict[str, Any]]:
    ran = await desk.run(*command)
    assert ran.code == 0, ran.err
    found = [json.loads(line) for line in ran.out.splitlines()]
    return {(each["area"], each["name"]): each for each in found}


@pytest.mark.asyncio(loop_scope="module")
async def test_each_carrier_is_listed_with_what_it_did_cost_and_earned(
    carriers_desk: Desk,
) -> None:
    ran = await carriers_desk.run("call", ANSWERS, "Hello", "--wait")
    assert ran.code == 0, ran.err

    async def booked() -> dict[tuple[str, str], dict[str, Any]] | None:
        found = await listed(carriers_desk, "carriers", "list")
        return found if found["calls", "trunk"]["cost_msat"] else None

    found = await eventually(booked, every_s=0.5)

    assert set(found) == {
        ("calls", "trunk"),
        ("calls", "rest"),
        ("sms", "rest"),
        ("sms", "vendor"),
        ("mail", "simulated"),
    }
    trunk = found["calls", "trunk"]
    assert (trunk["state"], trunk["serves"], trunk["asked"], trunk["success_percent"]) == (
        "asked",
        "+1",
        1,
        100.0,
    )
    assert trunk["cost_msat"] == 7000
    assert trunk["earned_msat"] > 7000
    assert found["calls", "rest"]["asked"] == 0
    money = await carriers_desk.run("money", "--json")
    today = json.loads(money.out.splitlines()[0])
    assert (today["carriers_msat"], today["carriers_at_most_msat"]) == (7000, 0)
    by_day = await lines(carriers_desk, "money", "--days", "3")
    assert [day["earned_msat"] for day in by_day] == [0, 0, today["earned_msat"]]
    assert [day["cost_msat"] for day in by_day] == [0, 0, today["cost_msat"]]
    [destination] = await lines(carriers_desk, "carriers", "destinations")
    assert (destination["calls"], destination["success_percent"]) == (1, 100.0)
    assert await lines(carriers_desk, "jobs", "list") == []


@pytest.mark.asyncio(loop_scope="module")
async def test_providers_are_listed_by_a_command_of_their_own(carriers_desk: Desk) -> None:
    found = await listed(carriers_desk, "providers")
    assert set(found) == {("numbers", "simulated")}
    assert ("calls", "trunk") in await listed(carriers_desk, "carriers")
    assert await listed(carriers_desk, "providers", "list") == found
    assert found["numbers", "simulated"]["success_percent"] is None


@pytest.mark.asyncio(loop_scope="module")
async def test_a_test_call_rings_and_is_no_order(carriers_desk: Desk) -> None:
    ran = await carriers_desk.run("carriers", "test", "trunk", ANSWERS)

    assert ran.code == 0, ran.err
    assert (ran.json["result"], ran.json["detail"].split()[0]) == ("accepted", "completed")
    calls = await listed_calls(carriers_desk.url, ANSWERS)
    assert calls[-1]["from"] == "+12025550199"
    orders = await carriers_desk.run("orders", "list", "--json")
    assert len(orders.out.splitlines()) <= 1  # at most the one that another test has bought


async def listed_calls(url: str, number: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient() as http:
        phone = (await http.get(f"{url}/simulator/phones/{number}")).json()
    calls: list[dict[str, Any]] = phone["calls"]
    return calls


@pytest.mark.asyncio(loop_scope="module")
async def test_a_test_text_and_a_test_mail_arrive(carriers_desk: Desk) -> None:
    text = await carriers_desk.run("carriers", "test", "sms.rest", "+12025550147")
    mail = await carriers_desk.run("carriers", "test", "simulated", "me@shop.example")

    assert (text.code, text.json["result"]) == (0, "accepted"), text.err
    assert (mail.code, mail.json["result"]) == (0, "accepted"), mail.err
    async with httpx.AsyncClient() as http:
        phone = (await http.get(f"{carriers_desk.url}/simulator/phones/+12025550147")).json()
        box = (await http.get(f"{carriers_desk.url}/simulator/mailbox/me@shop.example")).json()
    assert phone["messages"][-1]["text"].startswith("This is a test")
    assert box["messages"][-1]["subject"] == "A test by Ringbolt"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_test_text_is_followed_at_a_carrier_that_is_asked_by_its_own_id(
    carriers_desk: Desk,
) -> None:
    ran = await carriers_desk.run("carriers", "test", "vendor", "+12025550147")

    assert (ran.code, ran.json["result"]) == (0, "accepted"), ran.out + ran.err
    assert ran.json["detail"] == "delivered"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("nobody", "+12025550147"),
            "no carrier nobody; there are: trunk, calls.rest, sms.rest, vendor.",
        ),
        (("rest", "+12025550147"), "write calls.rest or sms.rest"),
        (("trunk", "+8821612345678"), "+8821612345678"),
        (("trunk", "12025550147"), "E.164"),
        (("simulated", "me@"), "is not"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_be_tested_is_said_in_words(
    carriers_desk: Desk, arguments: tuple[str, str], said: str
) -> None:
    ran = await carriers_desk.run("carriers", "test", *arguments)
    assert ran.code != 0
    assert said in ran.err
    assert "Traceback" not in ran.err
