"""Agents buy over /mcp, with the official client, in both eras of the protocol."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ringbolt.core.closed_sales import ClosedSales
from support.clients.agent import Era, agent_at
from support.clients.orders import OrderClient
from support.numbers import ANSWERS, BUSY, LISTENS
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = {"phone": LISTENS, "message": "Hello"}
TEXT_SATS = 1000
_VALID: dict[str, dict[str, Any]] = {
    "call_phone": {"phone": ANSWERS, "message": "Hello"},
    "send_text": TEXT,
    "send_email": {"address": "ann@inbox.example", "message": "Hello"},
    "receive_code": {"service": "sim-code"},
    "rent_number": {"country": "US", "hours": 4},
    "wait_for_result": {"order_id": "0" * 64, "seconds": 1},
    "get_order": {"order_id": "0" * 64},
    "cancel_order": {"order_id": "0" * 64},
    "accept_text": {"order_id": "0" * 64},
    "claim_refund": {"link": "lnurl1x"},
    "top_up": {"sats": 1000},
}
ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])


@pytest.fixture
def buyer(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


async def posted(shop: ShopServer, **headers: str) -> tuple[int, str]:
    """Status and error code of a request by hand."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    sent = {"Accept": "application/json, text/event-stream"} | headers
    answer = await shop.http.post("/mcp", json=call, headers=sent)
    return answer.status_code, answer.headers.get("x-error-code", "")


async def posted_names(shop: ShopServer) -> list[str]:
    async with agent_at(shop.url) as agent:
        return await agent.names()


@ERAS
async def test_a_call_with_keys_is_bought_end_to_end(buyer: OrderClient, era: Era) -> None:
    async with agent_at(buyer.shop.url, era) as agent:
        order = await agent.use(
            "call_phone", phone=ANSWERS, message="Press 1.", ask_for_keys=True, most_keys=4
        )
        assert order["paid"] is False
        payment = buyer.pay(order["invoice"])
        result = await agent.wait(order)

    assert result["is_delivered"] is True
    assert (result["order"]["callStatus"], result["order"]["digits"]) == ("completed", "1")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    assert any(", call " in words for words in agent.progress), agent.progress


async def test_a_call_that_is_busy_costs_nothing(buyer: OrderClient) -> None:
    async with agent_at(buyer.shop.url) as agent:
        order = await agent.use("call_phone", phone=BUSY, message="Hello")
        payment = buyer.pay(order["invoice"])
        result = await agent.wait(order)

    assert result["is_delivered"] is False
    assert "returns by itself" in result["next_step"]
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"


async def test_a_code_is_received(buyer: OrderClient) -> None:
    async with agent_at(buyer.shop.url) as agent:
        services = (await agent.use("list_services"))["services"]
        assert "tg" in {each["service"] for each in services}
        order = await agent.use("receive_code", service="telegram", country="US")
        payment = buyer.pay(order["invoice"])
        status = await buyer.until(order["order_id"], lambda seen: seen.get("number"))
        waiting = asyncio.create_task(agent.wait(order))
        await buyer.text_to(status["number"], "Your code is 48010")
        result = await waiting

    assert result["order"]["codeText"] == "48010"
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"


async def test_rental_e_mail_and_text(buyer: OrderClient) -> None:
    async with agent_at(buyer.shop.url) as agent:
        rented = await agent.use("rent_number", country="US", hours=4)
        buyer.pay(rented["invoice"])
        assert "number" in (await agent.wait(rented))["order"]
        mail = await agent.use("send_email", address="satoshi@example.com", message="Hello")
        buyer.pay(mail["invoice"])
        assert (await agent.wait(mail))["order"]["emailStatus"] in ("sent", "delivered")
        text = await agent.use("send_text", **TEXT)
        assert (text["price_sats"], text["segments"]) == (TEXT_SATS, 1)


@pytest.mark.parametrize(
    ("buy", "fields", "sats", "unit"),
    [
        ("call", {"phone": ANSWERS, "minutes": 2}, 100, "minute"),
        ("text", TEXT, TEXT_SATS, "segment"),
        ("email", {"message": "Hello"}, 1000, "e-mail"),
        ("code", {"service": "telegram", "country": "US"}, 3000, "code"),
        ("rent", {"country": "US", "hours": 8}, 30000, "hour"),
    ],
)
async def test_a_price_is_quoted(
    shared_shop: ShopServer, buy: str, fields: dict[str, Any], sats: int, unit: str
) -> None:
    async with agent_at(shared_shop.url) as agent:
        quote = await agent.use("quote", buy=buy, **fields)
    assert (quote["price_sats"], quote["unit"]) == (sats, unit)


async def test_an_unpaid_order_is_cancelled(buyer: OrderClient) -> None:
    async with agent_at(buyer.shop.url) as agent:
        order = await agent.use("send_text", **TEXT)
        cancelled = await agent.use("cancel_order", order_id=order["order_id"])
    assert (cancelled["state"], cancelled["is_over"]) == ("expired", True)


async def test_the_same_request_id_buys_once(buyer: OrderClient) -> None:
    name = "0f5f3b8e-5a58-4c5c-9c22-3f0e6a1b7d11"
    async with agent_at(buyer.shop.url) as agent:
        first = await agent.use("send_text", request_id=name, **TEXT)
        again = await agent.use("send_text", request_id=name, **TEXT)
    assert first["order_id"] == again["order_id"]


async def test_refusals_say_what_to_do(buyer: OrderClient) -> None:
    async with agent_at(buyer.shop.url) as agent:
        refused = await agent.fail("send_text", phone="12", message="Hello")
        assert (refused["error"], refused["field"]) == ("INVALID_PHONE_NUMBER", "phone")
        dear = await agent.fail("send_text", max_sats=TEXT_SATS - 1, **TEXT)
        assert dear["error"] == "PRICE_TOO_HIGH"
        assert "get_balance" not in await agent.names()
        for tool, arguments in {
            "send_text": {"to": "+1", "message": "x"},
            "no_such_tool": {},
            "get_order": {"order_id": "0" * 64},
            "claim_refund": {"link": "https://elsewhere.example/x"},
            "accept_text": {"order_id": "../../operator"},
        }.items():
            await agent.fail(tool, **arguments)


async def test_a_prepaid_key_pays_within_its_budget(buyer: OrderClient) -> None:
    key = await buyer.new_key(sats=5 * TEXT_SATS)
    budget = str(2 * TEXT_SATS)
    async with agent_at(buyer.shop.url, X_API_Key=key, X_Budget_Sats=budget) as agent:
        buying = (agent.client.call_tool("send_text", TEXT | {"message": f"{n}"}) for n in range(4))
        results = await asyncio.gather(*buying)
        placed = [each.structured_content for each in results if not each.is_error]
        refused = [each.structured_content for each in results if each.is_error]
        assert (await agent.use("get_balance"))["balance_sats"] == 3 * TEXT_SATS
        by_invoice = await agent.use("send_text", pay_by_invoice=True, **TEXT)

    assert [each["paid"] for each in placed] == [True, True]
    assert {each["error"] for each in refused} == {"BUDGET_EXCEEDED"}
    assert by_invoice["paid"] is False


_WILD: list[Any] = [
    None, True, -1, 0, 10**30, 1e308, "", "x" * 5000, "\x00", "+1234567890", "a@b.example", "é",
    "' OR 1=1 --", [], {}, [[[[]]]], {"a": {"b": None}}, "😀", "1" * 400,
]  # fmt: skip


async def test_wild_arguments_are_answered_and_cost_what_they_say(buyer: OrderClient) -> None:
    key = await buyer.new_key(sats=50 * TEXT_SATS)
    chosen = Random(7)
    async with agent_at(buyer.shop.url, X_API_Key=key) as agent:
        tools = (await agent.client.list_tools()).tools
        spent = 0
        for tool in tools:
            for _ in range(12):
                names = chosen.sample([*tool.input_schema["properties"], "surplus"], k=1)
                given = _VALID.get(tool.name, {}) | {name: chosen.choice(_WILD) for name in names}
                result = await agent.client.call_tool(tool.name, given)
                told = result.structured_content or {}
                assert told["next_step"], (tool.name, given)
                assert not told.get("is_fault"), (tool.name, given, told)
                spent += told["price_sats"] if told.get("paid") else 0
        balance = (await agent.use("get_balance"))["balance_sats"]
    assert balance <= 50 * TEXT_SATS
    orders = await buyer.shop.http.get("/history", headers={"X-API-Key": key})
    assert orders.status_code == 200
    assert balance >= 50 * TEXT_SATS - spent, "nothing was charged that no answer has named"


async def test_money_that_came_back_is_in_the_budget_again(buyer: OrderClient) -> None:
    key = await buyer.new_key(sats=1000)
    async with agent_at(buyer.shop.url, X_API_Key=key, X_Budget_Sats="60") as agent:
        for number in (BUSY, ANSWERS):
            order = await agent.use("call_phone", phone=number, message="Hello")
            await agent.wait(order)
        spent = await agent.fail("call_phone", phone=ANSWERS, message="Hello again")
    assert spent["error"] == "BUDGET_EXCEEDED"


async def test_a_key_is_topped_up(buyer: OrderClient) -> None:
    key = await buyer.new_key()
    async with agent_at(buyer.shop.url, X_API_Key=key) as agent:
        empty = await agent.fail("send_text", **TEXT)
        assert (empty["error"], "top_up" in empty["next_step"]) == ("INSUFFICIENT_FUNDS", True)
        funding = await agent.use("top_up", sats=5000)
        assert await buyer.pay(funding["invoice"]) == "SUCCEEDED"
        await agent.wait(funding)
        assert (await agent.use("get_balance"))["balance_sats"] == 5000


async def test_a_refund_of_a_purchase_by_l402_is_claimed(shared_shop: ShopServer) -> None:
    _, answer = await shared_shop.buy({"phone_number": BUSY, "message": "Hello."})
    report = await shared_shop.until(answer, lambda status: status.get("refund"))
    link = report["refund"]["lnurl_withdraw"]
    async with agent_at(shared_shop.url) as agent:
        offer = await agent.use("claim_refund", link=link)
        invoice = await shared_shop.wallet_invoice(offer["refund_sats"])
        await agent.use("claim_refund", link=link, invoice=invoice)
        await shared_shop.until(answer, lambda status: status["order_state"] == "returned")
        assert (await agent.fail("claim_refund", link=link))["error"] == "NOT_WITHDRAWN"


async def test_strangers_pages_and_names_are_refused(shared_shop: ShopServer) -> None:
    host = shared_shop.url.removeprefix("http://")
    assert (await posted(shared_shop))[0] == 200
    assert (await posted(shared_shop, Origin=shared_shop.url))[0] == 200
    assert await posted(shared_shop, Origin="https://evil.example") == (403, "UNKNOWN_ORIGIN")
    assert await posted(shared_shop, Host="evil.example") == (403, "UNKNOWN_HOST")
    assert await posted(shared_shop, Host="evil.example", Origin="http://evil.example") == (
        403,
        "UNKNOWN_HOST",
    )
    assert (await posted(shared_shop, Host=f"[::1]:{host.rpartition(':')[2]}"))[0] == 200


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b"null", b'{"a":' * 20_000, b'{"jsonrpc":"2.0","id":1}', b"\xff"]
)
async def test_what_is_no_request_gets_a_4xx(shared_shop: ShopServer, body: bytes) -> None:
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    answer = await shared_shop.http.post("/mcp", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


async def test_other_methods_and_large_bodies_are_refused(shared_shop: ShopServer) -> None:
    shown = await shared_shop.http.get("/mcp")
    assert (shown.status_code, shown.headers["allow"]) == (405, "POST")
    assert (await shared_shop.http.post("/mcp", content=b"x" * 300_000)).status_code == 413


async def test_what_is_not_sold_is_not_offered(
    tmp_path: Path, speech_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"limits": "on", "abuse": {"reads_per_minute": 20}}
    async with running_shop(settings_for(tmp_path / "shop", speech_dir, **options)) as shop:
        key = await OrderClient(shop).new_key()
        everything = await posted_names(shop)
        shop.shop.terms.closed = ClosedSales(services=("text",))
        assert set(everything) - set(await posted_names(shop)) == {"send_text"}
        async with agent_at(shop.url, X_API_Key=key) as agent:
            assert "send_text" not in await agent.names()
            refused = await agent.fail("send_text", **TEXT)
            assert refused["error"] == "SERVICE_CLOSED"
        statuses = [(await posted(shop))[0] for _ in range(25)]
    assert 429 in statuses, "the limits by client address count here, too"
    assert key not in caplog.text


async def test_what_no_part_delivers_is_not_offered(tmp_path: Path, speech_dir: Path) -> None:
    options: dict[str, Any] = {"mail": {"servers": []}}
    async with running_shop(settings_for(tmp_path / "shop", speech_dir, **options)) as shop:
        names = await posted_names(shop)
        assert {"send_email", "send_text"} & set(names) == {"send_text"}
        async with agent_at(shop.url) as agent:
            refused = await agent.fail("send_email", address="ann@inbox.example", message="Hi")
            assert refused["error"] in ("NO_MAIL_SERVER", "NO_CARRIER", "NOT_SOLD_NOW")
