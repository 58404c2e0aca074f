"""What receivers are told of a call: every status in order, and once, at the end, the digits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from standardwebhooks import Webhook as Verifier

from ringbolt.api.kit.call_callbacks import DIGITS_FIELDS, STATUS_FIELDS
from ringbolt.app.webhooks.call_notify import DIGITS, STATUS
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.send_webhook import as_query, without_fields
from ringbolt.store import calls, webhook_log
from ringbolt.store.webhook_log import Webhook
from ringbolt.store.webhooks import WebhookState
from support.clients.voice import CALLS, VoiceClient, assert_refused
from support.numbers import ANSWERS, BUSY, NEVER_ANSWERS, PLAIN, REFUSED
from support.servers.shop import ShopServer, running_shop, settings_for
from support.servers.webhooks import Hook, Receiver, receiving
from support.waiting import eventually

SAID = "Press one, please."
FOUR = "+1234567812"  # presses 1 2 3 #


@dataclass(frozen=True, slots=True)
class Receivers:
    """A caller with a balance, one who is told statuses, and one who is told digits."""

    client: VoiceClient
    statuses: Receiver
    digits: Receiver

    @property
    def server(self) -> ShopServer:
        return self.client.shop

    async def call(self, to: str = ANSWERS, **more: Any) -> dict[str, Any]:
        """A call that asks for keys, and tells both."""
        body = {
            "to": to,
            "sayText": SAID,
            "reps": 1,
            "gatherTimeout": 2,
            "dtmf": True,
            "dtmfCallbackEndpoint": self.digits.url,
            "statusCallbackEndpoint": self.statuses.url,
            **more,
        }
        return await self.client.call({name: value for name, value in body.items() if value != ""})

    async def tried(self, call_id: str, topic: str, times: int = 1) -> Webhook:
        """The latest webhook of the topic, as soon as so many tries of it are written down."""

        async def probe() -> Webhook | None:
            call = await self.server.shop.db.read(calls.by_sid, call_id)
            assert call is not None
            page = await self.server.shop.db.read(webhook_log.listing, call.order_id)
            found = [each for each in page.webhooks if each.topic == topic]
            return found[0] if found and len(found[0].log) >= times else None

        return await eventually(probe)


@asynccontextmanager
async def notifying(data_dir: Path, speech_dir: Path, **overrides: Any) -> AsyncIterator[Receivers]:
    async with receiving() as statuses, receiving() as digits:
        origins = tuple(each.url.removesuffix("/hook") for each in (statuses, digits))
        settings = settings_for(
            data_dir,
            speech_dir,
            fetch={"allow_origins": origins},
            webhooks={"timeout_s": 30.0, "allow_http": False},
            **overrides,
        )
        async with running_shop(settings) as server:
            yield Receivers(await VoiceClient.with_balance(server), statuses, digits)


@pytest.fixture
async def receivers(tmp_path: Path, sqlite_url: str, speech_dir: Path) -> AsyncIterator[Receivers]:
    async with notifying(tmp_path / "shop", speech_dir, database_url=sqlite_url) as found:
        yield found


def query_of(hook: Hook) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(hook.target).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def seen(receiver: Receiver) -> list[str]:
    return [hook.json["status"] for hook in receiver.hooks]


async def until_seen(receiver: Receiver, status: str) -> list[dict[str, Any]]:
    async def probe() -> bool:
        return status in seen(receiver)

    await eventually(probe)
    return [hook.json for hook in receiver.hooks]


# -- statuses -----------------------------------------------------------------------------------


async def test_every_status_is_reported_once_in_order(receivers: Receivers) -> None:
    placed = await receivers.call()
    documents = await until_seen(receivers.statuses, "completed")

    assert seen(receivers.statuses) == [
        "queued",
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [each["sequence"] for each in documents] == [1, 2, 3, 4, 5]
    assert {each["callId"] for each in documents} == {placed["callId"]}
    assert [each["timestamp"] for each in documents] == sorted(
        each["timestamp"] for each in documents
    )
    assert receivers.statuses.most_at_once == 1


async def test_a_status_says_what_the_call_s_own_page_says(receivers: Receivers) -> None:
    placed = await receivers.call(FOUR, metaData={"order": "A 1"})
    last = (await until_seen(receivers.statuses, "completed"))[-1]
    page = await receivers.client.until_over(placed["callId"])

    assert last["digits"] == last["dtmf"] == "123"
    for name in ("to", "status", "duration", "cause", "metaData"):
        assert last[name] == page[name], name
    assert set(last) == {
        "callId", "to", "status", "sequence", "timestamp", "digits", "dtmf", "duration", "cause",
        "metaData",
    }  # fmt: skip


async def test_the_secret_verifies_both_callbacks(receivers: Receivers) -> None:
    placed = await receivers.call()
    await until_seen(receivers.statuses, "completed")
    (digits,) = await receivers.digits.heard(1)

    verifier = Verifier(placed["webhookSecret"])
    for hook in receivers.statuses.hooks:
        verifier.verify(hook.body, hook.headers)
    at = datetime.fromtimestamp(int(digits.headers["webhook-timestamp"]), UTC)
    assert digits.headers["webhook-signature"] == verifier.sign(digits.id, at, "")


async def test_a_receiver_that_wants_get_has_the_fields_in_its_query(receivers: Receivers) -> None:
    url = f"{receivers.statuses.url}?mine=1"
    placed = await receivers.call(BUSY, statusCallbackEndpoint=url, statusCallbackMethod="GET")
    await receivers.digits.heard(1)

    async def ended() -> bool:
        return any(query_of(hook)["status"] == "busy" for hook in receivers.statuses.hooks)

    await eventually(ended)
    last = query_of(receivers.statuses.hooks[-1])
    assert {hook.method for hook in receivers.statuses.hooks} == {"GET"}
    assert (last["mine"], last["callId"], last["to"]) == ("1", placed["callId"], BUSY)
    assert last["sequence"] == str(len(receivers.statuses.hooks))


async def test_a_call_taken_back_or_refused_tells_so(receivers: Receivers) -> None:
    await receivers.call(REFUSED)
    documents = await until_seen(receivers.statuses, "failed")

    assert seen(receivers.statuses) == ["queued", "failed"]
    assert "403" in documents[-1]["cause"]
    (digits,) = await receivers.digits.heard(1)
    assert query_of(digits)["dtmf"] == ""


# -- digits -------------------------------------------------------------------------------------


async def test_digits_are_reported_once_at_the_end_behind_the_callers_own_query(
    receivers: Receivers,
) -> None:
    url = f"{receivers.digits.url}/my_call_id/a%2Fb?x=1%202&y=a%26b"
    metadata = {"key": "ä & =?#+%/", "n": 1.50}
    placed = await receivers.call(FOUR, dtmfCallbackEndpoint=url, metaData=metadata)
    await receivers.client.until_over(placed["callId"])
    (hook,) = await receivers.digits.heard(1)

    assert (hook.method, hook.body) == ("GET", b"")
    assert hook.target.startswith("/hook/my_call_id/a%2Fb?x=1%202&y=a%26b&")
    assert "content-type" not in hook.headers
    query = query_of(hook)
    assert json.loads(query.pop("metaData")) == metadata
    assert query == {
        "x": "1 2", "y": "a&b", "callId": placed["callId"], "to": FOUR, "dtmf": "123",
        "status": "completed",
    }  # fmt: skip
    await receivers.tried(placed["callId"], STATUS)
    assert len(receivers.digits.hooks) == 1


@pytest.mark.parametrize(("to", "status"), [(BUSY, "busy"), (NEVER_ANSWERS, "no-answer")])
async def test_a_call_that_nobody_answered_tells_that_no_digits_came(
    receivers: Receivers, to: str, status: str
) -> None:
    await receivers.call(to, timeout=5)
    (hook,) = await receivers.digits.heard(1)

    assert (query_of(hook)["dtmf"], query_of(hook)["status"]) == ("", status)


async def test_a_call_that_asks_for_no_keys_tells_no_digits(receivers: Receivers) -> None:
    placed = await receivers.call(dtmf=False)
    await until_seen(receivers.statuses, "completed")
    await receivers.client.until_over(placed["callId"])

    assert receivers.digits.hooks == []


async def test_a_call_that_is_hung_up_tells_the_digits_so_far(
    tmp_path: Path, sqlite_url: str, speech_dir: Path
) -> None:
    slow = {"database_url": sqlite_url, "simulator": {"speed": 1.0}}
    async with notifying(tmp_path / "shop", speech_dir, **slow) as receivers:
        placed = await receivers.call(PLAIN, reps=10)
        await receivers.server.phone(PLAIN, "answer")
        await receivers.server.phone(PLAIN, "keys", digits="42")
        await receivers.client.until(placed["callId"], lambda call: call["digits"] == "42")
        assert (
            await receivers.client.ask("DELETE", f"{CALLS}/{placed['callId']}")
        ).status_code == 200
        (hook,) = await receivers.digits.heard(1)

        assert (query_of(hook)["dtmf"], query_of(hook)["status"]) == ("42", "completed")


# -- receivers that are slow, broken or not to be reached ---------------------------------------


async def test_a_slow_receiver_of_statuses_delays_neither_call_nor_digits(
    receivers: Receivers,
) -> None:
    receivers.statuses.gate.clear()
    placed = await receivers.call()

    (hook,) = await receivers.digits.heard(1)
    page = await receivers.client.until_over(placed["callId"])

    assert query_of(hook)["status"] == page["status"] == "completed"
    assert seen(receivers.statuses) == ["queued"]
    slow = await receivers.tried(placed["callId"], STATUS, 0)
    assert slow.state is WebhookState.PENDING
    receivers.statuses.gate.set()


async def test_digits_are_tried_again_with_the_same_query_and_id(receivers: Receivers) -> None:
    receivers.digits.statuses = [500]
    placed = await receivers.call()
    webhook = await receivers.tried(placed["callId"], DIGITS)
    assert (webhook.state, webhook.log[0].error) == (WebhookState.PENDING, "HTTP 500")

    await receivers.server.advance(6)

    first, second = await receivers.digits.heard(2)
    assert (first.id, first.target) == (second.id, second.target)
    assert (await receivers.tried(placed["callId"], DIGITS, 2)).state is WebhookState.DELIVERED


async def test_later_statuses_wait_for_the_one_that_fails(receivers: Receivers) -> None:
    receivers.statuses.statuses = [503]
    placed = await receivers.call()
    await receivers.client.until_over(placed["callId"])
    await receivers.digits.heard(1)
    assert set(seen(receivers.statuses)[:2]) == {"queued"}, "its second try may have come by itself"

    await receivers.server.advance(6)

    documents = await until_seen(receivers.statuses, "completed")
    assert [each["sequence"] for each in documents] == [1, 1, 2, 3, 4, 5]


async def test_a_redirect_is_not_followed(receivers: Receivers) -> None:
    receivers.digits.statuses = [301]
    receivers.digits.headers = {"Location": receivers.statuses.url}
    placed = await receivers.call(statusCallbackEndpoint="")
    webhook = await receivers.tried(placed["callId"], DIGITS)

    assert (webhook.state, webhook.log[0].error) == (WebhookState.PENDING, "HTTP 301")
    assert receivers.statuses.hooks == []


async def test_a_receiver_that_is_not_there_harms_nobody(receivers: Receivers) -> None:
    gone = "https://127.0.0.1.nip.invalid/hook"
    placed = await receivers.call(statusCallbackEndpoint=gone)
    await receivers.digits.heard(1)

    webhook = await receivers.tried(placed["callId"], STATUS, 0)
    assert webhook.state is WebhookState.PENDING
    assert (await receivers.client.until_over(placed["callId"]))["status"] == "completed"


@pytest.mark.parametrize("name", ["dtmfCallbackEndpoint", "statusCallbackEndpoint"])
@pytest.mark.parametrize(
    "url",
    ["http://localhost:9001/x", "https://localhost/x", "https://10.0.0.1/x", "https://[::1]/x",
     "https://169.254.169.254/latest", "http://hooks.example/x", "ftp://hooks.example/x", "x"],
)  # fmt: skip
async def test_what_leads_inside_or_nowhere_is_refused_at_once(
    receivers: Receivers, name: str, url: str
) -> None:
    before = await receivers.client.balance()
    body = {"to": ANSWERS, "sayText": SAID, "dtmf": True, name: url}

    error = assert_refused(await receivers.client.ask("POST", CALLS, body), 400)

    assert error["code"] == "WEBHOOK_URL_REFUSED"
    assert name in error["message"]
    assert await receivers.client.balance() == before


async def test_digits_that_were_reported_are_reported_again_when_asked_for(
    receivers: Receivers,
) -> None:
    placed = await receivers.call()
    (first,) = await receivers.digits.heard(1)
    await receivers.tried(placed["callId"], DIGITS)

    await resend_webhook(receivers.server.shop, first.id)

    _, second = await receivers.digits.heard(2)
    assert (second.id, second.target) == (first.id, first.target)


# -- the query ----------------------------------------------------------------------------------


def test_fields_become_a_query_texts_as_they_are_and_all_else_as_json() -> None:
    body = b'{"a":"1 2&3","to":"+12","n":1.50,"none":null,"m":{"k":["\xc3\xa4",true]}}'

    assert as_query(body) == (
        "a=1%202%263&to=%2B12&n=1.50&m=%7B%22k%22%3A%5B%22%C3%A4%22%2Ctrue%5D%7D"
    )


def test_what_no_server_would_read_is_left_out() -> None:
    body = json.dumps({"dtmf": "1", "metaData": {"k": "ä" * 2000}}).encode()

    assert as_query(body) == "dtmf=1"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h.example/x?callId=mine&a=%20+&to=&b", "https://h.example/x?a=%20+&b"),
        ("https://h.example/x?call%49d=mine", "https://h.example/x"),
        ("https://h.example/x?callid=1&Call=2&&to_=3", None),
        ("https://h.example/?", None),
        ("https://h.example", None),
    ],
)
def test_fields_of_our_names_leave_the_query_and_all_else_stays(url: str, sent: str | None) -> None:
    assert without_fields(url, DIGITS_FIELDS) == (url if sent is None else sent)


async def test_a_name_of_ours_in_the_receivers_query_stands_there_once(
    receivers: Receivers,
) -> None:
    own = f"{receivers.digits.url}?callId=mine&own=1&metaData=mine"

    placed = await receivers.client.call(
        {"to": ANSWERS, "sayText": SAID, "dtmf": True, "dtmfCallbackEndpoint": own}
    )
    (digits,) = await receivers.digits.heard(1)

    assert placed["notes"] == ["query_field_replaced: callId", "query_field_replaced: metaData"]
    assert digits.target.partition("?")[2].startswith(f"own=1&callId={placed['callId']}&to=")
    assert digits.target.count("callId") == 1
    assert "metaData" not in digits.target


async def test_the_names_that_are_replaced_are_those_that_are_reported(
    receivers: Receivers,
) -> None:
    placed = await receivers.call(metaData={"k": 1}, statusCallbackMethod="GET")
    await receivers.client.until_over(placed["callId"])
    (digits,) = await receivers.digits.heard(1)
    status = (await receivers.statuses.heard(1))[0]

    assert set(query_of(digits)) == DIGITS_FIELDS
    assert set(query_of(status)) == STATUS_FIELDS
