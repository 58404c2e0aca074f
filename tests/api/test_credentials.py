"""Every way in which clients show that they have paid, and every way that proves nothing."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import socket
from typing import Any

import httpx
import pymacaroons
import pytest

from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.l402 import Offer, mint, new_token
from support.clients.l402 import PATH, Paid, say
from support.numbers import LISTENS
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

_texts = itertools.count(1)


def wish() -> dict[str, Any]:
    """A body that no other test sends; what is spoken is always the same, and so spoken once."""
    return say(LISTENS, reference=next(_texts))


def url_safe(macaroon: str) -> str:
    return macaroon.replace("+", "-").replace("/", "_")


def mpp_parameters(asked: httpx.Response) -> dict[str, str]:
    line = asked.headers.get_list("www-authenticate")[1]
    assert line.startswith("Payment ")
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


def mpp_credential(challenge: dict[str, str], preimage: str) -> str:
    document = {"challenge": challenge, "payload": {"preimage": preimage}}
    return "Payment " + base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def opened(value: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    return document


GOOD = {
    "as the page has it": "L402 {m}:{p}",
    "its old name": "LSAT {m}:{p}",
    "in lower case": "l402 {m}:{p}",
    "with the scheme twice": "L402 L402 {m}:{p}",
    "in base64url": "L402 {u}:{p}",
    "without padding": "L402 {n}:{p}",
    "in base64url without padding": "LSAT {un}:{p}",
    "the preimage in capitals": "L402 {m}:{P}",
    "in quotes": 'L402 "{m}:{p}"',
    "with more space": "L402   {m} : {p}",
    "behind another macaroon": "L402 {f},{m}:{p}",
    "behind a foreign credential": "L402 {f}:{p}, L402 {m}:{p}",
    "beside a bearer token": "Bearer abcdef, L402 {m}:{p}",
}


@pytest.mark.parametrize("form", GOOD.values(), ids=GOOD.keys())
async def test_a_credential_is_taken(shared_shop: ShopServer, form: str) -> None:
    body = wish()
    paid = await shared_shop.buy_credential(body)
    macaroon = paid.document["macaroon"]
    shown = form.format(
        m=macaroon,
        u=url_safe(macaroon),
        n=macaroon.rstrip("="),
        un=url_safe(macaroon).rstrip("="),
        p=paid.preimage,
        P=paid.preimage.upper(),
        f=foreign_macaroon(),
    )

    answer = await shared_shop.post(body, shown)

    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True


@pytest.mark.parametrize("order", [("LSAT", "L402"), ("L402", "LSAT"), ("Bearer", "L402")])
async def test_of_two_authorization_lines_either_may_pay(
    shared_shop: ShopServer, order: tuple[str, str]
) -> None:
    body = wish()
    paid = await shared_shop.buy_credential(body)
    shown = paid.authorization.removeprefix("L402 ")
    lines = [
        ("Authorization", f"{scheme} {'nonsense' if scheme == 'Bearer' else shown}")
        for scheme in order
    ]

    answer = await shared_shop.http.post(PATH, json=body, headers=httpx.Headers(lines))

    assert answer.status_code == 200


async def test_a_holder_may_restrict_a_credential_further(shared_shop: ShopServer) -> None:
    body = wish()
    paid = await shared_shop.buy_credential(body)
    soon = int(shared_shop.shop.clock.now_ms() / 1000) + 60
    shown = restricted(paid.document["macaroon"], f"place_call_valid_until={soon}", "ip=anything")

    assert (await shared_shop.post(body, f"L402 {shown}:{paid.preimage}")).status_code == 200


async def test_mpp_pays_and_its_receipt_names_the_challenge(shared_shop: ShopServer) -> None:
    body = json.dumps(wish()).encode()
    asked = await shared_shop.post(body)
    challenge = mpp_parameters(asked)
    preimage = await shared_shop.pay(opened(challenge["request"])["methodDetails"]["invoice"])

    answer = await shared_shop.post(body, mpp_credential(challenge, preimage))

    assert answer.status_code == 200, answer.text
    receipt = opened(answer.headers["payment-receipt"])
    assert receipt["status"] == "success"
    assert receipt["method"] == "lightning"
    assert receipt["challengeId"] == challenge["id"]
    assert receipt["reference"] == asked.json()["payment_hash"]


async def test_mpp_needs_no_more_echoed_than_alby_s_client_echoes(
    shared_shop: ShopServer,
) -> None:
    body = json.dumps(wish()).encode()
    asked = await shared_shop.post(body)
    challenge = mpp_parameters(asked)
    preimage = await shared_shop.pay(asked.json()["invoice"])
    little = {name: challenge[name] for name in ("id", "realm", "method", "intent", "request")}
    little["expires"] = challenge["expires"]

    other = await shared_shop.post(body + b" ", mpp_credential(little, preimage))
    answer = await shared_shop.post(body, mpp_credential(little, preimage))

    assert other.json()["error_code"] == "L402_BODY_MISMATCH"
    assert answer.status_code == 200, answer.text


async def test_mpp_as_sats4ai_has_it_pays_too(shared_shop: ShopServer) -> None:
    body = wish()
    asked = await shared_shop.post(body)
    preimage = await shared_shop.pay(asked.json()["invoice"])
    challenge = {"id": mpp_parameters(asked)["id"], "macaroon": asked.json()["macaroon"]}

    answer = await shared_shop.post(body, mpp_credential(challenge, preimage))

    assert answer.status_code == 200, answer.text
    assert opened(answer.headers["payment-receipt"])["challengeId"] == challenge["id"]


async def test_l402_and_mpp_show_one_payment_which_buys_one_call(shared_shop: ShopServer) -> None:
    body = json.dumps(wish()).encode()
    asked = await shared_shop.post(body)
    preimage = await shared_shop.pay(asked.json()["invoice"])

    first = await shared_shop.post(body, f"L402 {asked.json()['macaroon']}:{preimage}")
    second = await shared_shop.post(body, mpp_credential(mpp_parameters(asked), preimage))

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"


async def test_mpp_binds_the_bytes_of_the_body(shared_shop: ShopServer) -> None:
    body = json.dumps(wish()).encode()
    asked = await shared_shop.post(body)
    preimage = await shared_shop.pay(asked.json()["invoice"])

    answer = await shared_shop.post(body + b" ", mpp_credential(mpp_parameters(asked), preimage))

    assert answer.json()["error_code"] == "L402_BODY_MISMATCH"
    assert answer.status_code == 402


async def test_l402_binds_what_the_body_says_not_how(shared_shop: ShopServer) -> None:
    number = next(_texts)
    paid = await shared_shop.buy_credential(say(LISTENS, reference=number))
    typed_anew = (
        f'{{ "reference": {number},\n "message":"Hell\\u006f.", "phone_number":"{LISTENS}"}}'
    )

    answer = await shared_shop.post(typed_anew.encode(), paid.authorization)

    assert answer.status_code == 200, answer.text


def restricted(macaroon: str, *caveats: str) -> str:
    """A macaroon with caveats that its holder added, by a library that nobody here wrote."""
    raw = base64.b64decode(macaroon)
    held = pymacaroons.Macaroon.deserialize(base64.urlsafe_b64encode(raw).rstrip(b"="))
    for caveat in caveats:
        held.add_first_party_caveat(caveat)
    return str(held.serialize())


def foreign_macaroon() -> str:
    """What another shop would have minted for a request like ours."""
    keyring = Keyring([b"another shop's secret, of 32 bytes"])
    token = new_token(keyring, bytes(15))
    offer = Offer("place_call", f"POST {PATH}", "sha-256=:AAAA:", 50_000, 2_000_000_000)
    return mint(keyring, token, offer)


def changed(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


WORTHLESS = {
    "nothing after the scheme": ("L402", "L402_CREDENTIAL_MALFORMED"),
    "another scheme": ("Bearer abcdef", "L402_CREDENTIAL_MALFORMED"),
    "a password": ("Basic dXNlcjpwYXNz", "L402_CREDENTIAL_MALFORMED"),
    "garbage": ("L402 !!!:???", "L402_CREDENTIAL_MALFORMED"),
    "no preimage": ("L402 {m}", "L402_CREDENTIAL_MALFORMED"),
    "an empty preimage": ("L402 {m}:", "L402_CREDENTIAL_MALFORMED"),
    "a short preimage": ("L402 {m}:abcd", "L402_CREDENTIAL_MALFORMED"),
    "the wrong preimage": ("L402 {m}:" + "00" * 32, "L402_PREIMAGE_MISMATCH"),
    "the payment hash as preimage": ("L402 {m}:{h}", "L402_PREIMAGE_MISMATCH"),
    "a changed macaroon": ("L402 {c}:{p}", "L402_CREDENTIAL_FOREIGN"),
    "a macaroon cut short": ("L402 {s}:{p}", "L402_CREDENTIAL_MALFORMED"),
    "another shop's macaroon": ("L402 {f}:{p}", "L402_CREDENTIAL_FOREIGN"),
    "a very long line": ("L402 " + "A" * 20_000 + ":{p}", "L402_CREDENTIAL_MALFORMED"),
    "commas": ("L402 " + "," * 5000 + ":{p}", "L402_CREDENTIAL_MALFORMED"),
    "a thousand schemes": ("L402 " * 1000 + "L402", "L402_CREDENTIAL_MALFORMED"),
    "not a Payment credential": ("Payment e30", "L402_CREDENTIAL_MALFORMED"),
    "Payment with numbers in it": ("Payment W3sxOjJ9XQ", "L402_CREDENTIAL_MALFORMED"),
}


@pytest.mark.parametrize(("form", "code"), WORTHLESS.values(), ids=WORTHLESS.keys())
async def test_what_proves_nothing_gets_a_fresh_challenge(
    shared_shop: ShopServer, form: str, code: str
) -> None:
    body = wish()
    paid = await shared_shop.buy_credential(body)
    macaroon = paid.document["macaroon"]
    shown = form.format(
        m=macaroon,
        p=paid.preimage,
        h=paid.document["payment_hash"],
        c=changed(macaroon, 60),
        s=macaroon[:80],
        f=foreign_macaroon(),
    )

    answer = await shared_shop.post(body, shown)

    assert answer.status_code == 402
    assert answer.json()["error_code"] == answer.headers["x-error-code"] == code
    assert answer.json()["invoice"] != paid.document["invoice"]
    assert len(answer.headers.get_list("www-authenticate")) == 2
    assert (await shared_shop.post(body, paid.authorization)).status_code == 200, (
        "and it is unspent"
    )


async def pay_with(
    shop: ShopServer, body: dict[str, Any], change: dict[str, str]
) -> httpx.Response:
    """A Payment credential of which the client changed parameters."""
    asked = await shop.post(body)
    challenge = mpp_parameters(asked)
    preimage = await shop.pay(asked.json()["invoice"])
    return await shop.post(body, mpp_credential({**challenge, **change}, preimage))


@pytest.mark.parametrize("parameter", ["id", "realm", "request", "expires", "digest", "opaque"])
async def test_a_payment_challenge_cannot_be_changed(
    shared_shop: ShopServer, parameter: str
) -> None:
    answer = await pay_with(shared_shop, wish(), {parameter: "e30"})

    assert answer.status_code == 402
    assert answer.json()["error_code"] in ("L402_CREDENTIAL_FOREIGN", "L402_CREDENTIAL_MALFORMED")


async def test_a_credential_for_another_body_buys_nothing(shared_shop: ShopServer) -> None:
    paid = await shared_shop.buy_credential(wish())
    answer = await shared_shop.post(wish(), paid.authorization)

    assert (answer.status_code, answer.json()["error_code"]) == (402, "L402_BODY_MISMATCH")


async def test_a_credential_for_another_address_buys_nothing(shared_shop: ShopServer) -> None:
    shop = shared_shop.shop
    body = say(LISTENS)
    token = new_token(shop.keyring, bytes(range(15)))
    digest = "sha-256=:AAAA:"
    offer = Offer("place_call", "POST /api/l402/send-sms", digest, 50_000, 2_000_000_000)
    shown = f"L402 {mint(shop.keyring, token, offer)}:{token.preimage.hex()}"

    answer = await shared_shop.post(body, shown)

    assert (answer.status_code, answer.json()["error_code"]) == (402, "L402_REQUEST_MISMATCH")


async def test_restricting_a_credential_cannot_widen_it(shared_shop: ShopServer) -> None:
    body = wish()
    paid = await shared_shop.buy_credential(wish())
    other = (await shared_shop.post(body)).json()
    caveats = [
        caveat.decode()
        for caveat in re.findall(
            rb"place_call_body=[^\0\x02]+", base64.b64decode(other["macaroon"])
        )
    ]
    assert caveats
    shown = restricted(paid.document["macaroon"], *caveats)

    answer = await shared_shop.post(body, f"L402 {shown}:{paid.preimage}")

    assert answer.status_code == 402


RESTRICTIONS = (
    *(f"place_call_valid_until={t}" for t in ("1", "0", "-1", "-99999999999999", "9" * 1500, "x")),
    *("place_call_valid_until=", "place_call_valid_until", " place_call_valid_until = -1 "),
    *("place_call_amount_msat=0", "place_call_amount_msat=x", "place_call_body=", "services="),
    *("place_call_request=GET /", "services=send_sms:0", "anything", "=", "\x00=\x00", "a=b=c"),
)


async def test_what_a_holder_adds_neither_opens_a_refund_nor_spends_the_credential(
    shared_shop: ShopServer,
) -> None:
    body = wish()
    paid = await shared_shop.buy_credential(body)
    expired = restricted(paid.document["macaroon"], "place_call_valid_until=1")
    orders = (await shared_shop.rows())["orders"]

    for caveat in RESTRICTIONS:
        shown = restricted(paid.document["macaroon"], "place_call_valid_until=1", caveat)
        answer = await shared_shop.post(body, f"L402 {shown}:{paid.preimage}")
        assert answer.status_code == 402, caveat
        assert "previous" not in answer.json(), caveat
    for caveat in RESTRICTIONS:
        shown = restricted(paid.document["macaroon"], caveat)
        answer = await shared_shop.post(wish(), f"L402 {shown}:{paid.preimage}")
        assert answer.status_code == 402, caveat

    assert (await shared_shop.rows())["orders"] == orders
    assert (await shared_shop.post(body, paid.authorization)).status_code == 200
    answer = await shared_shop.post(body, f"L402 {expired}:{paid.preimage}")
    assert answer.json()["error_code"] == "L402_TOKEN_EXPIRED"
    assert "previous" not in answer.json(), "nor does it show the order"


async def test_a_refused_credential_is_answered_with_the_way_on(shared_shop: ShopServer) -> None:
    answer = await shared_shop.post(wish(), "L402 abc:def")
    document = answer.json()

    assert document["type"] == "https://paymentauth.org/problems/malformed-credential"
    assert document["suggestion"].startswith("Nothing was charged.")


async def test_bytes_that_are_no_text_get_a_challenge(shared_shop: ShopServer) -> None:
    body = json.dumps(wish()).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\nAuthorization: L402 "
    ).encode()
    host, port = shared_shop.url.removeprefix("http://").split(":")

    def exchange() -> bytes:
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as raw:
            raw.sendall(head + b"\xff\xfe:\xc3\x28\r\n\r\n" + body)
            return b"".join(iter(lambda: raw.recv(65536), b""))

    assert (await asyncio.to_thread(exchange)).startswith(b"HTTP/1.1 402 ")


async def test_paid_is_what_the_preimage_proves(shared_shop: ShopServer) -> None:
    body = wish()
    paid: Paid = await shared_shop.buy_credential(body)
    another = await shared_shop.buy_credential(body)

    answer = await shared_shop.post(body, f"L402 {paid.document['macaroon']}:{another.preimage}")

    assert (answer.status_code, answer.json()["error_code"]) == (402, "L402_PREIMAGE_MISMATCH")
