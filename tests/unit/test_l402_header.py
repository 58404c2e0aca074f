"""The Authorization header: every way in which clients write a credential, and garbage."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import l402
from ringbolt.core.lightning.l402 import Credential, CredentialRefused, Grant, Offer
from support.growth import LINEAR, growth

RING = Keyring([b"o" * 32])
TOKEN = l402.new_token(RING, b"r" * 15)
OFFER = Offer("place_call", "POST /x", "digest", 50_000, 2_000_000_000)
MINTED = l402.mint(RING, TOKEN, OFFER)
PREIMAGE = TOKEN.preimage.hex()


def check(credential: Credential) -> Grant:
    return l402.verify(
        RING, credential, request="POST /x", service="place_call", body="digest", now_s=1
    )


M, P = "AgEIcmluZ2JvbHQ=", "ab" * 32


@pytest.mark.parametrize(
    "line",
    [
        f"L402 {M}:{P}",
        f"LSAT {M}:{P}",
        f"l402 {M}:{P}",
        f"lSaT  {M}:{P}",
        f"  L402\t{M}:{P}  ",
        f"L402 L402 {M}:{P}",
        f"L402 LSAT {M}:{P}",
        f'L402 "{M}:{P}"',
        f'L402 "{M}":"{P}"',
        f"L402 '{M}:{P}'",
        f"L402 {M}: {P}",
        f"L402 {M}:{P},",
        f"Bearer x, L402 {M}:{P}",
        f"L402 , L402 {M}:{P}",
    ],
)
def test_every_common_way_to_write_a_credential_is_read(line: str) -> None:
    credentials, payments = l402.parse_authorization([line])

    assert [(c.macaroon.strip("\"'"), c.preimage) for c in credentials] == [(M, P)]
    assert payments == []


@pytest.mark.parametrize(
    "values",
    [
        [f"LSAT {M}:{P}", f"L402 bb:{P}"],
        [f"LSAT {M}:{P}, L402 bb:{P}"],
        [f"LSAT {M}:{P},L402 bb:{P}"],
        [f"LSAT {M}:{P} L402 bb:{P}"],
        [f"L402 {M},bb:{P}"],
        [f"L402 {M} , bb :{P}"],
    ],
)
def test_two_credentials_are_read_in_their_order(values: list[str]) -> None:
    credentials, _ = l402.parse_authorization(values)

    assert credentials == [Credential(M, P), Credential("bb", P)]


def test_l402_and_payment_are_distinguished_in_one_line() -> None:
    assert l402.parse_authorization([f"Payment eyJh, L402 {M}:{P}, payment eyJi"]) == (
        [Credential(M, P)],
        ["eyJh", "eyJi"],
    )


@pytest.mark.parametrize(
    "line",
    ["", " ", "Bearer abc", "Basic YTpi", "L402", "L402 ", "LSAT,", "L402x a:b", "xL402 a:b",
     "L402: a:b", "Payment", ":", "a:b", "L402 :" + P, "Bearer L402=x", "Digest l402"],
)  # fmt: skip
def test_what_is_no_credential_is_none(line: str) -> None:
    assert l402.parse_authorization([line]) == ([], [])


@pytest.mark.parametrize(
    "form",
    [
        MINTED,
        MINTED.rstrip("="),
        MINTED.replace("+", "-").replace("/", "_"),
        MINTED.replace("+", "-").replace("/", "_").rstrip("="),
        f'"{MINTED}"',
    ],
)
@pytest.mark.parametrize("preimage", [PREIMAGE, PREIMAGE.upper()])
def test_credential_is_honoured_in_every_base64_form(form: str, preimage: str) -> None:
    credentials, _ = l402.parse_authorization([f"L402 {form}:{preimage}"])

    assert check(credentials[0]).offer == OFFER


def test_number_of_credentials_looked_at_is_bounded() -> None:
    lines = ["L402 " + "a," * 4000 + f"b:{P}"] * 10 + ["Payment x"] * 50

    credentials, payments = l402.parse_authorization(lines)

    assert len(credentials) <= l402.MAX_CREDENTIALS
    assert len(payments) <= l402.MAX_CREDENTIALS


@pytest.mark.parametrize("filler", [" ", "\t", ",", ", ", "L402 ", "a ", "\"'", "="])
def test_time_to_read_a_header_grows_with_its_length(filler: str) -> None:
    most = (l402.MAX_HEADER - 7) // len(filler)
    quarter, whole = (f"L402 a{filler * count}b" for count in (most // 4, most))
    assert len(whole) <= l402.MAX_HEADER  # what is longer is cut, and its end stripped

    assert growth(lambda line: l402.parse_authorization([line]), quarter, whole) < LINEAR


words = st.sampled_from(
    ["L402", "lsat", "Payment", "Bearer", " ", ",", ":", '"', "=", M, P, MINTED, PREIMAGE, "\x00"]
)
garbage = st.lists(words | st.text(max_size=12), max_size=12).map("".join)


@settings(max_examples=400)
@given(st.lists(garbage, max_size=3))
@example(["L402 L402 L402"])
@example([f"L402 {MINTED}:{PREIMAGE}:{PREIMAGE}"])
def test_garbage_is_read_without_fault_and_never_buys_more(values: list[str]) -> None:
    credentials, payments = l402.parse_authorization(values)

    assert all(isinstance(text, str) and text for text in payments)
    for credential in credentials:
        try:
            assert check(credential).offer == OFFER
        except CredentialRefused as refused:
            assert refused.code.startswith("L402_")
