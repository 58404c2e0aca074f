"""Signing in to the voice API, and what is good as a bearer: tokens, and the API key itself."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import jwt
import pytest

from ringbolt.api.voice import tokens
from ringbolt.app.accounts.keys import create_key, replace_key, revoke_key
from ringbolt.store import keys
from support.clients.voice import CALLS, SIGN_IN, VOICES, VoiceClient, assert_refused
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def new_client(shop: ShopServer, *scopes: str) -> tuple[VoiceClient, str]:
    """A client with an empty balance that is signed in, and the id of its key."""
    options: dict[str, Any] = {"scopes": frozenset(scopes)} if scopes else {}
    made = await create_key(shop.shop.db, "a test", **options)
    client = VoiceClient(shop, made.key)
    client.token = (await client.sign_in())["access_token"]
    return client, made.id


def base64url(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


async def test_a_key_is_worth_a_token_that_runs_out(shared_shop: ShopServer) -> None:
    client, key_id = await new_client(shared_shop)

    token = await client.sign_in()

    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 3600
    assert claims["sub"] == key_id
    assert claims["name"] == "somebody"
    assert claims["exp"] - claims["iat"] == 3600
    assert len(claims["jti"]) == 32


async def test_two_tokens_are_never_the_same(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop)

    assert await client.sign_in() != await client.sign_in()


@pytest.mark.parametrize("name", ["apikey", "api_key", "API-Key", "ApiKey"])
async def test_names_are_compared_loosely(shared_shop: ShopServer, name: str) -> None:
    client, _ = await new_client(shared_shop)

    answer = await client.http.post(SIGN_IN, json={name: client.key, "user_name": "x"})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"key"', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 413),
        (b"[" * 50_000, 400),
        (b"{}", 400),
        (b'{"apiKey": null}', 400),
        (b'{"apiKey": ""}', 400),
        (b'{"apiKey": 12}', 400),
        (b'{"apiKey": {"$gt": ""}}', 400),
        (b'{"apiKey": "a\\u0000b"}', 400),
        (b'{"apiKey": "' + b"k" * 5000 + b'"}', 400),
        (b'{"apiKey": "no such key"}', 401),
        (b'{"apiKey": "one", "api_key": "another"}', 400),
        (b'{"apiKey": "no such key", "userName": 7}', 400),
        (b'{"apiKei": "no such key"}', 400),
    ],
)
async def test_a_sign_in_that_is_none_is_refused(
    shared_shop: ShopServer, body: bytes, status: int
) -> None:
    assert_refused(await shared_shop.http.post(SIGN_IN, content=body), status)


async def test_a_wrong_key_is_reported_in_plain_words(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.post(SIGN_IN, json={"apiKey": "no such key", "userName": "x"})

    assert assert_refused(answer, 401)["message"] == "This API key is not known."
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_api_key_is_a_bearer_itself(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop)
    client.token = client.key

    assert (await client.data("GET", CALLS))["calls"] == []


async def test_the_api_key_may_stand_in_its_own_header(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop)
    client.token = ""

    assert (await client.data("GET", CALLS, X_API_Key=client.key))["calls"] == []


async def test_the_word_bearer_may_be_written_in_any_case(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop)

    answer = await client.ask("GET", CALLS, Authorization=f"bearer  {client.token}")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Basic YTpi",
        "Bearer no-such-key",
        "Bearer eyJ.e30.",
        "Bearer eyJhbGciOiJIUzI1NiJ9..",
        "Bearer eyJ\xff.\xff.\xff",
        "Bearer " + "eyJ" * 2000,
        "Token abc",
    ],
)
@pytest.mark.parametrize("path", [CALLS, f"{CALLS}/CA{'0' * 32}"])
async def test_what_is_no_token_is_refused(
    shared_shop: ShopServer, authorization: str, path: str
) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")} if authorization else {}

    answer = await shared_shop.http.get(path, headers=headers)

    assert_refused(answer, 401)


async def test_a_token_without_a_signature_is_refused(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop)
    real = jwt.get_unverified_header(client.token)
    claims = jwt.decode(client.token, options={"verify_signature": False})
    for algorithm in ("none", "None", "HS256", "RS256"):
        header = base64url({**real, "alg": algorithm})
        client.token = f"{header}.{base64url(claims)}."

        assert assert_refused(await client.ask("GET", CALLS), 401)["code"] == "TOKEN_INVALID"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_a_token_of_another_secret_is_refused(
    shared_shop: ShopServer, algorithm: str
) -> None:
    client, _ = await new_client(shared_shop)
    header = jwt.get_unverified_header(client.token)
    claims = jwt.decode(client.token, options={"verify_signature": False})

    client.token = jwt.encode(claims, b"x" * 64, algorithm, headers={"kid": header["kid"]})

    assert assert_refused(await client.ask("GET", CALLS), 401)["code"] == "TOKEN_INVALID"


@pytest.mark.parametrize("kid", [None, "", "x", "999", "-1", 7, [], "1" * 5000])
async def test_a_token_that_names_another_secret_is_refused(
    shared_shop: ShopServer, kid: Any
) -> None:
    client, _ = await new_client(shared_shop)
    _, claims, signature = client.token.split(".")
    header = base64url({"alg": "HS256", "typ": "JWT", "kid": kid})

    client.token = f"{header}.{claims}.{signature}"

    assert_refused(await client.ask("GET", CALLS), 401)


async def test_a_token_that_was_changed_is_refused(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop)
    _, other = await new_client(shared_shop)
    header, _, signature = client.token.split(".")
    claims = jwt.decode(client.token, options={"verify_signature": False})

    client.token = f"{header}.{base64url({**claims, 'sub': other})}.{signature}"

    assert assert_refused(await client.ask("GET", CALLS), 401)["code"] == "TOKEN_INVALID"


async def test_a_key_that_is_replaced_ends_at_once_with_its_tokens(
    shared_shop: ShopServer,
) -> None:
    client, key_id = await new_client(shared_shop)
    assert (await client.ask("GET", CALLS)).status_code == 200
    made = await replace_key(shared_shop.shop.db, key_id)
    assert assert_refused(await client.ask("GET", CALLS), 401)["code"] == "TOKEN_REVOKED"
    former, client.token = client.key, made.key
    assert (await client.ask("GET", CALLS)).status_code == 200
    client.token = former
    assert_refused(await client.ask("GET", CALLS), 401)


async def test_a_token_runs_out(shared_shop: ShopServer) -> None:
    client, key_id = await new_client(shared_shop)
    shop = shared_shop.shop
    now_s = shop.clock.now_ms() // 1000

    key = await shop.db.read(keys.by_id, key_id)
    assert key is not None
    client.token = tokens.issue(shop.keyring, key, "", now_s - 3600, 3600)

    error = assert_refused(await client.ask("GET", CALLS), 401)
    assert error["code"] == "TOKEN_EXPIRED"
    assert SIGN_IN in error["suggestion"]


async def test_a_token_dies_with_its_key(shared_shop: ShopServer) -> None:
    client, key_id = await new_client(shared_shop)
    await revoke_key(shared_shop.shop.db, key_id)

    assert assert_refused(await client.ask("GET", CALLS), 401)["code"] == "TOKEN_REVOKED"
    client.token = client.key
    assert "revoked" in assert_refused(await client.ask("GET", CALLS), 401)["message"]
    refused = await client.http.post(SIGN_IN, json={"apiKey": client.key})
    assert "revoked" in assert_refused(refused, 401)["message"]


async def test_a_key_that_may_not_spend_places_no_call(shared_shop: ShopServer) -> None:
    client, _ = await new_client(shared_shop, "read")
    call = {"to": "+1234567800", "sayText": "Hello."}

    assert "spend" in assert_refused(await client.ask("POST", CALLS, call), 403)["message"]
    assert (await client.data("GET", CALLS))["calls"] == []


async def test_who_asks_is_looked_at_before_what_is_asked(shared_shop: ShopServer) -> None:
    assert_refused(await shared_shop.http.post(CALLS, content=b"{"), 401)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/auth/v1/tokens", 405),
        ("GET", "/auth/v1", 404),
        ("GET", "/auth/v1/", 404),
        ("POST", "/auth/v1/signin", 404),
        ("GET", "/voice/v1", 404),
        ("GET", "/voice/v1/nothing", 404),
        ("POST", "/voice/v1/nothing", 404),
        ("PUT", "/voice/v1/calls", 405),
        ("GET", "/voice/v1/simple-call", 405),
        ("PATCH", "/voice/v1/calls/CA00", 405),
        ("PUT", "/voice/v1/calls/plan", 405),
        ("DELETE", "/voice/v1/voices", 405),
        ("GET", "/voice/v1/calls/a/b", 404),
        ("GET", "/voice/v1//calls", 404),
        ("GET", "/voice/v1/calls/%00", 404),
    ],
)
async def test_every_address_answers_in_the_envelope(
    shared_shop: ShopServer, method: str, path: str, status: int
) -> None:
    answer = await shared_shop.http.request(method, path)

    assert_refused(answer, status)
    assert status != 405 or "OPTIONS" in answer.headers["allow"]


async def test_an_answer_has_the_form_of_the_original(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.get(VOICES)

    document = answer.json()
    assert list(document) == [
        "replyCode",
        "replyMessage",
        "requestId",
        "clientRequestId",
        "requestTime",
        "data",
        "error",
    ]
    assert document["replyMessage"] == "Request handled successfully"
    assert uuid.UUID(document["requestId"])
    assert document["clientRequestId"] == 0
    assert len(document["requestTime"]) == len("2021-02-16T10:47:40.296")
    assert document["error"] is None
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("echo", [17, "a-name-of-mine"])
async def test_the_clients_own_name_for_a_request_is_echoed(
    shared_shop: ShopServer, echo: int | str
) -> None:
    in_body = await shared_shop.http.post(SIGN_IN, json={"apiKey": "?", "clientRequestId": echo})
    in_header = await shared_shop.http.get(VOICES, headers={"clientRequestId": str(echo)})

    assert in_body.json()["clientRequestId"] == echo
    assert in_header.json()["clientRequestId"] == echo


@pytest.mark.parametrize("echo", [True, [], {}, 2.5, 10**30, "x" * 500, "a\nb", None])
async def test_what_is_no_name_for_a_request_is_not_echoed(
    shared_shop: ShopServer, echo: Any
) -> None:
    answer = await shared_shop.http.post(SIGN_IN, json={"apiKey": "?", "clientRequestId": echo})

    assert answer.json()["clientRequestId"] == 0


async def test_a_browser_may_ask(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.options(
        CALLS,
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
