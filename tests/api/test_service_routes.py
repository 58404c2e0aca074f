"""What is served around the paid URL: health, figures, keys, and errors in one form."""

from __future__ import annotations

import re

import pytest

from ringbolt.api.operator.routes import operator_token
from support.clients.l402 import say
from support.numbers import ANSWERS, BUSY
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def operator(shop: ShopServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {operator_token(shop.shop.keyring)}"}


async def test_healthz_says_that_this_process_answers(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["version"]


async def test_metrics_count_answers_by_status_and_code(shared_shop: ShopServer) -> None:
    await shared_shop.buy(say(ANSWERS))
    await shared_shop.post(say("12"))
    answer = await shared_shop.http.get("/metrics")
    text = answer.text

    assert answer.headers["content-type"].startswith("text/plain")
    counted = dict(
        re.findall(r'ringbolt_place_call_answers_total\{code="(\w+)",status="\d+"\} ([\d.]+)', text)
    )
    assert float(counted["PAYMENT_REQUIRED"]) >= 1
    assert float(counted["PLACED"]) >= 1
    assert float(counted["INVALID_PHONE_NUMBER"]) >= 1
    assert 'ringbolt_connected{part="node"} 1.0' in text
    assert 'ringbolt_orders{state="paid"}' in text
    assert "ringbolt_oldest_due_job_seconds" in text


async def test_metrics_tell_nothing_of_whom_was_called(shared_shop: ShopServer) -> None:
    _, answer = await shared_shop.buy(say(BUSY))
    text = (await shared_shop.http.get("/metrics")).text

    for secret in (BUSY, answer["sid"], answer["call_id"], answer["status_url"][-32:]):
        assert secret not in text


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api/l402/place-calls", "/api/l402/calls/", "/v1/operator/nothing", "/v1/"],
)
async def test_an_unknown_address_is_a_problem_document(shared_shop: ShopServer, path: str) -> None:
    answer = await shared_shop.http.get(path)
    document = answer.json()

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-error-code"] == document["error_code"] == "HTTP_404"
    assert document["type"].startswith("urn:ringbolt:error:")
    assert document["status"] == 404
    assert document["detail"] == document["error"]


async def test_a_wrong_method_is_a_problem_document(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.delete("/healthz")

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error_code"] == "HTTP_405"


async def test_the_operator_makes_lists_and_revokes_keys(shared_shop: ShopServer) -> None:
    http, head = shared_shop.http, operator(shared_shop)
    made = await http.post("/v1/operator/keys", json={"label": "till"}, headers=head)
    listed = (await http.get("/v1/operator/keys", headers=head)).json()
    gone = await http.delete(f"/v1/operator/keys/{made.json()['id']}", headers=head)
    after = (await http.get("/v1/operator/keys", headers=head)).json()

    assert made.status_code == 201
    assert made.json()["key"].startswith("rb_")
    entry = next(key for key in listed if key["id"] == made.json()["id"])
    assert (entry["label"], entry["balance_sats"], entry["revoked_ms"]) == ("till", 0, None)
    assert "key" not in entry
    assert gone.status_code == 200
    assert next(key for key in after if key["id"] == entry["id"])["revoked_ms"]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"scopes": ["read", "rule"]}, 400),
        ({"scopes": []}, 400),
        ({"label": "x" * 101}, 400),
        ({"scopes": "read"}, 400),
        ([], 400),
    ],
)
async def test_a_wrong_wish_for_a_key_is_explained(
    shared_shop: ShopServer, wish: object, status: int
) -> None:
    answer = await shared_shop.http.post(
        "/v1/operator/keys", json=wish, headers=operator(shared_shop)
    )

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error_code"]


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", "Basic x", "Bearer \u00e9"])
async def test_nobody_but_the_operator_makes_keys(shared_shop: ShopServer, shown: str) -> None:
    answer = await shared_shop.http.post(
        "/v1/operator/keys", json={}, headers=[(b"Authorization", shown.encode("latin-1"))]
    )

    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHORIZED"


async def test_revoking_a_key_that_does_not_exist_is_reported(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.delete("/v1/operator/keys/none", headers=operator(shared_shop))

    assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")


async def test_a_shop_with_play_money_gives_anybody_a_key(shared_shop: ShopServer) -> None:
    first = await shared_shop.http.post("/simulator/keys")
    second = await shared_shop.http.post("/simulator/keys", json={})

    assert first.status_code == second.status_code == 201
    assert first.json()["key"] != second.json()["key"]
