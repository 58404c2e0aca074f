"""A settled invoice is known as ours by its memo, whatever secret is in use by then."""

from __future__ import annotations

import pytest

from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import l402

OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring([OLD])
TOKEN = l402.new_token(RING, b"r" * 15)


def test_settled_invoice_is_recognised_by_its_memo_even_after_a_rotation() -> None:
    text = l402.memo("Phone call", TOKEN.nonce)

    assert text == f"Phone call, ref {TOKEN.nonce.hex()}"
    for ring in (RING, Keyring([NEW, OLD])):
        assert l402.token_of_memo(ring, text, TOKEN.payment_hash) == TOKEN


@pytest.mark.parametrize(
    ("text", "payment_hash"),
    [
        ("", TOKEN.payment_hash),
        ("Phone call", TOKEN.payment_hash),
        (l402.memo("Phone call", b"x" * 16), TOKEN.payment_hash),
        (l402.memo("Phone call", TOKEN.nonce), bytes(32)),
        (l402.memo("Phone call", TOKEN.nonce) + " more", TOKEN.payment_hash),
        (l402.memo("Phone call", TOKEN.nonce).upper(), TOKEN.payment_hash),
    ],
)
def test_other_invoices_are_not_ours(text: str, payment_hash: bytes) -> None:
    assert l402.token_of_memo(RING, text, payment_hash) is None


def test_memo_of_an_unknown_secret_is_not_ours() -> None:
    text = l402.memo("Phone call", TOKEN.nonce)

    assert l402.token_of_memo(Keyring([NEW]), text, TOKEN.payment_hash) is None
