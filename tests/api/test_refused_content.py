"""What a shop refuses to say or to receive: words, hidden links, services. Refused before there is
an invoice, or the money is returned."""

from __future__ import annotations

import pytest

from api.conftest import OpenShop
from ringbolt.app.policies import Policies
from support.clients.l402 import say
from support.clients.orders import GERMANY, GETS_IT, OrderClient
from support.clients.voice import CALLS, VoiceClient
from support.clients.voice import assert_refused as assert_call_refused
from support.numbers import LISTENS
from support.waiting import eventually


@pytest.mark.parametrize(
    "message",
    [
        "Come to our CASINO.",
        "<speak>Come to our cas<emphasis>ino</emphasis></speak>",
        "<speak>Come to our <lang xml:lang='de'>cas</lang>ino</speak>",
        "<speak>Come to our <sub alias='casino'>place</sub></speak>",
        "Come to our ca\u200bsi\u200bno",
    ],
)
async def test_a_refused_word_is_not_spoken_however_it_is_marked_up(
    open_shop: OpenShop, message: str
) -> None:
    shop = await open_shop(abuse={"denied_words": "casino"})
    client = OrderClient(shop)
    voice = VoiceClient(shop, await client.new_key(1000))
    paid_url = await shop.post(say(LISTENS, message))
    called = await voice.ask("POST", CALLS, {"to": LISTENS, "sayText": message})

    assert (paid_url.status_code, paid_url.json()["error_code"]) == (400, "CONTENT_REFUSED")
    assert paid_url.json()["field"] == "message"
    reported = assert_call_refused(called, 400)
    assert (reported["code"], reported["field"]) == ("CONTENT_REFUSED", "sayText")
    assert (await shop.post(say(LISTENS, "Come to our place"))).status_code == 402


@pytest.mark.parametrize(
    "plan",
    [
        "<plan><say>Hello</say><say>To the casino</say></plan>",
        "<plan><say>cas<break time='1ms'/>ino</say></plan>",
        "<plan><gather><say>Press 1 for the c a s i n o</say></gather></plan>",
    ],
)
async def test_no_step_of_a_plan_says_a_refused_word(open_shop: OpenShop, plan: str) -> None:
    shop = await open_shop(abuse={"denied_words": "casino"})
    voice = VoiceClient(shop, await OrderClient(shop).new_key(1000))
    reported = assert_call_refused(
        await voice.ask("POST", f"{CALLS}/plan?to=%2B1234567800", plan), 400
    )

    assert (reported["code"], reported["field"]) == ("CONTENT_REFUSED", "plan")


async def test_a_paid_call_whose_word_is_refused_by_now_is_paid_back(open_shop: OpenShop) -> None:
    first = await open_shop(limits="on")
    bought = await first.buy_credential(say(LISTENS, "Casino"))
    shop = first.shop
    abuse = shop.settings.abuse.model_copy(update={"denied_words": ("casino",)})
    settings = shop.settings.model_copy(update={"abuse": abuse})
    object.__setattr__(shop, "policies", Policies.of(settings, shop.keyring))
    answer = await first.post(say(LISTENS, "Casino"), bought.authorization)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "CONTENT_REFUSED")

    async def is_open() -> bool:
        status = await first.status(answer.json()["previous"])
        return bool(status["refund"]["status"] == "pending")

    assert await eventually(is_open)


async def test_a_message_does_not_hide_where_its_address_leads(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop())
    hidden = await client.post("/createsendorder", {"phone": GETS_IT, "message": "See t.ly/abc"})
    plain = {"phone": GETS_IT, "message": "See example.com/abc"}

    assert (hidden.status_code, hidden.json()["error_code"]) == (400, "CONTENT_REFUSED")
    assert "t.ly" in hidden.json()["reason"]
    assert (await client.post("/createsendorder", plain)).status_code == 200


async def test_a_denied_service_may_be_named_as_people_name_it(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(abuse={"denied_services": "Telegram"}))
    answer = await client.post("/createorder", {"country": GERMANY, "service": "tg"})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "SERVICE_NOT_OFFERED")
