"""What carriers of texts over HTTP tell ``ringbolt doctor``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.callback import SupportsCallbacks
from ringbolt.core.errors import Unavailable
from ringbolt.core.part_checks import SupportsCheck
from ringbolt.core.pricing.amount import Amount
from ringbolt.sms.carrier import Accepted, OutSms
from ringbolt.sms.http.carrier import http_carrier, unencrypted
from ringbolt.sms.twilio.carrier import TwilioSms
from ringbolt.sms.twilio.settings import TwilioSmsSettings
from ringbolt.twilio.settings import open_api
from support.servers.ports import HeldPort
from support.servers.twilio import PATH, SID, TOKEN, account, as_any_gateway, change_account
from support.servers.world import WorldServer, running_world
from support.waiting import eventually

OWN = "+12025550199"
CALLBACKS = "https://shop.example/callbacks/sms/twilio/secret"
HELLO = OutSms("ref-1", "+12025550123", "Ringbolt", ("Hello",), "gsm7")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path, speed=20) as running:
        yield running


@pytest.fixture
async def carrier(world: WorldServer) -> AsyncIterator[TwilioSms]:
    settings = TwilioSmsSettings(**account(world.url, name="twilio"))
    made = TwilioSms(settings, open_api(settings, "twilio"), SystemClock())
    made.callback_routes(CALLBACKS)
    yield made
    await made.close()


async def keep_number(world: WorldServer, sms_url: str) -> None:
    url = f"{world.url}{PATH}/2010-04-01/Accounts/{SID}/IncomingPhoneNumbers.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    async with aiohttp.ClientSession(headers=headers) as http:
        answer = await http.post(url, data={"PhoneNumber": OWN, "SmsUrl": sms_url})
        assert answer.status == 201


async def test_an_account_tells_its_balance_and_that_it_is_reached(carrier: TwilioSms) -> None:
    assert [finding.state for finding in await carrier.check()] == ["ok"]
    assert await carrier.balance() == Amount(20_000_000, "USD")


async def test_a_number_whose_texts_go_elsewhere_is_told_with_the_address(
    carrier: TwilioSms, world: WorldServer
) -> None:
    await keep_number(world, "https://elsewhere.example")
    [_, finding] = await carrier.check()
    assert finding.state == "note"
    assert f"{CALLBACKS}/inbound" in finding.fix

    await keep_number(world, f"{CALLBACKS}/inbound#rc=5")
    [_, finding] = await carrier.check()
    assert (finding.state, finding.detail) == ("ok", f"Texts to {OWN} come here.")


async def test_credentials_that_are_refused_are_told(
    carrier: TwilioSms, world: WorldServer
) -> None:
    await carrier.check()
    await change_account(world.url, auth_token="another")

    [finding] = await carrier.check()

    assert (finding.state, finding.subject) == ("wrong", "credentials")
    assert "401" in finding.detail
    assert "auth_token" in finding.fix


async def test_a_site_that_is_no_such_api_is_told(world: WorldServer) -> None:
    elsewhere = account(world.url) | {"base_url": f"{world.url}/simulator/phones"}
    settings = TwilioSmsSettings.model_validate(elsewhere)
    carrier = TwilioSms(settings, open_api(settings, "twilio"), SystemClock())
    carrier.callback_routes(CALLBACKS)

    [finding] = await carrier.check()

    assert (finding.state, finding.subject) == ("wrong", "address")
    assert "base_url" in finding.fix
    await carrier.close()


async def test_what_a_text_cost_is_known_some_time_after_its_end(carrier: TwilioSms) -> None:
    accepted = await carrier.send(HELLO)
    assert isinstance(accepted, Accepted)
    assert accepted.cost is None

    cost = await eventually(lambda: carrier.cost_of(HELLO.ref, accepted.part_ids[0]))

    assert cost == Amount(8500, "USD")
    assert await carrier.cost_of("ref-2", "SM" + "0" * 32) is None


async def test_a_gateway_is_reached_or_not(world: WorldServer) -> None:
    there = http_carrier(as_any_gateway(world.url), SystemClock())
    nowhere = f"http://127.0.0.1:{HeldPort().number}"
    gone = http_carrier(as_any_gateway(nowhere), SystemClock())
    assert isinstance(there, SupportsCheck)
    assert isinstance(gone, SupportsCheck)

    assert [finding.state for finding in await there.check()] == ["ok"]
    with pytest.raises(Unavailable, match="does not answer"):
        await gone.check()
    await there.close()
    await gone.close()


async def test_a_gateway_that_is_not_told_where_to_report_is_noted(world: WorldServer) -> None:
    settings = as_any_gateway(world.url, fields={"To": "{to}", "Body": "{text}"})
    carrier = http_carrier(settings, SystemClock())
    assert isinstance(carrier, SupportsCallbacks)
    assert isinstance(carrier, SupportsCheck)
    carrier.callback_routes(CALLBACKS)

    [_, finding] = await carrier.check()

    assert (finding.state, finding.subject) == ("note", "receipts")
    assert f"{CALLBACKS}/receipts" in finding.fix
    await carrier.close()


@pytest.mark.parametrize(
    ("url", "is_noted"),
    [
        ("https://sms.example/send", False),
        ("http://sms.example/send", True),
        ("http://8.8.8.8/send", True),
        ("http://127.0.0.1:13013/cgi-bin/sendsms", False),
        ("http://192.168.1.5/send", False),
        ("http://localhost/send", False),
    ],
)
def test_credentials_that_travel_unencrypted_are_noted(url: str, is_noted: bool) -> None:
    assert bool(unencrypted(url)) is is_noted
