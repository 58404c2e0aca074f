"""E-mails over SMTP at a running shop: from the order to the mailbox and to the money, on both
databases, whatever the relay does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ringbolt.api.operator.routes import operator_token
from support.clients.orders import OrderClient
from support.servers.mail_sink import MailSink, mail_sink
from support.servers.shop import running_shop, settings_for
from support.waiting import PATIENCE_S, until

MAIL = "/createemailsendorder"
ANN = "ann@inbox.example"
DEADLINE_S = 601
FAILURES = 5
"""So many in a row, and a part is left alone."""


class Rig:
    """A shop with relays. ``relays[0]`` comes first in its settings."""

    def __init__(self, client: OrderClient, relays: list[MailSink]) -> None:
        self.client = client
        self.relays = relays
        self.relay = relays[0]

    async def buy(self, address: str = ANN) -> tuple[str, asyncio.Task[str]]:
        return await self.client.buy(MAIL, {"address": address, "message": "Hello, Ann"})

    async def bought(self, address: str = ANN) -> str:
        """How the payment of a mail ended."""
        _, payment = await self.buy(address)
        return await asyncio.wait_for(payment, PATIENCE_S)

    async def metric(self, name: str) -> str:
        """A figure of the shop, as Prometheus reads it."""
        lines = (await self.client.shop.http.get("/metrics")).text.splitlines()
        [value] = [line.split()[-1] for line in lines if line.startswith(name)]
        return value

    async def ended(self, payment: asyncio.Task[str], step_s: int) -> str:
        """How it ended, with so many seconds of the shop's time passed again and again."""
        for _ in range(50):
            done, _ = await asyncio.wait([payment], timeout=0.5)
            if done:
                break
            await self.client.shop.advance(step_s)
        return await asyncio.wait_for(payment, PATIENCE_S)


@asynccontextmanager
async def shop_with(
    tmp_path: Path, speech_dir: Path, database_url: str, relays: int = 1, password: str = ""
) -> AsyncIterator[Rig]:
    """``password``: what the shop shows to the first relay, which wants ``secret`` then."""
    login = ("ann", "secret") if password else ("", "")
    async with mail_sink(login=login) as first, mail_sink() as second:
        sinks = [first, second][:relays]
        servers = [
            {"type": "smtp", "name": f"relay{n}", "url": f"smtp://127.0.0.1:{sink.port}"}
            for n, sink in enumerate(sinks)
        ]
        if password:
            servers[0] |= {"username": "ann", "password": password}
        options = {"sender": "Shop <hi@shop.example>", "servers": servers}
        settings = settings_for(
            tmp_path / "shop", speech_dir, database_url=database_url, mail=options
        )
        async with running_shop(settings) as shop:
            yield Rig(OrderClient(shop), sinks)
            assert (await shop.audit()).differences == []


@pytest.fixture
async def rig(tmp_path: Path, speech_dir: Path, database_url: str) -> AsyncIterator[Rig]:
    async with shop_with(tmp_path, speech_dir, database_url) as running:
        yield running


@pytest.fixture
async def two(tmp_path: Path, speech_dir: Path, database_url: str) -> AsyncIterator[Rig]:
    async with shop_with(tmp_path, speech_dir, database_url, relays=2) as running:
        yield running


async def test_a_mail_that_a_relay_took_is_paid_for(rig: Rig) -> None:
    order_id, payment = await rig.buy()
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    assert (await rig.client.status(order_id))["emailStatus"] == "sent"
    [mail] = rig.relay.arrived
    assert mail.message["From"] == "Shop <hi@shop.example>"
    assert mail.sender.startswith("bounce+") and mail.sender.endswith("@shop.example")
    assert mail.text.startswith("Hello, Ann\n")


async def test_one_click_and_the_next_mail_is_refused_before_there_is_an_invoice(rig: Rig) -> None:
    assert await rig.bought() == "SUCCEEDED"
    [mail] = rig.relay.arrived
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail.message["List-Unsubscribe"].strip("<>")
    one_click = await rig.client.http.post(link, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200
    refused = await rig.client.post(MAIL, {"address": ANN, "message": "Again"})
    assert refused.status_code == 422
    assert "asked to get no calls and no messages" in refused.text
    assert "payreq" not in refused.json()
    assert len(rig.relay.arrived) == 1


async def test_a_mailbox_that_does_not_exist_gets_no_more_mail_and_its_order_stays(
    rig: Rig,
) -> None:
    assert await rig.bought() == "SUCCEEDED"
    ref = rig.relay.arrived[0].sender.partition("+")[2].partition("@")[0]
    token = {"Authorization": f"Bearer {operator_token(rig.client.shop.shop.keyring)}"}
    bounced = "/v1/operator/suppressions/bounced"
    for body, status in (({"ref": ref}, 200), ({"ref": "unknown"}, 404)):
        told = await rig.client.http.post(bounced, json={**body, "status": "5.1.1"}, headers=token)
        assert told.status_code == status, told.text
    assert (await rig.client.post(MAIL, {"address": ANN, "message": "Again"})).status_code == 422


async def test_greylisting_is_waited_out_within_the_order_s_deadline(rig: Rig) -> None:
    rig.relay.greylist = 4
    _, payment = await rig.buy()
    assert await rig.ended(payment, 91) == "SUCCEEDED"
    assert len(rig.relay.arrived) == 1
    assert len(rig.relay.senders) == 5


async def test_a_recipient_who_is_refused_for_ever_for_now_is_given_up_in_time(rig: Rig) -> None:
    rig.relay.greylist = 100
    order_id, payment = await rig.buy()
    assert await rig.ended(payment, 91) == "FAILED"
    await rig.client.until(order_id, lambda seen: seen["state"] == "returned")
    assert 5 <= len(rig.relay.senders) <= 7


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
async def test_credentials_that_were_changed_meanwhile_keep_an_order_waiting_until_they_are_right(
    tmp_path: Path, speech_dir: Path, database_url: str
) -> None:
    async with shop_with(tmp_path, speech_dir, database_url, password="old") as rig:
        _, payment = await rig.buy()
        await until(lambda: rig.relay.logins)
        rig.relay.login = ("ann", "old")
        assert await rig.ended(payment, 31) == "SUCCEEDED"
        assert len(rig.relay.arrived) == 1


async def test_a_mail_whose_answer_was_lost_is_never_sent_again_and_not_paid_for(two: Rig) -> None:
    for relay in two.relays:
        relay.cut_after.add(ANN)
    _, payment = await two.buy()
    await until(lambda: two.relay.arrived)
    assert await two.ended(payment, DEADLINE_S) == "FAILED"
    assert [len(relay.arrived) for relay in two.relays] == [1, 0]


@pytest.mark.parametrize(
    ("refusal", "arrived", "payment"),
    [
        ("550 5.7.1 you may not relay here", [0, 1], "SUCCEEDED"),
        ("450 4.7.1 greylisted", [0, 1], "SUCCEEDED"),
        ("550 5.1.1 no such user", [0, 0], "FAILED"),
    ],
)
async def test_the_next_relay_is_asked_unless_the_mailbox_does_not_exist(
    two: Rig, refusal: str, arrived: list[int], payment: str
) -> None:
    two.relay.refusals[ANN] = refusal
    assert await two.bought() == payment
    assert [len(relay.arrived) for relay in two.relays] == arrived


async def test_a_relay_that_keeps_failing_is_left_alone_and_asked_again_by_itself(
    two: Rig,
) -> None:
    two.relay.refusals["@inbox.example"] = "421 4.3.2 closing"
    with capture_logs() as logs:
        for n in range(FAILURES):
            assert await two.bought(f"a{n}@inbox.example") == "SUCCEEDED"
    asked = len(two.relay.senders)
    told = [each for each in logs if "keeps failing" in str(each["event"])]
    assert [(each["part"], each["failures"]) for each in told] == [("relay0", FAILURES)]
    assert await two.metric('ringbolt_part_left_alone{area="mail",part="relay0"}') == "1.0"

    assert await two.bought() == "SUCCEEDED"
    assert len(two.relay.senders) == asked, "the other one is asked at once"
    two.relay.refusals.clear()
    await two.client.shop.advance(31)
    assert await two.bought("bob@inbox.example") == "SUCCEEDED"

    assert [len(relay.arrived) for relay in two.relays] == [1, FAILURES + 1]
    assert await two.metric('ringbolt_part_left_alone{area="mail",part="relay0"}') == "0.0"
