"""Every request that changes something can be repeated safely: it takes an Idempotency-Key, or is
listed here with the reason why it needs none."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest
import pytest_asyncio

from support.clients.orders import OrderClient
from support.clients.voice import VoiceClient
from support.numbers import LISTENS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAID = {"place_call", "send_sms", "send_email", "text_to_speech", "order_number"}
"""The answer to a paid one is given again under its key: ``test_replay.py``. Unpaid, it is a fresh
challenge, which costs nothing."""
NEED_NONE = {
    "post_cancelorder": "a cancelled order stays cancelled",
    "cancel_number_order": "a cancelled order stays cancelled",
    "post_orders_cancel": "a cancelled order stays cancelled",
    "delete_voice_calls_call": "a call that was hung up stays so",
    "post_orders_another_number": "a repeat is refused until the new number can be given back",
    "post_orders_another_text": "the order waits already",
    "post_orders_accept": "an accepted text stays accepted",
    "post_webhooks_webhook_id_resend": "the receiver knows the webhook by its id",
    "post_inbound_texts": "the text has an id of its own",
    "post_inbound_heartbeats": "the latest one counts",
    "post_auth_tokens": "a token costs nothing and changes nothing",
    "post_voice_speech": "nothing is kept or charged",
    "estimate_cost_of_body": "it only asks for a price",
}
CODE = {"country": 999, "service": "sim-code"}
TEXT = {"phone": "+12025550130", "message": "Hello"}
MAIL = {"address": "ann@inbox.example", "message": "Hello"}
CALL = {"phone": LISTENS, "message": "Hello."}
SPEECH = {"to": LISTENS, "sayText": "Hello."}
PLAN = "<plan><say>Hello.</say></plan>"
NAMED: dict[str, tuple[str, Any, Any]] = {
    "post_createorder": ("/createorder", CODE, CODE | {"service": "sim-none"}),
    "post_createsendorder": ("/createsendorder", TEXT, TEXT | {"message": "Bye"}),
    "post_createemailsendorder": ("/createemailsendorder", MAIL, MAIL | {"message": "Bye"}),
    "post_createcallorder": ("/createcallorder", CALL, CALL | {"message": "Bye."}),
    "post_fund": ("/fund", {"amount": 1000}, {"amount": 1001}),
    "post_voice_calls": ("/voice/v1/calls", SPEECH, SPEECH | {"sayText": "Bye."}),
    "post_voice_calls_plan": (
        f"/voice/v1/calls/plan?to=%2B{LISTENS[1:]}",
        PLAN,
        PLAN.replace("Hello", "Bye"),
    ),
}
"""By operation: the address, a request, and another one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rights(shared_shop: ShopServer) -> dict[str, str]:
    voice = await VoiceClient.with_balance(shared_shop)
    return {
        "X-API-Key": await OrderClient(shared_shop).new_key(),
        "Authorization": f"Bearer {voice.token}",
    }


async def test_nothing_that_changes_something_is_left_out(shared_shop: ShopServer) -> None:
    document = (await shared_shop.http.get("/openapi.json")).json()
    changing = {
        operation["operationId"]: [each.get("name") for each in operation.get("parameters", ())]
        for address in document["paths"].values()
        for method, operation in address.items()
        if method in ("post", "put", "patch", "delete")
    }
    named = {name for name, takes in changing.items() if "Idempotency-Key" in takes}
    assert named == NAMED.keys() | PAID
    assert changing.keys() - named == NEED_NONE.keys()


@pytest.mark.parametrize("operation", NAMED)
async def test_the_same_key_is_the_same_request(
    shared_shop: ShopServer, rights: dict[str, str], operation: str
) -> None:
    path, body, other = NAMED[operation]
    headers = rights | {"Idempotency-Key": secrets.token_hex(16)}

    async def send(content: Any) -> tuple[int, Any]:
        given = {"content": content} if isinstance(content, str) else {"json": content}
        answer = await shared_shop.http.post(path, headers=headers, **given)
        document = answer.json()
        # The voice API's envelope tells of the request, and its data of what came of it.
        return answer.status_code, document.get("data") or document

    first, twin = await asyncio.gather(send(body), send(body))
    again = await send(body)
    status, refusal = await send(other)

    assert first[0] in (200, 201), first
    assert first[1] == twin[1] == again[1]
    assert 400 <= status < 500, refusal
    assert "IDEMPOTENCY_MISMATCH" in str(refusal), refusal
