"""MPP: the Payment challenge as a client reads it, and what its credential proves."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import l402, mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Grant, Offer

OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring([OLD])
TOKEN = l402.new_token(RING, b"r" * 15)
REQUEST = "POST /api/l402/place-call"
RAW = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
CANONICAL = "sha-256=:4REjxQ4yrqUVicfSKYNO/cF9zNj5ANbzgDZt3/h3Qxo=:"
OFFER = Offer("place_call", REQUEST, CANONICAL, 50_000, 2_000_000_000)
EXPIRES, REDEEM = 1_900_000_000, 3600
NOW = EXPIRES - 60


def line(ring: Keyring = RING, offer: Offer = OFFER) -> str:
    return mpp.challenge(
        ring, TOKEN, offer, invoice="lnbcrt500n1xyz", network="regtest", realm="shop.example",
        digest=RAW, expires_s=EXPIRES,
    )  # fmt: skip


def parameters(challenge: str) -> dict[str, str]:
    """As a thirty-line client reads it."""
    scheme, _, rest = challenge.partition(" ")
    assert scheme == "Payment"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


def unb64(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def b64(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def credential(preimage: str = TOKEN.preimage.hex(), **changed: Any) -> str:
    echoed = {**parameters(line()), **changed}
    return b64({"challenge": echoed, "payload": {"preimage": preimage}})


def check(value: str, ring: Keyring = RING, **changed: Any) -> Grant:
    facts: dict[str, Any] = {
        "service": "place_call", "request": REQUEST, "raw_digest": RAW, "body": CANONICAL,
        "redeem_s": REDEEM, "now_s": NOW,
    }  # fmt: skip
    return mpp.verify(ring, mpp.parse(value), **{**facts, **changed})


def refusal(value: str, ring: Keyring = RING, **changed: Any) -> CredentialRefused:
    with pytest.raises(CredentialRefused) as refused:
        check(value, ring, **changed)
    return refused.value


def test_challenge_is_read_by_a_simple_client() -> None:
    read = parameters(line())

    assert set(read) == {
        "id", "realm", "method", "intent", "request", "expires", "digest", "opaque",
    }  # fmt: skip
    assert (read["realm"], read["method"], read["intent"]) == (
        "shop.example",
        "lightning",
        "charge",
    )
    assert read["digest"] == RAW
    assert datetime.fromisoformat(read["expires"]) == datetime.fromtimestamp(EXPIRES, UTC)
    assert unb64(read["request"]) == {
        "amount": "50",
        "currency": "sat",
        "methodDetails": {
            "invoice": "lnbcrt500n1xyz",
            "network": "regtest",
            "paymentHash": TOKEN.payment_hash.hex(),
        },
    }


def test_request_parameter_is_canonical_json() -> None:
    import rfc8785

    text = parameters(line())["request"]

    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) == rfc8785.dumps(unb64(text))


def test_challenge_is_one_header_line_of_plain_ascii() -> None:
    text = line()

    assert text.isascii()
    assert text.isprintable()


def test_paid_challenge_grants_its_request() -> None:
    grant = check(credential())

    assert grant.payment_hash == TOKEN.payment_hash
    assert grant.offer == Offer("place_call", REQUEST, CANONICAL, 50_000, EXPIRES + REDEEM)


def test_fractions_of_a_sat_are_rounded_up_in_the_amount() -> None:
    offer = Offer("place_call", REQUEST, CANONICAL, 49_001, EXPIRES)

    assert unb64(parameters(line(offer=offer))["request"])["amount"] == "50"


def test_credential_may_be_padded() -> None:
    value = credential()

    assert check(value + "=" * (-len(value) % 4)).payment_hash == TOKEN.payment_hash


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "x"}, {"id": ""}, {"realm": "other.example"}, {"method": "stripe"},
        {"intent": "session"}, {"expires": "2099-01-01T00:00:00Z"}, {"digest": CANONICAL},
        {"digest": ""}, {"realm": "shop.example|lightning", "method": "charge"},
    ],
)  # fmt: skip
def test_any_changed_parameter_makes_the_challenge_foreign(changed: dict[str, str]) -> None:
    refused = refusal(credential(**changed))

    assert refused.code == "L402_CREDENTIAL_FOREIGN"
    assert refused.payment_hash is None


def test_lower_amount_or_another_hash_makes_the_challenge_foreign() -> None:
    request = unb64(parameters(line())["request"])
    cheaper = {**request, "amount": "1"}
    other = {**request, "methodDetails": {**request["methodDetails"], "paymentHash": "00" * 32}}

    for changed in (cheaper, other):
        assert refusal(credential(request=b64(changed))).code == "L402_CREDENTIAL_FOREIGN"


def test_another_request_in_opaque_makes_the_challenge_foreign() -> None:
    opaque = unb64(parameters(line())["opaque"])
    changed = b64({**opaque, "request": "POST /other"})

    refused = refusal(credential(opaque=changed), request="POST /other")

    assert refused.code == "L402_CREDENTIAL_FOREIGN"


@pytest.mark.parametrize(
    "opaque",
    ["", "!!", "AAAA", b64([]), b64({}), b64({"ref": 5}), b64({"ref": "00"}),
     b64({"ref": "zz" * 16}), b64({"ref": None}), b64("ref")],
)  # fmt: skip
def test_opaque_that_is_not_ours_is_refused(opaque: str) -> None:
    assert refusal(credential(opaque=opaque)).code == "L402_CREDENTIAL_MALFORMED"


@pytest.mark.parametrize(
    "preimage", ["", "00" * 32, "zz", "00" * 31, "é", TOKEN.payment_hash.hex()]
)
def test_wrong_preimage_proves_nothing(preimage: str) -> None:
    refused = refusal(credential(preimage))

    assert refused.code == "L402_PREIMAGE_MISMATCH"
    assert refused.payment_hash is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"request": "POST /api/l402/send-sms"}, "L402_REQUEST_MISMATCH"),
        ({"raw_digest": CANONICAL}, "L402_BODY_MISMATCH"),
        ({"now_s": EXPIRES + REDEEM}, "L402_TOKEN_EXPIRED"),
    ],
)
def test_payment_buys_nothing_but_its_request(changed: dict[str, Any], code: str) -> None:
    refused = refusal(credential(), **changed)

    assert refused.code == code
    assert refused.payment_hash == TOKEN.payment_hash


def test_challenge_paid_in_time_can_be_shown_until_the_redeem_time_is_over() -> None:
    assert check(credential(), now_s=EXPIRES + REDEEM - 1).payment_hash == TOKEN.payment_hash

    late = refusal(credential(), now_s=EXPIRES + REDEEM)

    assert late.expired is not None
    assert late.expired.offer.amount_msat == 50_000


def test_challenge_of_a_former_secret_is_honoured_and_of_a_dropped_one_is_not() -> None:
    assert check(credential(), Keyring([NEW, OLD])).payment_hash == TOKEN.payment_hash
    assert refusal(credential(), Keyring([NEW])).code == "L402_CREDENTIAL_FOREIGN"


def test_sats4ai_form_carries_the_macaroon() -> None:
    minted = l402.mint(RING, TOKEN, OFFER)
    document = {"challenge": {"id": "c1", "macaroon": minted}, "payload": {"preimage": "ab"}}

    shown = mpp.parse(b64(document))

    assert shown.l402 == l402.Credential(minted, "ab")
    assert shown.challenge.id == "c1"


def test_unknown_members_are_ignored() -> None:
    document = unb64(credential())
    document["source"] = "did:key:z"
    document["challenge"]["description"] = "a call"

    assert check(b64(document)).payment_hash == TOKEN.payment_hash


@pytest.mark.parametrize(
    "value",
    ["", "!", "AAAA", "e30", b64([]), b64("x"), b64({}), b64({"challenge": {}}),
     b64({"challenge": {}, "payload": []}), b64({"challenge": {"id": 5}, "payload": {}}),
     b64({"challenge": {"id": None}, "payload": {}}), "é" * 8, "a" * 5,
     base64.urlsafe_b64encode(b"[" * 6000).decode(),
     base64.urlsafe_b64encode(b'{"challenge":{"id":"\\ud800"},"payload":{}}').decode()],
)  # fmt: skip
def test_malformed_credential_is_named_so(value: str) -> None:
    with pytest.raises(CredentialRefused) as refused:
        mpp.parse(value)

    assert refused.value.code == "L402_CREDENTIAL_MALFORMED"


def test_receipt_names_the_payment_and_the_challenge() -> None:
    assert unb64(mpp.receipt(TOKEN.payment_hash, "c1", EXPIRES)) == {
        "status": "success",
        "method": "lightning",
        "timestamp": "2030-03-17T17:46:40Z",
        "reference": TOKEN.payment_hash.hex(),
        "challengeId": "c1",
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10)
    | st.sampled_from(sorted(parameters(line()).values())),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "realm", "request", "opaque", "ref"]), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300)
@given(
    st.text(max_size=60)
    | json_values.map(b64)
    | st.builds(
        lambda c, p: b64({"challenge": c, "payload": {"preimage": p}}), json_values, json_values
    )
    | st.dictionaries(st.sampled_from(sorted(parameters(line()))), st.text(max_size=30)).map(
        lambda changed: credential(**changed)
    )
)
def test_garbage_is_refused_and_never_a_fault(value: str) -> None:
    try:
        grant = check(value)
    except CredentialRefused as refused:
        assert refused.code.startswith("L402_")
    else:
        assert grant.payment_hash == TOKEN.payment_hash
