"""MPP: the Payment challenge as a client reads it, and what its credential proves."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.core.keys import Keyring, derive
from ringbolt.core.lightning import bolt11, l402, mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Grant, Offer

OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring([OLD])
TOKEN = l402.new_token(RING, b"r" * 15)
REQUEST = "POST /api/l402/place-call"
RAW = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
CANONICAL = "sha-256=:4REjxQ4yrqUVicfSKYNO/cF9zNj5ANbzgDZt3/h3Qxo=:"
OFFER = Offer("place_call", REQUEST, CANONICAL, 50_000, 2_000_000_000)
SOLD = mpp.Sold("place_call", REQUEST, RAW, CANONICAL)
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


ECHOED = ("id", "realm", "method", "intent", "request", "expires")
"""What ``@getalby/lightning-tools`` 9 echoes."""


def echo_little(challenge: str, preimage: str = TOKEN.preimage.hex(), **more: str) -> str:
    read = parameters(challenge)
    echoed = {name: read[name] for name in ECHOED}
    return b64({"challenge": echoed | more, "payload": {"preimage": preimage}})


def former_line(ring: Keyring = RING, request: str = REQUEST) -> str:
    """A challenge as it was minted before ``opaque`` went: all of it had to be echoed."""
    invoice = bolt11.encode(
        private_key=b"k" * 32, network="regtest", amount_msat=50_000, timestamp_s=NOW,
        payment_hash=TOKEN.payment_hash, payment_secret=b"s" * 32, expiry_s=600,
        description=l402.memo("Phone call", TOKEN.nonce),
    )  # fmt: skip
    charge = (
        '{"amount":"50","currency":"sat","methodDetails":'
        f'{{"invoice":"{invoice}","network":"regtest","paymentHash":"{TOKEN.payment_hash.hex()}"}}}}'
    )
    c = {
        "realm": "shop.example", "method": "lightning", "intent": "charge",
        "request": l402.b64url(charge.encode()), "expires": "2030-03-17T17:46:40Z", "digest": RAW,
        "opaque": l402.b64url(f'{{"ref":"{TOKEN.nonce.hex()}","request":"{request}"}}'.encode()),
    }  # fmt: skip
    id = l402.b64url(derive(ring.current, "mpp challenge", "|".join(c.values()).encode()))
    return "Payment " + ", ".join(f'{name}="{value}"' for name, value in {"id": id, **c}.items())


def check(
    value: str, ring: Keyring = RING, *, redeem_s: int = REDEEM, now_s: int = NOW, **changed: str
) -> Grant:
    sold = dataclasses.replace(SOLD, **changed)
    return mpp.verify(ring, mpp.parse(value), sold, redeem_s=redeem_s, now_s=now_s)


def refusal(value: str, ring: Keyring = RING, **changed: Any) -> CredentialRefused:
    with pytest.raises(CredentialRefused) as refused:
        check(value, ring, **changed)
    return refused.value


def test_challenge_is_read_by_a_simple_client() -> None:
    read = parameters(line())

    assert set(read) == {
        "id", "realm", "method", "intent", "request", "expires", "digest",
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
        "externalId": TOKEN.nonce.hex(),
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
        {"id": "x"}, {"id": ""}, {"realm": "other.example"}, {"digest": CANONICAL},
        {"expires": "2099-01-01T00:00:00Z"}, {"opaque": "e30"},
        {"header": "Payment-Authorization"}, {"realm": "shop.example|lightning"},
    ],
)  # fmt: skip
def test_any_changed_parameter_makes_the_challenge_foreign(changed: dict[str, str]) -> None:
    refused = refusal(credential(**changed))

    assert refused.code == "L402_CREDENTIAL_FOREIGN"
    assert refused.payment_hash is None


@pytest.mark.parametrize("changed", [{"method": "stripe"}, {"intent": "session"}, {"method": ""}])
def test_another_method_is_named_so(changed: dict[str, str]) -> None:
    assert refusal(credential(**changed)).code == "PAYMENT_METHOD_UNSUPPORTED"


SECRET = b"test-vector-secret"
USUAL = {"realm": "api.example.com", "method": "tempo", "intent": "charge"}
AMOUNT: dict[str, Any] = {"amount": "1000000"}
AT, BODY = "2025-01-06T12:00:00Z", "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE"
ONE_KEY = {"pi": "pi_3abc123XYZ"}


@pytest.mark.parametrize(
    ("changed", "id"),
    [
        ({}, "X6v1eo7fJ76gAxqY0xN9Jd__4lUyDDYmriryOM-5FO4"),
        ({"expires": AT}, "ChPX33RkKSZoSUyZcu8ai4hhkvjZJFkZVnvWs5s0iXI"),
        ({"digest": BODY}, "JHB7EFsPVb-xsYCo8LHcOzeX1gfXWVoUSzQsZhKAfKM"),
        ({"expires": AT, "digest": BODY}, "m39jbWWCIfmfJZSwCfvKFFtBl0Qwf9X4nOmDb21peLA"),
        ({"request": {**AMOUNT, "currency": "0x1234", "recipient": "0xabcd"}},
         "_H5TOnnlW0zduQ5OhQ3EyLVze_TqxLDPda2CGZPZxOc"),
        ({"request": {**AMOUNT, "currency": "0x1234", "methodDetails": {"chainId": 42431}}},
         "TqujwpuDDg_zsWGINAd5XObO2rRe6uYufpqvtDmr6N8"),
        ({"request": {}}, "yLN7yChAejW9WNmb54HpJIWpdb1WWXeA3_aCx4dxmkU"),
        ({"realm": "payments.other.com"}, "3F5bOo2a9RUihdwKk4hGRvBvzQmVPBMDvW0YM-8GD00"),
        ({"method": "stripe"}, "o0ra2sd7HcB4Ph0Vns69gRDUhSj5WNOnUopcDqKPLz4"),
        ({"intent": "session"}, "aAY7_IEDzsznNYplhOSE8cERQxvjFcT4Lcn-7FHjLVE"),
        ({"opaque": ONE_KEY}, "rxzKZ2qjXvinqCH96RORTZEPs1KXsA-0AUjrCAPFOWc"),
        ({"opaque": ONE_KEY, "expires": AT}, "KAfoMrA4fnzS1DPWN_cUv_b3_yHxCizdp6OhH7gluMY"),
        ({"opaque": {}}, "vb4IyH-0LdJ3s7L0QAw8jIzcZkyxksPhIvEfmHmzA9k"),
        ({"opaque": {"deposit": "dep_456", **ONE_KEY}},
         "aKskU8sadR5ZuFbUCsIwhO-ENxuVpTw17FdwHEXsJDk"),
    ],
)  # fmt: skip
def test_ids_are_those_of_the_published_vectors(changed: dict[str, Any], id: str) -> None:
    import rfc8785

    parameters = USUAL | {"request": AMOUNT} | changed
    wire = {
        name: value if isinstance(value, str) else l402.b64url(rfc8785.dumps(value))
        for name, value in parameters.items()
    }
    assert mpp.challenge_id(SECRET, **wire) == id


def test_the_examples_of_the_draft_are_read() -> None:
    """Its credential is of another method; all of it is read, and it is named so."""
    example = (
        "eyJjaGFsbGVuZ2UiOnsiaWQiOiJ4N1RnMnBMcVI5bUt2TndZM2hCY1phIiwicmVhbG0iOiJhcGkuZXhhbXBsZS5j"
        "b20iLCJtZXRob2QiOiJleGFtcGxlIiwiaW50ZW50IjoiY2hhcmdlIiwicmVxdWVzdCI6ImV5SmhiVzkxYm5RaU9p"
        "SXhNREF3SWl3aVkzVnljbVZ1WTNraU9pSlZVMFFpTENKeVpXTnBjR2xsYm5RaU9pSmhZMk4wWHpFeU15SjkiLCJl"
        "eHBpcmVzIjoiMjAyNS0wMS0xNVQxMjowNTowMFoifSwicGF5bG9hZCI6eyJwcm9vZiI6IjB4YWJjMTIzLi4uIn19"
    )
    shown = mpp.parse(example)

    assert (shown.challenge.id, shown.challenge.realm) == (
        "x7Tg2pLqR9mKvNwY3hBcZa",
        "api.example.com",
    )
    assert shown.challenge.expires == "2025-01-15T12:05:00Z"
    assert unb64(shown.challenge.request)["recipient"] == "acct_123"
    assert refusal(example).code == "PAYMENT_METHOD_UNSUPPORTED"


def test_a_challenge_with_the_hmac_of_the_version_before_is_honoured() -> None:
    read = parameters(line())
    names = ("realm", "method", "intent", "request", "expires", "digest")
    slots = "|".join([*(read[name] for name in names), REQUEST])
    mac = l402.b64url(derive(OLD, "mpp charge", slots.encode()))
    former = f"{mac}.{read['id'].partition('.')[2]}"

    assert check(credential(id=former)).payment_hash == TOKEN.payment_hash
    assert refusal(credential(id=former), request="POST /other").code == "L402_CREDENTIAL_FOREIGN"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("PAYMENT_REQUIRED", "payment-required"),
        ("L402_CREDENTIAL_MALFORMED", "malformed-credential"),
        ("L402_CREDENTIAL_FOREIGN", "invalid-challenge"),
        ("L402_TOKEN_SPENT", "invalid-challenge"),
        ("L402_TOKEN_EXPIRED", "payment-expired"),
        ("L402_PREIMAGE_MISMATCH", "verification-failed"),
        ("PAYMENT_METHOD_UNSUPPORTED", "method-unsupported"),
    ],
)
def test_every_refusal_is_one_of_the_drafts_problems(code: str, name: str) -> None:
    assert mpp.problem_type(code) == f"https://paymentauth.org/problems/{name}"


def test_lower_amount_or_another_hash_makes_the_challenge_foreign() -> None:
    request = unb64(parameters(line())["request"])
    cheaper = {**request, "amount": "1"}
    other = {**request, "methodDetails": {**request["methodDetails"], "paymentHash": "00" * 32}}

    for changed in (cheaper, other):
        assert refusal(credential(request=b64(changed))).code == "L402_CREDENTIAL_FOREIGN"


def test_what_few_clients_echo_is_not_needed() -> None:
    assert check(echo_little(line())).payment_hash == TOKEN.payment_hash
    assert check(echo_little(line(), digest=RAW)).payment_hash == TOKEN.payment_hash
    assert refusal(echo_little(line(), digest=CANONICAL)).code == "L402_CREDENTIAL_FOREIGN"
    assert refusal(echo_little(line(), opaque="e30")).code == "L402_CREDENTIAL_FOREIGN"


def test_body_stays_bound_when_its_digest_is_not_echoed() -> None:
    refused = refusal(echo_little(line()), raw_digest=CANONICAL)

    assert (refused.code, refused.payment_hash) == ("L402_BODY_MISMATCH", TOKEN.payment_hash)


def test_digest_in_the_id_cannot_be_exchanged() -> None:
    mac, _, _ = parameters(line())["id"].partition(".")
    other = mac + "." + CANONICAL[9:-2].translate(str.maketrans("+/", "-_"))

    assert refusal(credential(id=other)).code == "L402_CREDENTIAL_FOREIGN"
    assert refusal(credential(id=other), raw_digest=CANONICAL).code == "L402_CREDENTIAL_FOREIGN"


@pytest.mark.parametrize("ref", ["", "00", "zz" * 16, "00" * 16, "é" * 32, "ff" * 17])
def test_nonce_that_is_not_ours_is_foreign(ref: str) -> None:
    request = unb64(parameters(line())["request"])

    refused = refusal(credential(request=b64({**request, "externalId": ref})))

    assert refused.code == "L402_CREDENTIAL_FOREIGN"


@pytest.mark.parametrize(
    "request_",
    ["", "!!", "AAAA", b64([]), b64({}), b64({"amount": 5}), b64({"amount": "5"}),
     b64({"amount": "5", "methodDetails": {"invoice": 1, "paymentHash": "00"}})],
)  # fmt: skip
def test_request_parameter_that_is_not_ours_is_refused(request_: str) -> None:
    assert refusal(credential(request=request_)).code == "L402_CREDENTIAL_MALFORMED"


def test_challenge_of_an_earlier_version_is_honoured_however_much_is_echoed() -> None:
    former = former_line()
    whole = b64({"challenge": parameters(former), "payload": {"preimage": TOKEN.preimage.hex()}})

    assert check(whole).payment_hash == TOKEN.payment_hash
    assert check(echo_little(former)).payment_hash == TOKEN.payment_hash
    assert refusal(whole, raw_digest=CANONICAL).code == "L402_BODY_MISMATCH"
    assert refusal(echo_little(former), raw_digest=CANONICAL).code == "L402_CREDENTIAL_FOREIGN"


def test_changed_challenge_of_an_earlier_version_is_foreign() -> None:
    former, foreign = former_line(), "L402_CREDENTIAL_FOREIGN"
    cheaper = {**unb64(parameters(former)["request"]), "amount": "1"}
    not_an_invoice = {**cheaper, "methodDetails": {"invoice": "x", "paymentHash": "00" * 32}}
    ours = b64({"ref": TOKEN.nonce.hex(), "request": "POST /other"})

    assert refusal(echo_little(former, opaque=ours)).code == foreign
    assert refusal(echo_little(former, request=b64(cheaper))).code == foreign
    assert refusal(echo_little(former, request=b64(not_an_invoice))).code == foreign
    assert refusal(echo_little(former_line(Keyring([NEW])))).code == foreign
    assert refusal(echo_little(former_line(request="POST /other"))).code == foreign
    assert refusal(echo_little(former), Keyring([NEW])).code == foreign
    assert refusal(echo_little(former, opaque=b64([]))).code == "L402_CREDENTIAL_MALFORMED"


@pytest.mark.parametrize(
    ("header", "is_accepted"),
    [
        ("lightning/charge", True), ("tempo/charge, Lightning/Charge;q=0.5", True),
        ("lightning/*", True), ("lightning/charge;q=0", False), ("lightning/charge; q=0.0", False),
        ("lightning/charge;q=0.01", True), ("", False), ("*/*", False), ("tempo/charge", False),
        ("lightning", False), (",;,", False),
    ],
)  # fmt: skip
def test_client_may_say_that_it_pays_by_mpp(header: str, is_accepted: bool) -> None:
    assert mpp.is_accepted(header) is is_accepted


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
        ({"raw_digest": CANONICAL}, "L402_BODY_MISMATCH"),
        ({"now_s": EXPIRES + REDEEM}, "L402_TOKEN_EXPIRED"),
    ],
)
def test_payment_buys_nothing_but_its_request(changed: dict[str, Any], code: str) -> None:
    refused = refusal(credential(), **changed)

    assert refused.code == code
    assert refused.payment_hash == TOKEN.payment_hash


def test_payment_for_another_request_is_foreign() -> None:
    assert refusal(credential(), request="POST /other").code == "L402_CREDENTIAL_FOREIGN"


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
        assert refused.code.startswith(("L402_", "PAYMENT_"))
    else:
        assert grant.payment_hash == TOKEN.payment_hash
