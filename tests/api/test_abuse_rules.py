"""What keeps a shop from being misused: the same text to many, numbers next to one another, numbers
that are taken and given back, the hours of the night. Refused before there is an invoice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from api.conftest import OpenShop
from ringbolt.api.l402 import paid_url
from ringbolt.app.checkout.paid_limits import PaidLimits
from ringbolt.app.limits import destination_limits
from ringbolt.app.limits.destination_limits import limits_of
from ringbolt.core.commands import CallOrder
from ringbolt.store import spends, suppressions
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import rate_limit
from support.clients.l402 import MESSAGE, say
from support.clients.orders import GERMANY, OrderClient
from support.clients.voice import CALLS, VoiceClient
from support.clients.voice import assert_refused as assert_call_refused
from support.numbers import BUSY, LISTENS
from support.servers.shop import ShopServer

TEXT = "Your parcel {} waits for its customs duty"
RECEIVE = {"country": GERMANY, "service": "vk"}


def number(n: int) -> str:
    """Numbers of different blocks."""
    return f"+1202{555 + n}0100"


def text(n: int, digits: int = 7) -> dict[str, Any]:
    return {"phone": number(n), "message": TEXT.format(digits)}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process knows of limits is never old."""
    monkeypatch.setattr(paid_url, "PaidLimits", partial(PaidLimits, max_age_s=-1.0))


async def limited(open_shop: OpenShop, **abuse: Any) -> OrderClient:
    return OrderClient(await open_shop(limits="on", abuse=abuse, trusted_proxies="127.0.0.1,::1"))


async def paid(client: OrderClient, path: str, body: dict[str, Any]) -> None:
    order_id, _ = await client.buy(path, body)
    await client.until(order_id, lambda status: status["paid"])


async def rung(shop: ShopServer, to: str) -> None:
    """What is counted when a carrier is asked for a call, without the call."""
    call = CallOrder(to, 1, message=MESSAGE)
    limits = limits_of(shop.shop.policies.limits, call, "", shop.shop.hash_of("127.0.0.1"))
    assert await shop.shop.db.tx(destination_limits.count, limits) is None


def assert_refused(answer: httpx.Response, code: str) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["error_code"]) == (429, code), document
    assert int(answer.headers["retry-after"]) >= 1
    assert "Nothing was charged." in document["suggestion"]
    assert "www-authenticate" not in answer.headers
    return document


# The same text to many


async def test_one_buyer_sends_the_same_text_to_so_many_people(open_shop: OpenShop) -> None:
    client = await limited(open_shop, same_text_per_client_per_hour=2)
    for n in range(2):
        await paid(client, "/createsendorder", text(n, digits=n))
    reported = assert_refused(
        await client.post("/createsendorder", text(2, digits=99)), "SAME_TEXT_LIMIT_REACHED"
    )
    other = {"phone": number(2), "message": "Dinner is ready"}

    assert "2 at once, and one more every 30 minutes" in reported["reason"]
    assert "from one client address" in reported["reason"]
    assert (await client.post("/createsendorder", text(1))).status_code == 200, "who has it already"
    assert (await client.post("/createsendorder", other)).status_code == 200


async def test_letters_and_calls_say_it_to_so_many_too(open_shop: OpenShop) -> None:
    client = await limited(open_shop, same_text_per_client_per_hour=1)
    mail = {"message": TEXT.format(1)}
    await paid(client, "/createemailsendorder", {**mail, "address": "a@example.com"})
    written = await client.post("/createemailsendorder", {**mail, "address": "b@example.com"})
    spoken = await client.shop.post(say(number(1), TEXT.format(2)))

    assert_refused(written, "SAME_TEXT_LIMIT_REACHED")
    assert_refused(spoken, "SAME_TEXT_LIMIT_REACHED")


async def test_a_call_s_text_counts_for_the_next_call(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", abuse={"same_text_per_client_per_hour": 1})
    await rung(shop, number(0))
    marked_up = "<speak>hello <break time='1s'/></speak>"

    assert_refused(await shop.post(say(number(1), "HELLO!")), "SAME_TEXT_LIMIT_REACHED")
    assert_refused(await shop.post(say(number(1), marked_up)), "SAME_TEXT_LIMIT_REACHED")
    assert (await shop.post(say(number(0), "Hello"))).status_code == 402, "who heard it"
    assert (await shop.post(say(number(1), "Dinner is ready"))).status_code == 402


async def test_many_addresses_are_no_way_round_it(open_shop: OpenShop) -> None:
    client = await limited(open_shop, same_text_anonymous_per_hour=2)
    answers = []
    for n in range(3):
        sent = await client.post("/createsendorder", text(n), X_Forwarded_For=f"203.0.113.{n}")
        answers.append(sent)
        if sent.status_code == 200:
            client.pay(sent.json()["payreq"])
            await client.until(sent.json()["orderId"], lambda status: status["paid"])
    reported = assert_refused(answers[2], "SAME_TEXT_LIMIT_REACHED")

    assert "all buyers without a key" in reported["reason"]
    assert "balance of a key" in reported["suggestion"]


async def test_a_key_has_a_limit_of_its_own(open_shop: OpenShop) -> None:
    client = await limited(
        open_shop,
        same_text_per_client_per_hour=1,
        same_text_anonymous_per_hour=1,
        same_text_per_key_per_hour=2,
    )
    key = await client.new_key(10_000)
    answers = [
        await client.post("/createsendorder", {**text(n), "immediate": True}, X_API_Key=key)
        for n in range(3)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "from one key" in assert_refused(answers[2], "SAME_TEXT_LIMIT_REACHED")["reason"]
    assert (await client.post("/createsendorder", text(3))).status_code == 200, "others' count"


async def test_what_is_the_same_only_once_it_is_paid_is_paid_back(open_shop: OpenShop) -> None:
    client = await limited(open_shop, same_text_per_client_per_hour=1)
    created = [await client.order("/createsendorder", text(n)) for n in range(2)]
    for each in created:
        client.pay(each["payreq"])
    statuses = [
        await client.until(each["orderId"], lambda it: it["state"] in ("settled", "returned"))
        for each in created
    ]
    by_state = {status["state"]: status for status in statuses}

    assert set(by_state) == {"settled", "returned"}
    assert "too many different people" in by_state["returned"]["error"]
    assert (await client.shop.audit()).agrees


async def test_neither_texts_nor_numbers_are_kept_to_count_them(open_shop: OpenShop) -> None:
    client = await limited(open_shop)
    await paid(client, "/createsendorder", text(0))
    await rung(client.shop, number(0))

    def keys(tx: Tx) -> list[str]:
        return [row[0] for row in tx.run(select(rate_limit.c.key))]

    kept = await client.shop.shop.db.read(keys)
    assert {key.partition(":")[0] for key in kept} >= {
        "sms", "call", "contact", "block", "same", "seen",
    }  # fmt: skip
    assert not [key for key in kept if "2025550" in key or "parcel" in key or "hello" in key]


# Numbers


async def test_calls_and_texts_to_one_person_count_together(open_shop: OpenShop) -> None:
    client = await limited(open_shop, contacts_per_number_per_day=2)
    await paid(client, "/createsendorder", text(0))
    await rung(client.shop, number(0))
    voice = VoiceClient(client.shop, await client.new_key(1000))
    answers = [
        await client.post("/createsendorder", {"phone": number(0), "message": "And you?"}),
        await client.shop.post(say(number(0), "And you?")),
    ]
    called = await voice.ask("POST", CALLS, {"to": number(0), "sayText": "And you?"})

    for answer in answers:
        reported = assert_refused(answer, "DESTINATION_LIMIT_REACHED")
        said = reported.get("reason") or reported["error"]
        assert "calls and messages from us: 2 at once, and one more every 12 hours" in said
    assert assert_call_refused(called, 429)["code"] == "DESTINATION_LIMIT_REACHED"
    assert (await client.post("/createsendorder", text(1))).status_code == 200


async def test_numbers_next_to_one_another_count_together(open_shop: OpenShop) -> None:
    client = await limited(open_shop, contacts_per_block_per_hour=2)
    for n, message in enumerate(("One", "Two")):
        await paid(client, "/createsendorder", {"phone": f"+1202555010{n}", "message": message})
    beside = {"phone": "+12025550999", "message": "Three"}
    refused = await client.post("/createsendorder", beside)
    reported = assert_refused(refused, "DESTINATION_LIMIT_REACHED")

    assert "last 3 digits" in reported["reason"]
    assert_refused(await client.shop.post(say("+12025550999")), "DESTINATION_LIMIT_REACHED")
    assert (await client.shop.post(say("+12025551999"))).status_code == 402


async def test_so_much_is_sold_to_a_country_in_an_hour(open_shop: OpenShop) -> None:
    client = await limited(open_shop, hourly_country_sats=1000)
    await paid(client, "/createsendorder", text(0))
    german = {"phone": "+4915112345678", "message": "Hallo"}
    answer = await client.post("/createsendorder", {**text(1), "message": "Another"})
    reported = assert_refused(answer, "HOURLY_LIMIT_REACHED")

    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    assert "in an hour" in reported["reason"]
    assert_refused(await client.shop.post(say(number(1))), "HOURLY_LIMIT_REACHED")
    assert (await client.post("/createsendorder", german)).status_code == 200


async def test_a_call_that_is_paid_back_was_not_sold(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on")
    _, placed = await shop.buy(say(BUSY))
    await shop.until(placed, lambda status: status["order_state"] == "failed")
    failed = await shop.shop.db.read(spends.today)
    _, placed = await shop.buy(say(LISTENS))
    done = await shop.until_over(placed)

    assert set(failed.values()) == {0}
    assert done["status"] == "completed"
    assert (await shop.shop.db.read(spends.today))[spends.ALL] > 0


async def test_minutes_that_were_not_talked_were_not_sold(open_shop: OpenShop) -> None:
    client = await VoiceClient.with_balance(await open_shop(limits="on"))
    placed = await client.call({"to": LISTENS, "sayText": "Hello.", "maxMinutes": 3})
    await client.until(placed["callId"], lambda call: call["cost"])
    sold = (await client.shop.shop.db.read(spends.today))[spends.ALL]

    assert sold == placed["pricePerMinute"] * 1000


async def test_one_domain_gets_so_many_letters(open_shop: OpenShop) -> None:
    client = await limited(open_shop, mails_per_domain_per_hour=1)
    mail = {"address": "a@example.com", "message": "One"}
    await paid(client, "/createemailsendorder", mail)
    other = {"address": "b@Example.com", "message": "Two"}
    reported = assert_refused(
        await client.post("/createemailsendorder", other), "DESTINATION_LIMIT_REACHED"
    )

    assert "domain of this address" in reported["reason"]
    elsewhere = {**other, "address": "b@example.net"}
    assert (await client.post("/createemailsendorder", elsewhere)).status_code == 200


# Numbers that are given back


async def test_who_gives_numbers_back_again_and_again_is_leased_none(open_shop: OpenShop) -> None:
    shop = await open_shop(
        limits="on",
        abuse={"unused_numbers_per_hour": 2},
        orders={"cancel_after_s": 0},
        trusted_proxies="127.0.0.1,::1",
    )
    client = OrderClient(shop)
    for _ in range(2):
        order_id, _ = await client.buy("/createorder", RECEIVE)
        await client.until(order_id, lambda status: "number" in status)
        await shop.advance(130)
        cancelled = await client.post("/cancelorder", {"orderId": order_id})
        assert cancelled.status_code == 200, cancelled.text
    answer = await client.post("/createorder", RECEIVE)
    reported = assert_refused(answer, "TOO_MANY_UNUSED_NUMBERS")
    somebody = await client.post("/createorder", RECEIVE, X_Forwarded_For="203.0.113.9")
    await shop.advance(int(answer.headers["retry-after"]))

    assert "2 numbers back unused" in reported["reason"]
    assert somebody.status_code == 200
    assert (await client.post("/createorder", RECEIVE)).status_code == 200


# The night


def night(zone: str) -> str:
    """Quiet hours that have begun an hour ago over there, and end in about two."""
    now = datetime.now(UTC).astimezone(ZoneInfo(zone))
    return f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"


async def test_nobody_is_called_or_texted_at_night(open_shop: OpenShop) -> None:
    client = await limited(open_shop, quiet_hours=(f"US {night('America/New_York')}",))
    voice = VoiceClient(client.shop, await client.new_key(1000))
    answers = [
        await client.post("/createsendorder", text(0)),
        await client.shop.post(say(number(0))),
    ]
    called = await voice.ask("POST", CALLS, {"to": number(0), "sayText": "Hello"})

    for answer in answers:
        assert_refused(answer, "QUIET_HOURS")
        assert 7000 <= int(answer.headers["retry-after"]) <= 7200
    assert assert_call_refused(called, 429)["code"] == "QUIET_HOURS"
    german = {"phone": "+4915112345678", "message": "Hallo"}
    assert (await client.post("/createsendorder", german)).status_code == 200
    assert (await client.shop.post(say(LISTENS))).status_code == 402, "no time where it is"


async def test_what_is_paid_for_at_night_goes_back(open_shop: OpenShop) -> None:
    begins = datetime.now(UTC).astimezone(ZoneInfo("America/New_York")) + timedelta(minutes=5)
    hours = f"{begins:%H:%M}-{begins + timedelta(hours=8):%H:%M}"
    client = await limited(open_shop, quiet_hours=(hours,))
    created = await client.order("/createsendorder", text(0))
    bought = await client.shop.buy_credential(say(number(0)))
    await client.shop.advance(400)
    client.pay(created["payreq"])
    called = (await client.shop.post(say(number(0)), bought.authorization)).json()
    texted = await client.until(created["orderId"], lambda status: status["state"] == "returned")
    given_up = await client.shop.until(called, lambda status: status["order_state"] == "failed")

    assert "the quiet hours" in texted["error"]
    assert "the quiet hours" in given_up["reason"]
    assert given_up["refund"]["status"] == "pending"
    assert await client.texts_on(number(0)) == []


# Who wants nothing


async def test_who_wants_nothing_is_not_called_either(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop())
    shop = client.shop
    bought = await shop.buy_credential(say(number(0)))
    to_hash = shop.shop.hash_of(number(0))
    await shop.shop.db.tx(suppressions.add, "sms", to_hash, "asked by letter")
    answer = await shop.post(say(number(0)))
    voice = VoiceClient(shop, await client.new_key(1000))
    called = await voice.ask("POST", CALLS, {"to": number(0), "sayText": "Hello"})
    late = (await shop.post(say(number(0)), bought.authorization)).json()
    given_up = await shop.until(late, lambda status: status["order_state"] == "failed")
    await shop.shop.db.tx(suppressions.remove, "sms", to_hash)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "SUPPRESSED")
    assert assert_call_refused(called)["code"] == "SUPPRESSED"
    assert "asked to get no calls" in given_up["reason"]
    assert await shop.calls_of(number(0)) == []
    assert (await shop.post(say(number(0)))).status_code == 402
