"""Webhooks of orders, from a running shop to receivers of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier

from api.conftest import OpenShop
from ringbolt.app.webhooks import notify
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.send_webhook import SCHEDULE_S, webhook_secret
from ringbolt.core.errors import NotFound
from ringbolt.store import webhook_log, webhooks
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import job
from ringbolt.store.webhook_log import Webhook
from ringbolt.store.webhooks import WebhookState
from support.clients.orders import GETS_IT, OrderClient
from support.databases.order_rows import assign_number, move, put_order, put_text
from support.servers.shop import ShopServer, running_shop, settings_for
from support.servers.webhooks import Receiver, receiving
from support.waiting import LONG_S, eventually

PRIVATE = "https://10.0.0.1/hook"


@dataclass(frozen=True, slots=True)
class Receivers:
    """A shop, and two who may be notified."""

    server: ShopServer
    receiver: Receiver
    other: Receiver

    async def order(self, url: str = "") -> str:
        """A paid activation whose payment is reported."""

        def place(tx: Tx) -> str:
            order_id = put_order(tx, "activation", "paid", webhook_url=url or self.receiver.url).id
            notify.changed(tx, order_id)
            return order_id

        return await self.server.shop.db.tx(place)

    async def number(self, order_id: str) -> None:
        """The order gets its number, and its webhook says so."""

        def assign(tx: Tx) -> None:
            move(tx, order_id, "dispatching")
            assign_number(tx, order_id)
            move(tx, order_id, "in_progress")
            notify.changed(tx, order_id)

        await self.server.shop.db.tx(assign)

    async def code(self, order_id: str, code: str) -> None:
        def arrive(tx: Tx) -> None:
            put_text(tx, order_id, f"Your code is {code}", code)
            notify.changed(tx, order_id)

        await self.server.shop.db.tx(arrive)

    async def log(self, order_id: str) -> list[Webhook]:
        """The order's webhooks, the first one first."""
        page = await self.server.shop.db.read(webhook_log.listing, order_id)
        return sorted(page.webhooks, key=lambda webhook: webhook.seq)

    async def tried(self, order_id: str, times: int, seq: int = 1) -> Webhook:
        """The order's webhook as soon as that many tries of it are written down."""

        async def probe() -> Webhook | None:
            found = [each for each in await self.log(order_id) if each.seq == seq]
            return found[0] if found and len(found[0].log) >= times else None

        return await eventually(probe)


@asynccontextmanager
async def notifying(data_dir: Path, speech_dir: Path, **overrides: Any) -> AsyncIterator[Receivers]:
    async with receiving() as receiver, receiving() as other:
        origins = (_origin(receiver), _origin(other))
        options = {"fetch": {"allow_origins": origins}, **overrides}
        async with running_shop(settings_for(data_dir, speech_dir, **options)) as server:
            yield Receivers(server, receiver, other)


@pytest.fixture
async def rig(tmp_path: Path, sqlite_url: str, speech_dir: Path) -> AsyncIterator[Receivers]:
    options = {"database_url": sqlite_url, "webhooks": {"timeout_s": 30.0, "per_host": 2}}
    async with notifying(tmp_path / "shop", speech_dir, **options) as found:
        yield found


@pytest.fixture
async def hasty_receivers(
    tmp_path: Path, sqlite_url: str, speech_dir: Path
) -> AsyncIterator[Receivers]:
    """With a shop that waits 3 s for an answer."""
    options = {"database_url": sqlite_url, "webhooks": {"timeout_s": 3.0, "per_host": 2}}
    async with notifying(tmp_path / "shop", speech_dir, **options) as found:
        yield found


def _origin(receiver: Receiver) -> str:
    return receiver.url.removesuffix("/hook")


async def test_a_webhook_is_the_status_and_the_order_id(rig: Receivers) -> None:
    order_id = await rig.order()
    await rig.number(order_id)
    hooks = await rig.receiver.heard(2)
    status = await OrderClient(rig.server).status(order_id)
    assert hooks[-1].json == {**status, "orderId": order_id}
    assert hooks[-1].headers["content-type"] == "application/json"
    assert hooks[-1].headers["user-agent"].startswith("Ringbolt")


async def test_the_secret_verifies_a_webhook(rig: Receivers) -> None:
    order_id = await rig.order()
    (hook,) = await rig.receiver.heard(1)
    secret = webhook_secret(rig.server.shop.keyring, order_id)
    Verifier(secret).verify(hook.body, hook.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Verifier(secret).verify(hook.body + b" ", hook.headers)


async def test_the_signature_is_of_now_even_where_the_world_runs_ahead(
    rig: Receivers,
) -> None:
    await rig.server.advance(86_400)
    order_id = await rig.order()
    (hook,) = await rig.receiver.heard(1)
    secret = webhook_secret(rig.server.shop.keyring, order_id)
    assert Verifier(secret).verify(hook.body, hook.headers) == hook.json


async def test_a_number_like_code_is_reported_as_a_number_and_its_text_beside(
    rig: Receivers,
) -> None:
    order_id = await rig.order()
    await rig.number(order_id)
    await rig.code(order_id, "48010")
    hooks = await rig.receiver.heard(3)
    assert (hooks[-1].json["code"], hooks[-1].json["codeText"]) == (48010, "48010")


async def test_a_retry_has_the_same_id_and_bytes_and_a_signature_of_its_own(
    rig: Receivers,
) -> None:
    rig.receiver.statuses = [500]
    order_id = await rig.order()
    await rig.tried(order_id, 1)
    await rig.server.advance(6)
    first, second = await rig.receiver.heard(2)
    assert (first.id, first.body) == (second.id, second.body)
    secret = webhook_secret(rig.server.shop.keyring, order_id)
    Verifier(secret).verify(second.body, second.headers)
    webhook = await rig.tried(order_id, 2)
    assert webhook.state is WebhookState.DELIVERED
    assert [each.status for each in webhook.log] == [200, 500]


async def test_later_changes_wait_for_the_one_that_fails(rig: Receivers) -> None:
    rig.receiver.statuses = [503]
    order_id = await rig.order()
    await rig.tried(order_id, 1)
    await rig.number(order_id)
    await rig.server.advance(6)
    hooks = await rig.receiver.heard(3)
    assert [hook.json["state"] for hook in hooks] == ["paid", "paid", "in_progress"]


async def test_a_redirect_is_not_followed(rig: Receivers) -> None:
    rig.receiver.statuses = [302]
    rig.receiver.headers = {"Location": rig.other.url}
    order_id = await rig.order()
    webhook = await rig.tried(order_id, 1)
    assert webhook.state is WebhookState.PENDING
    assert webhook.log[0].error == "HTTP 302"
    assert rig.other.hooks == []


async def test_gone_is_given_up_and_later_ones_go_on(rig: Receivers) -> None:
    rig.receiver.statuses = [410]
    order_id = await rig.order()
    await rig.number(order_id)
    hooks = await rig.receiver.heard(2)
    assert len({hook.id for hook in hooks}) == 2
    await rig.tried(order_id, 1, seq=2)
    assert [each.state for each in await rig.log(order_id)] == ["given_up", "delivered"]


async def test_after_the_last_try_it_is_given_up(rig: Receivers) -> None:
    rig.receiver.statuses = [500] * len(SCHEDULE_S)
    order_id = await rig.order()
    for tries, delay_s in enumerate((*SCHEDULE_S[1:], 0), 1):
        webhook = await rig.tried(order_id, tries)
        await rig.server.advance(delay_s * 1.1 + 1)
    assert webhook.state is WebhookState.GIVEN_UP
    assert len(rig.receiver.hooks) == len(SCHEDULE_S)
    assert await rig.server.shop.db.read(webhooks.next_of, order_id) is None


async def test_who_never_answers_is_a_failed_try_with_its_reason(
    hasty_receivers: Receivers,
) -> None:
    hasty_receivers.receiver.gate.clear()
    order_id = await hasty_receivers.order()
    webhook = await hasty_receivers.tried(order_id, 1)
    assert webhook.log[0].status is None
    assert webhook.log[0].error == "no answer within 3 seconds"


async def test_a_slow_receiver_delays_no_other(hasty_receivers: Receivers) -> None:
    """Fifty orders for one that answers nobody; then one for another."""
    hasty_receivers.receiver.gate.clear()
    for _ in range(50):
        await hasty_receivers.order()
    await hasty_receivers.receiver.heard(2)
    await hasty_receivers.order(hasty_receivers.other.url)
    await hasty_receivers.other.heard(1)
    assert len(hasty_receivers.receiver.hooks) < 50, "it waited until all before it had their turn"
    assert hasty_receivers.receiver.most_at_once == 2
    hasty_receivers.receiver.gate.set()
    hooks = await hasty_receivers.receiver.heard(50, within_s=LONG_S)
    assert len({hook.id for hook in hooks}) == 50


async def test_orders_that_nobody_paid_have_few_places_and_take_none_of_those_who_paid(
    rig: Receivers,
) -> None:
    places = rig.server.shop.settings.worker.webhook_slots // 8
    rig.other.gate.clear()

    def expire(tx: Tx, n: int) -> str:
        order_id = put_order(tx, "activation", "expired", webhook_url=f"{rig.other.url}/{n}").id
        notify.changed(tx, order_id)
        return order_id

    unpaid = [await rig.server.shop.db.tx(expire, n) for n in range(places + 4)]
    await rig.other.heard(places)
    for paid in range(1, 4):  # the jobs that are due were looked at as often
        await rig.order()
        await rig.receiver.heard(paid)
    assert rig.other.most_at_once == places

    rig.other.gate.set()
    for order_id in unpaid:
        webhook = await rig.tried(order_id, 1)
        assert (webhook.state, webhook.tries) == (WebhookState.DELIVERED, 1)


async def test_one_of_an_order_that_nobody_paid_is_sent_again_in_their_places(
    rig: Receivers,
) -> None:
    rig.other.gate.clear()

    def expire(tx: Tx) -> str:
        order_id = put_order(tx, "activation", "expired", webhook_url=rig.other.url).id
        notify.changed(tx, order_id)
        return order_id

    order_id = await rig.server.shop.db.tx(expire)
    rig.other.gate.set()
    webhook = await rig.tried(order_id, 1)
    rig.other.gate.clear()
    await resend_webhook(rig.server.shop, webhook.id)
    await rig.other.heard(2)

    lanes = await rig.server.shop.db.read(_lanes, order_id)
    rig.other.gate.set()
    assert lanes == ["unpaid"]


def _lanes(tx: Tx, order_id: str) -> list[str]:
    return list(tx.run(select(job.c.lane).where(job.c.order_id == order_id)).scalars())


async def test_a_private_address_is_never_reached_and_the_log_says_why(
    rig: Receivers,
) -> None:
    order_id = await rig.order(PRIVATE)
    webhook = await rig.tried(order_id, 1)
    assert webhook.state is WebhookState.PENDING
    assert "10.0.0.1 is not a public Internet address" in webhook.log[0].error


@pytest.mark.parametrize(
    "url",
    [
        PRIVATE,
        "https://user:pw@shop.example/hook",
        "https://[::1]/hook",
        "https://localhost/hook",
        "ftp://shop.example/",
        "no url",
    ],
)
async def test_an_order_with_a_url_that_cannot_be_used_is_refused(rig: Receivers, url: str) -> None:
    answer = await rig.server.http.post(
        "/createsendorder", json={"message": "hi", "phone": GETS_IT, "webhookUrl": url}
    )
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"
    assert "webhook URL" in answer.json()["reason"]


async def test_a_delivered_one_is_sent_again_when_asked_for(rig: Receivers) -> None:
    order_id = await rig.order()
    (first,) = await rig.receiver.heard(1)
    await rig.tried(order_id, 1)
    await resend_webhook(rig.server.shop, first.id)
    _, second = await rig.receiver.heard(2)
    assert (second.id, second.body) == (first.id, first.body)
    assert len((await rig.tried(order_id, 2)).log) == 2


async def test_nobody_is_flooded_by_asking_again_and_again(open_shop: OpenShop) -> None:
    server = await open_shop(limits="on")

    def expire(tx: Tx) -> tuple[str, str]:
        order_id = put_order(tx, "activation", "expired", webhook_url=PRIVATE).id
        added = webhooks.insert(tx, order_id, "POST", PRIVATE, b"{}")
        assert added is not None
        return order_id, added.id

    order_id, webhook_id = await server.shop.db.tx(expire)
    path = f"/v1/webhooks/{webhook_id}/resend"
    answers = [await server.http.post(path, json={"orderId": order_id}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 3
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
    assert "webhooks" in answers[-1].json()["reason"]


async def test_one_that_waits_is_tried_now_when_asked_for(rig: Receivers) -> None:
    rig.receiver.statuses = [500, 500]
    order_id = await rig.order()
    webhook = await rig.tried(order_id, 1)
    await rig.server.advance(6)
    await rig.tried(order_id, 2)
    await resend_webhook(rig.server.shop, webhook.id)
    assert (await rig.tried(order_id, 3)).state is WebhookState.DELIVERED


async def test_what_does_not_exist_cannot_be_sent_again(rig: Receivers) -> None:
    with pytest.raises(NotFound):
        await resend_webhook(rig.server.shop, "msg_nothing")


async def test_a_send_order_tells_of_every_step_until_it_was_sent(rig: Receivers) -> None:
    client = OrderClient(rig.server)
    body = {"message": "hi", "phone": GETS_IT, "webhookUrl": rig.receiver.url}
    created = await client.order("/createsendorder", body)
    payment = client.pay(created["payreq"])

    async def sent() -> bool:
        reported_to = [hook.json.get("smsStatus") for hook in rig.receiver.hooks]
        return "sent" in reported_to or "delivered" in reported_to

    await eventually(sent)
    assert await payment == "SUCCEEDED"
    assert all(hook.json["orderId"] == created["orderId"] for hook in rig.receiver.hooks)
    last = rig.receiver.hooks[-1]
    Verifier(created["webhookSecret"]).verify(last.body, last.headers)
