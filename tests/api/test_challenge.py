"""The 402: what it says, in the one form that every known client parses, and that it costs us
nothing but an invoice."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from hashlib import sha256
from typing import Any

import httpx
import pymacaroons
import pytest

from ringbolt.core.lightning import bolt11
from support.clients.l402 import PATH, say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

L402_LINE = re.compile(
    r'L402 macaroon="([A-Za-z0-9+/=]+)", invoice="(lnbcrt[a-z0-9]+)", version="0", token="([^"]+)"'
)
PRICE_SATS = 50  # one minute in the United States and Canada, by the rate card that is shipped
US_NUMBER = "+12025550123"


def lines(answer: httpx.Response) -> list[str]:
    return answer.headers.get_list("www-authenticate")


def parameters(line: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


def opened(value: str) -> dict[str, Any]:
    """A base64url JSON parameter of MPP."""
    document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    return document


async def test_the_first_line_is_the_form_that_clients_parse(shared_shop: ShopServer) -> None:
    answer = await shared_shop.post(say(US_NUMBER))

    assert answer.status_code == 402
    first, second = lines(answer)
    found = L402_LINE.fullmatch(first)
    assert found is not None, first
    assert found[1] == found[3], "the token is the macaroon"
    assert second.startswith('Payment id="')


async def test_header_and_body_offer_the_same_invoice_and_macaroon(
    shared_shop: ShopServer,
) -> None:
    answer = await shared_shop.post(say(US_NUMBER))
    document, challenge = answer.json(), parameters(lines(answer)[0])

    assert document["invoice"] == challenge["invoice"]
    assert document["macaroon"] == challenge["macaroon"]


async def test_the_invoice_asks_for_what_the_body_says(shared_shop: ShopServer) -> None:
    document = (await shared_shop.post(say(US_NUMBER))).json()
    invoice = bolt11.decode(document["invoice"])

    assert document["amount_sats"] == document["amountSats"] == PRICE_SATS
    assert invoice.amount_msat == document["amount_msat"] == PRICE_SATS * 1000
    assert invoice.payment_hash.hex() == document["payment_hash"]
    expires_at = datetime.fromisoformat(document["expires_at"]).timestamp()
    assert expires_at == invoice.timestamp_s + invoice.expiry_s
    assert invoice.expiry_s == 600


async def test_the_invoice_tells_nobody_who_is_called(shared_shop: ShopServer) -> None:
    document = (await shared_shop.post(say(US_NUMBER, "Your code is 4711."))).json()
    memo = bolt11.decode(document["invoice"]).description or ""

    assert "2025550123" not in memo
    assert "4711" not in memo


async def test_the_macaroon_is_version_2_with_aperture_s_identifier(
    shared_shop: ShopServer,
) -> None:
    document = (await shared_shop.post(say(US_NUMBER))).json()
    raw = base64.b64decode(document["macaroon"], validate=True)
    macaroon = pymacaroons.Macaroon.deserialize(base64.urlsafe_b64encode(raw).rstrip(b"="))

    identifier = macaroon.identifier_bytes
    assert raw[0] == 2
    assert len(identifier) == 66
    assert identifier[:2] == b"\0\0"
    assert identifier[2:34].hex() == document["payment_hash"]


async def test_the_macaroon_is_bound_to_the_request_and_its_price(
    shared_shop: ShopServer,
) -> None:
    body = b'{ "phone_number":"+12025550123",  "message":"Hi" }'
    document = (await shared_shop.post(body)).json()
    raw = base64.b64decode(document["macaroon"])
    macaroon = pymacaroons.Macaroon.deserialize(base64.urlsafe_b64encode(raw).rstrip(b"="))
    caveats = dict(
        caveat.caveat_id_bytes.decode().split("=", 1) for caveat in macaroon.first_party_caveats()
    )

    canonical = b'{"message":"Hi","phone_number":"+12025550123"}'
    digest = base64.b64encode(sha256(canonical).digest()).decode()
    assert caveats["services"] == "place_call:0"
    assert caveats["place_call_request"] == f"POST {PATH}"
    assert caveats["place_call_body"] == f"sha-256=:{digest}:"
    assert caveats["place_call_amount_msat"] == str(PRICE_SATS * 1000)


async def test_the_payment_line_offers_the_same_invoice_as_mpp_has_it(
    shared_shop: ShopServer,
) -> None:
    body = json.dumps(say(US_NUMBER)).encode()
    answer = await shared_shop.post(body)
    payment, document = parameters(lines(answer)[1]), answer.json()
    request = opened(payment["request"])

    assert payment["method"] == "lightning"
    assert payment["intent"] == "charge"
    assert payment["realm"] == "127.0.0.1"
    assert payment["digest"] == f"sha-256=:{base64.b64encode(sha256(body).digest()).decode()}:"
    assert request["amount"] == str(document["amount_sats"])
    assert request["currency"] == "sat"
    assert len(bytes.fromhex(request["externalId"])) == 16
    assert request["methodDetails"] == {
        "invoice": document["invoice"],
        "network": "regtest",
        "paymentHash": document["payment_hash"],
    }
    expires = datetime.fromisoformat(payment["expires"])
    assert abs(expires.timestamp() - datetime.fromisoformat(document["expires_at"]).timestamp()) < 2


async def test_a_client_that_accepts_mpp_gets_the_payment_line_alone(
    shared_shop: ShopServer,
) -> None:
    answer = await shared_shop.post(say(US_NUMBER), accept_payment="lightning/charge")

    assert [line.partition(" ")[0] for line in lines(answer)] == ["Payment"]
    assert answer.json()["macaroon"]


async def test_the_body_says_what_to_do_in_problem_json(shared_shop: ShopServer) -> None:
    answer = await shared_shop.post(say(US_NUMBER))
    document = answer.json()

    assert answer.headers["content-type"] == "application/problem+json"
    assert document["type"] == "https://paymentauth.org/problems/payment-required"
    assert document["status"] == 402
    assert document["error_code"] == answer.headers["x-error-code"] == "PAYMENT_REQUIRED"
    assert document["title"]
    assert document["detail"] == document["error"]
    assert "Authorization: L402 <macaroon>:<preimage>" in document["suggestion"]


async def test_a_challenge_is_never_cached_and_never_the_same_twice(
    shared_shop: ShopServer,
) -> None:
    first, second = [await shared_shop.post(say(US_NUMBER)) for _ in range(2)]

    assert first.headers["cache-control"] == "no-store"
    assert first.json()["payment_hash"] != second.json()["payment_hash"]
    assert first.json()["macaroon"] != second.json()["macaroon"]


async def test_a_page_in_a_browser_can_read_the_challenge(shared_shop: ShopServer) -> None:
    answer = await shared_shop.post(say(US_NUMBER), Origin="https://agent.example")

    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"WWW-Authenticate", "Payment-Receipt", "X-Error-Code"} <= exposed


async def test_a_browser_is_allowed_to_send_the_credential(shared_shop: ShopServer) -> None:
    answer = await shared_shop.http.options(
        PATH,
        headers={
            "Origin": "https://agent.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )

    allowed = answer.headers["access-control-allow-headers"].lower()
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    for header in ("authorization", "content-type", "idempotency-key"):
        assert header in allowed


async def test_challenges_write_nothing(shared_shop: ShopServer) -> None:
    before = await shared_shop.rows()
    for number in range(30):
        assert (await shared_shop.post(say(ANSWERS, f"Number {number}."))).status_code == 402

    assert await shared_shop.rows() == before


async def test_a_challenge_costs_what_the_quote_says(shared_shop: ShopServer) -> None:
    parameters = {"phone_number": "+442079460000", "duration_minutes": "2.5"}
    quote = (await shared_shop.http.get(PATH, params=parameters)).json()["quote"]
    spoken = (await shared_shop.post(say("+442079460000"))).json()

    assert quote["minutes"] == 3
    assert quote["amount_sats"] == 3 * spoken["amount_sats"]
    assert quote["sats_per_minute"] == spoken["amount_sats"]


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        ("calls.example", "http://calls.example/"),
        ("calls.example:8443", "http://calls.example:8443/"),
        ("[2001:db8::1]:80", "http://[2001:db8::1]:80/"),
        ('a"b', "http://localhost/"),
        ("evil.example/path?", "http://localhost/"),
        ("[::1", "http://localhost/"),
        ("", "http://localhost/"),
    ],
)
async def test_a_host_header_is_used_if_it_is_a_host_and_else_ignored(
    shared_shop: ShopServer, host: str, seen: str
) -> None:
    described = await shared_shop.http.get(PATH, headers={"Host": host})
    challenged = await shared_shop.post(say(US_NUMBER), Host=host)

    assert described.json()["access"]["endpoint"].startswith(seen)
    assert challenged.status_code == 402
    assert len(lines(challenged)) == 2
