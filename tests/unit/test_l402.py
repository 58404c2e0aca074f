"""L402: what a payment buys, and that its holder can get nothing else out of the credential."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pymacaroons
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from ringbolt.core.keys import Keyring, derive
from ringbolt.core.lightning import l402, macaroon
from ringbolt.core.lightning.l402 import Credential, CredentialRefused, Offer
from support.clients.macaroon_holder import add_caveat, serialize

OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring([OLD])
TOKEN = l402.new_token(RING, b"r" * 15)
REQUEST = "POST /api/l402/place-call"
BODY = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
OFFER = Offer("place_call", REQUEST, BODY, 50_000, 2_000_000_000)
NOW = 1_900_000_000
MINTED = l402.mint(RING, TOKEN, OFFER)
PREIMAGE = TOKEN.preimage.hex()


def check(
    credential: Credential,
    *,
    ring: Keyring = RING,
    request: str = REQUEST,
    service: str = "place_call",
    body: str = BODY,
    now_s: int = NOW,
) -> l402.Grant:
    return l402.verify(ring, credential, request=request, service=service, body=body, now_s=now_s)


def attenuated(*caveats: str) -> Credential:
    """What a holder can make of the credential without any key."""
    made = macaroon.parse(macaroon.decode_base64(MINTED))
    for caveat in caveats:
        made = add_caveat(made, caveat)
    return Credential(macaroon.encode_base64(serialize(made)), PREIMAGE)


def refusal(credential: Credential, **changed: object) -> CredentialRefused:
    with pytest.raises(CredentialRefused) as refused:
        check(credential, **changed)  # type: ignore[arg-type]
    return refused.value


# -- minting ----------------------------------------------------------------------------------


def test_minted_credential_grants_its_offer() -> None:
    assert check(Credential(MINTED, PREIMAGE)) == l402.Grant(TOKEN.payment_hash, OFFER, TOKEN.nonce)


def test_identifier_is_aperture_version_0() -> None:
    identifier = macaroon.parse(macaroon.decode_base64(MINTED)).identifier

    assert len(identifier) == 66
    assert identifier[:2] == b"\0\0"
    assert identifier[2:34] == hashlib.sha256(TOKEN.preimage).digest()
    assert identifier[34:] == TOKEN.token_id


def test_macaroon_text_is_standard_base64_with_padding() -> None:
    assert base64.b64encode(base64.b64decode(MINTED, validate=True)).decode() == MINTED


def test_pymacaroons_verifies_what_was_minted() -> None:
    read = pymacaroons.Macaroon.deserialize(MINTED)
    verifier = pymacaroons.Verifier()
    verifier.satisfy_general(lambda _: True)

    assert verifier.verify(read, derive(OLD, "l402 root", TOKEN.identifier))
    assert [caveat.caveat_id.decode() for caveat in read.caveats] == [
        "services=place_call:0",
        "place_call_valid_until=2000000000",
        f"place_call_request={REQUEST}",
        f"place_call_body={BODY}",
        "place_call_amount_msat=50000",
    ]


def test_credential_attenuated_and_written_by_pymacaroons_is_understood() -> None:
    held = pymacaroons.Macaroon.deserialize(MINTED)
    held.add_first_party_caveat("place_call_valid_until=1950000000")

    credential = Credential(held.serialize(), PREIMAGE)

    assert check(credential).offer == OFFER
    assert refusal(credential, now_s=1_950_000_000).code == "L402_TOKEN_EXPIRED"


def test_tokens_are_as_different_as_their_random_bytes() -> None:
    tokens = [l402.new_token(RING, bytes([n]) * 15) for n in range(50)]

    assert len({token.preimage for token in tokens}) == 50
    assert len({token.token_id for token in tokens}) == 50


@pytest.mark.parametrize("random", [b"", b"r" * 14, b"r" * 16])
def test_token_needs_exactly_its_random_bytes(random: bytes) -> None:
    with pytest.raises(ValueError, match="15 random bytes"):
        l402.new_token(RING, random)


def test_preimage_is_nowhere_in_what_an_unpaid_buyer_sees() -> None:
    seen = base64.b64decode(MINTED) + l402.memo("Phone call", TOKEN.nonce).encode()

    assert TOKEN.preimage not in seen
    assert PREIMAGE.encode() not in seen


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credential",
    [
        Credential(MINTED, ""),
        Credential(MINTED, PREIMAGE[:-1]),
        Credential(MINTED, PREIMAGE + "0"),
        Credential(MINTED, "g" * 64),
        Credential(MINTED, "٠" * 64),
        Credential(MINTED, PREIMAGE[:-1] + "\n"),
        Credential("", PREIMAGE),
        Credential("!!!!", PREIMAGE),
        Credential("AAAA", PREIMAGE),
        Credential(MINTED[:-8], PREIMAGE),
        Credential("A" * 20_000, PREIMAGE),
    ],
)
def test_malformed_credential_is_named_so(credential: Credential) -> None:
    refused = refusal(credential)

    assert refused.code == "L402_CREDENTIAL_MALFORMED"
    assert refused.payment_hash is None


@pytest.mark.parametrize(
    "made",
    [
        macaroon.mint(b"k" * 32, TOKEN.identifier, "ringbolt", ["services=place_call:0"]),
        macaroon.mint(b"k" * 32, b"short", "ringbolt"),
        macaroon.mint(b"k" * 32, b"\0\1" + TOKEN.identifier[2:], "ringbolt"),
        macaroon.mint(b"k" * 32, bytes(66), "ringbolt"),
    ],
)
def test_macaroon_of_another_key_is_foreign(made: bytes) -> None:
    refused = refusal(Credential(macaroon.encode_base64(made), PREIMAGE))

    assert refused.code == "L402_CREDENTIAL_FOREIGN"
    assert refused.payment_hash is None


def test_any_changed_bit_of_a_macaroon_is_refused() -> None:
    data = base64.b64decode(MINTED)

    for position in range(len(data)):
        for bit in (1, 128):
            changed = bytearray(data)
            changed[position] ^= bit
            try:
                check(Credential(base64.b64encode(changed).decode(), PREIMAGE))
            except CredentialRefused:
                continue
            # The location is a hint that no signature covers.
            assert position < data.index(b"ringbolt") + len(b"ringbolt")


def test_caveat_that_was_taken_out_is_noticed() -> None:
    whole = macaroon.parse(macaroon.decode_base64(MINTED))

    for left_out in range(len(whole.caveats)):
        caveats = whole.caveats[:left_out] + whole.caveats[left_out + 1 :]
        text = macaroon.encode_base64(serialize(replace(whole, caveats=caveats)))
        assert refusal(Credential(text, PREIMAGE)).code == "L402_CREDENTIAL_FOREIGN"


def test_another_invoices_preimage_proves_nothing() -> None:
    other = l402.new_token(RING, b"s" * 15)

    refused = refusal(Credential(MINTED, other.preimage.hex()))

    assert refused.code == "L402_PREIMAGE_MISMATCH"
    assert refused.payment_hash is None


def test_upper_case_preimage_is_the_same() -> None:
    assert check(Credential(MINTED, PREIMAGE.upper())).payment_hash == TOKEN.payment_hash


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"request": "POST /api/l402/send-sms"}, "L402_REQUEST_MISMATCH"),
        ({"request": "GET /api/l402/place-call"}, "L402_REQUEST_MISMATCH"),
        ({"body": BODY.lower()}, "L402_BODY_MISMATCH"),
        ({"body": ""}, "L402_BODY_MISMATCH"),
        ({"now_s": OFFER.valid_until_s}, "L402_TOKEN_EXPIRED"),
        ({"now_s": OFFER.valid_until_s + 10**9}, "L402_TOKEN_EXPIRED"),
    ],
)
def test_paid_credential_buys_nothing_but_its_request(
    changed: dict[str, object], code: str
) -> None:
    refused = refusal(Credential(MINTED, PREIMAGE), **changed)

    assert refused.code == code
    assert refused.payment_hash == TOKEN.payment_hash


def test_only_an_expired_credential_for_this_very_request_tells_what_it_would_have_bought() -> None:
    late = {"now_s": OFFER.valid_until_s}

    expired = refusal(Credential(MINTED, PREIMAGE), **late)
    elsewhere = refusal(Credential(MINTED, PREIMAGE), body="other", **late)

    assert expired.expired == l402.Grant(TOKEN.payment_hash, OFFER, TOKEN.nonce)
    assert elsewhere.expired is None


def test_credential_is_good_until_its_last_second() -> None:
    assert check(Credential(MINTED, PREIMAGE), now_s=OFFER.valid_until_s - 1).offer == OFFER


# -- what a holder may do -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "caveats",
    [
        ("services=place_call:0",),
        ("services=send_sms:0,place_call:0",),
        ("place_call_amount_msat=50000",),
        ("place_call_amount_msat= 50000 ",),
        (f"place_call_request={REQUEST}", f"place_call_body={BODY}"),
        ("place_call_valid_until=2000000001",),
        ("unknown=1", "another", "", "=", "preimage=00", "place_call_capabilities=none"),
        ("send_sms_body=other", "send_sms_valid_until=1"),
    ],
)
def test_holder_may_repeat_and_add_what_is_not_known(caveats: tuple[str, ...]) -> None:
    assert check(attenuated(*caveats)).offer == OFFER


def test_holder_may_shorten_the_time_in_any_order() -> None:
    credential = attenuated(
        "place_call_valid_until=1900000010", "place_call_valid_until=1950000000"
    )

    assert check(credential, now_s=1_900_000_009).offer == OFFER
    assert refusal(credential, now_s=1_900_000_010).code == "L402_TOKEN_EXPIRED"


@pytest.mark.parametrize("service", ["send_sms", "place", ""])
def test_credential_is_for_its_service_only(service: str) -> None:
    refused = refusal(Credential(MINTED, PREIMAGE), service=service)

    assert refused.code == "L402_REQUEST_MISMATCH"


@pytest.mark.parametrize(
    ("caveat", "changed"),
    [
        ("place_call_valid_until=9999999999", {"now_s": OFFER.valid_until_s}),
        ("place_call_body=other", {"body": "other"}),
        ("place_call_body=other", {}),
        ("place_call_request=POST /other", {"request": "POST /other"}),
        ("place_call_request=POST /other", {}),
        ("place_call_amount_msat=1", {}),
        ("place_call_amount_msat=99999999", {}),
        ("services=send_sms:0", {"service": "send_sms"}),
        ("services=send_sms:0", {}),
        ("services=", {}),
    ],
)
def test_holder_can_widen_nothing(caveat: str, changed: dict[str, object]) -> None:
    refused = refusal(attenuated(caveat), **changed)

    assert refused.code in {
        "L402_REQUEST_MISMATCH",
        "L402_BODY_MISMATCH",
        "L402_TOKEN_EXPIRED",
    }


def test_holder_cannot_make_a_credential_for_another_service_out_of_caveats() -> None:
    added = (
        "services=send_sms:0", "send_sms_valid_until=9999999999", "send_sms_request=POST /sms",
        "send_sms_body=b", "send_sms_amount_msat=1",
    )  # fmt: skip

    refused = refusal(attenuated(*added), service="send_sms", request="POST /sms", body="b")

    assert refused.code == "L402_REQUEST_MISMATCH"


@pytest.mark.parametrize("value", ["", "soon", "1e9", "0x10", "1 2", "1_0", "+1", "٣", "1.5"])
def test_time_that_is_no_number_is_refused(value: str) -> None:
    assert refusal(attenuated(f"place_call_valid_until={value}")).code == "L402_CREDENTIAL_FOREIGN"


@pytest.mark.parametrize("value", ["0", "-1", "-62135596801", "-" + "9" * 3000, "1"])
def test_time_that_is_long_over_is_refused(value: str) -> None:
    assert refusal(attenuated(f"place_call_valid_until={value}")).code == "L402_TOKEN_EXPIRED"


def test_time_with_thousands_of_digits_is_only_late() -> None:
    assert check(attenuated("place_call_valid_until=" + "9" * 3000)).offer == OFFER


def test_only_the_minted_time_decides_about_the_refund() -> None:
    late = {"now_s": OFFER.valid_until_s}

    restricted = refusal(attenuated("place_call_valid_until=1900000000"), **late)
    not_restricted = refusal(attenuated("place_call_valid_until=9999999999"), **late)

    assert (restricted.payment_hash, restricted.expired) == (None, None)
    assert not_restricted.expired == l402.Grant(TOKEN.payment_hash, OFFER, TOKEN.nonce)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
conditions = st.sampled_from(
    ["services", "valid_until", "place_call_valid_until", "place_call_request", "place_call_body",
     "place_call_amount_msat", " place_call_valid_until ", "send_sms_body"]
)  # fmt: skip
values = texts | st.integers().map(str) | st.sampled_from([REQUEST, BODY, "50000", "place_call:0"])
added = st.lists(texts | st.builds("{}={}".format, conditions, values), min_size=1, max_size=5)


@settings(max_examples=400)
@given(added, st.booleans(), st.booleans())
def test_caveats_that_a_holder_adds_only_refuse(
    caveats: list[str], is_late: bool, is_other_body: bool
) -> None:
    request: dict[str, Any] = {
        "now_s": OFFER.valid_until_s if is_late else NOW,
        "body": "other" if is_other_body else BODY,
    }
    try:
        without: object = check(Credential(MINTED, PREIMAGE), **request)
    except CredentialRefused as refused:
        without = (refused.code, refused.payment_hash, refused.expired)

    try:
        assert check(attenuated(*caveats), **request) == without
    except CredentialRefused as refused:
        nothing = (refused.payment_hash, refused.expired) == (None, None)
        assert nothing or (refused.code, refused.payment_hash, refused.expired) == without


# -- rotation -----------------------------------------------------------------------------------


def test_credential_of_a_former_secret_is_honoured() -> None:
    assert check(Credential(MINTED, PREIMAGE), ring=Keyring([NEW, OLD])).offer == OFFER


def test_credential_of_a_dropped_secret_is_foreign() -> None:
    refused = refusal(Credential(MINTED, PREIMAGE), ring=Keyring([NEW]))

    assert refused.code == "L402_CREDENTIAL_FOREIGN"


def test_new_tokens_are_made_with_the_new_secret() -> None:
    token = l402.new_token(Keyring([NEW, OLD]), b"r" * 15)

    assert token == l402.new_token(Keyring([NEW]), b"r" * 15)
    assert token.preimage != TOKEN.preimage


# -- orders that their credential carries ---------------------------------------------------------

CARRIED = structs.replace(OFFER, order="eyJvcmRlciI6MX0")


def carrying(*caveats: str) -> Credential:
    made = macaroon.parse(macaroon.decode_base64(l402.mint(RING, TOKEN, CARRIED)))
    for caveat in caveats:
        made = add_caveat(made, caveat)
    return Credential(macaroon.encode_base64(serialize(made)), PREIMAGE)


def test_a_credential_carries_its_order() -> None:
    grant = check(carrying())

    assert grant.offer == CARRIED
    assert grant.nonce == TOKEN.nonce


def test_without_its_body_a_credential_is_still_bound_to_its_request() -> None:
    verified = {"request": REQUEST, "service": "place_call", "body": None, "now_s": NOW}

    assert l402.verify(RING, carrying(), **verified).offer == CARRIED  # type: ignore[arg-type]
    with pytest.raises(CredentialRefused, match="was bought for"):
        l402.verify(RING, carrying(), **verified | {"request": "POST /x"})  # type: ignore[arg-type]


def test_a_holder_cannot_put_another_order_into_a_credential() -> None:
    assert refusal(carrying("place_call_order=eyJvcmRlciI6Mn0")).code == "L402_REQUEST_MISMATCH"
    assert check(carrying("place_call_order=eyJvcmRlciI6MX0")).offer == CARRIED
    assert refusal(carrying("place_call_valid_until=1")).code == "L402_TOKEN_EXPIRED"


def test_an_order_s_id_is_the_same_for_a_challenge_and_tells_nothing_of_it() -> None:
    other = l402.new_token(RING, b"s" * 15)
    found = l402.order_id(RING, TOKEN.nonce)

    assert found == l402.order_id(Keyring([NEW, OLD]), TOKEN.nonce), "also under a newer secret"
    assert found != l402.order_id(RING, other.nonce)
    assert len(found) == 64
    assert found not in (TOKEN.payment_hash.hex(), TOKEN.preimage.hex())
