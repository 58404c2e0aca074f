"""How the client reads a 402, in every form that servers were seen to send."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.core.lightning import bolt11
from ringbolt_client.challenge import Challenge, read_challenge
from ringbolt_client.errors import Refused
from ringbolt_client.invoice import read_invoice

M = "AgEIcmluZ2JvbHQCQgAA+/8="
PAYMENT = 'Payment id="x", realm="shop", method="lightning", intent="charge", request="eyJ9"'
"""Its request cannot be read: nothing may be taken from it where L402 is offered."""


def invoice(amount_msat: int | None = 50_000) -> str:
    return bolt11.encode(
        private_key=b"\1" * 32, network="regtest", payment_hash=b"\2" * 32,
        payment_secret=b"\3" * 32, amount_msat=amount_msat, description="Phone call",
        timestamp_s=1_900_000_000, expiry_s=600, min_final_cltv=80,
    )  # fmt: skip


INVOICE = invoice()
EXPECTED = Challenge("L402", {"macaroon": M}, read_invoice(INVOICE))
C = f'L402 macaroon="{M}", invoice="{INVOICE}", version="0", token="{M}"'


def answer(*lines: str, status: int = 402, **body: Any) -> httpx.Response:
    headers = [("WWW-Authenticate", line) for line in lines]
    return httpx.Response(status, headers=headers, json=body.get("json", {}))


@pytest.mark.parametrize(
    "lines",
    [
        [f'L402 macaroon="{M}", invoice="{INVOICE}"'],
        [f'L402 version="0", token="{M}", invoice="{INVOICE}"'],
        [C],
        [f'LSAT macaroon="{M}", invoice="{INVOICE}"', C],
        [C, PAYMENT],
        [PAYMENT, C],
        [f"{C}, {PAYMENT}"],
        [f"{PAYMENT}, {C}"],
        [f"L402 macaroon={M}, invoice={INVOICE}"],
        [f'l402 Macaroon="{M}",Invoice="{INVOICE}"'],
        [f'L402 invoice="{INVOICE}", macaroon="{M}"'],
        [f'L402  macaroon="{M}",   invoice="{INVOICE}"'],
        ['Basic realm="x"', "Bearer", C],
        [f'Basic realm="L402 macaroon, invoice", {C}'],
        ['L402 macaroon="only"', C],
    ],
    ids=[
        *("A", "B", "C", "D", "E", "G", "E-in-one", "G-in-one", "U"),
        *("case", "order", "spaces", "others", "quoted", "half"),
    ],
)
def test_every_form_that_was_seen_is_read(lines: list[str]) -> None:
    found = read_challenge(answer(*lines))

    assert (found.scheme in ("L402", "LSAT"), found.parameters) == (True, EXPECTED.parameters)
    assert found.invoice == EXPECTED.invoice


def test_a_challenge_that_cannot_be_read_is_not_paid() -> None:
    with pytest.raises(Refused, match="cannot be read"):
        read_challenge(answer(PAYMENT))


def test_challenge_that_stands_in_the_body_alone_is_read() -> None:
    assert read_challenge(answer(json={"macaroon": M, "invoice": INVOICE})) == EXPECTED


def test_header_wins_over_the_body() -> None:
    found = read_challenge(answer(C, json={"macaroon": "other", "invoice": invoice(1000)}))

    assert found == EXPECTED


@pytest.mark.parametrize(
    "lines",
    [[], ["L402"], ['L402 macaroon="x"'], [f'invoice="{INVOICE}", macaroon="{M}"'],
     [f'Bearer macaroon="{M}", invoice="{INVOICE}"'],
     [f'xL402 macaroon="{M}", invoice="{INVOICE}"']],
)  # fmt: skip
def test_other_challenges_are_not_paid(lines: list[str]) -> None:
    with pytest.raises(Refused, match="not by L402 or MPP"):
        read_challenge(answer(*lines))


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b"\xff", b'{"invoice": 5, "macaroon": []}'])
def test_answer_without_a_readable_body_is_no_fault(body: bytes) -> None:
    with pytest.raises(Refused):
        read_challenge(httpx.Response(402, content=body))


def test_amount_comes_from_the_invoice_and_is_rounded_up() -> None:
    line = f'L402 macaroon="{M}", invoice="{invoice(50_001)}", amount="1"'

    assert read_challenge(answer(line)).invoice.sats == 51


@pytest.mark.parametrize(
    ("bad", "words"), [("lnbcrt1nonsense", "cannot be read"), (invoice(None), "names no amount")]
)
def test_invoice_that_cannot_be_judged_is_not_paid(bad: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_challenge(answer(f'L402 macaroon="{M}", invoice="{bad}"'))


@settings(max_examples=200)
@given(st.lists(st.sampled_from([C, PAYMENT, "L402", " ", ",", '"', "=", "macaroon="]), max_size=6))
def test_garbage_is_read_or_refused(parts: list[str]) -> None:
    try:
        assert read_challenge(answer("".join(parts))).invoice.sats == 50
    except Refused as refused:
        assert refused.code in ("NO_CHALLENGE", "INVALID_INVOICE")
