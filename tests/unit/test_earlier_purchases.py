"""Purchases that an earlier ``ringbolt call`` wrote are found in the client's journal."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ringbolt.cli.buyer.earlier_purchases import adopt_earlier_purchases
from ringbolt.cli.buyer.purchases import asked_at, find_purchase, note_of
from ringbolt.cli.buyer.wallet import WalletAddress
from ringbolt.core.lightning import bolt11
from ringbolt.store.engine.file_lock import FileLock
from ringbolt_client.errors import ClientError
from ringbolt_client.journal import Journal

PREIMAGE = "ab" * 32
HASH = sha256(bytes.fromhex(PREIMAGE)).digest()
NAME = HASH.hex()[:12]
INVOICE = bolt11.encode(
    private_key=b"\1" * 32, network="regtest", payment_hash=HASH, payment_secret=b"\3" * 32,
    amount_msat=50_000, description="Phone call", timestamp_s=1_900_000_000, expiry_s=600,
    min_final_cltv=80,
)  # fmt: skip
EARLIER: dict[str, Any] = {
    "url": "http://shop/api/l402/place-call",
    "body": {"phone_number": "+1234567890", "message": "Hello."},
    "macaroon": "AgEIcmluZ2JvbHQ=",
    "invoice": INVOICE,
    "amount_sats": 50,
    "asked_at": "2026-11-30T12:00:00+00:00",
    "wallet": {"url": "https://wallet", "macaroon": "pay.macaroon", "tls_cert": ""},
    "preimage": PREIMAGE,
    "answer": {"sid": "CA1", "status_url": "http://shop/calls/1"},
    "is_failed": True,
    "links": ["LNURL1"],
}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "ringbolt", None)


def written(journal: Journal, document: Any) -> Path:
    file = journal.folder / "purchases" / f"{NAME}.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document))
    return file


def test_everything_that_was_kept_is_found_again(journal: Journal) -> None:
    file = written(journal, EARLIER)
    file.with_suffix(".lock").touch()

    adopt_earlier_purchases(journal)

    found = find_purchase(journal, NAME[:5])
    assert found.authorization == f"L402 {EARLIER['macaroon']}:{PREIMAGE}"
    assert (found.id, found.url, found.body) == (NAME, EARLIER["url"], EARLIER["body"])
    assert (asked_at(found), found.status_url) == (EARLIER["asked_at"], "http://shop/calls/1")
    note = note_of(found)
    assert note.wallet == WalletAddress(**EARLIER["wallet"])
    assert (note.is_failed, note.links) == (True, ["LNURL1"])
    (left,) = file.parent.iterdir()
    assert left != file


def test_a_crash_between_the_two_files_leaves_one_purchase(journal: Journal) -> None:
    file = written(journal, EARLIER)
    adopt_earlier_purchases(journal)
    file.write_text(json.dumps(EARLIER))

    adopt_earlier_purchases(journal)

    assert [each.id for each in journal.all()] == [NAME]
    assert not file.exists()


def test_a_purchase_that_is_going_on_is_left_to_its_process(journal: Journal) -> None:
    file = written(journal, EARLIER)
    held = FileLock(file.with_suffix(".lock"), "Purchase", "Wait for it.")

    adopt_earlier_purchases(journal)

    held.release()
    assert file.exists()


def test_a_file_that_is_no_purchase_is_named(journal: Journal) -> None:
    file = written(journal, {"url": "http://shop"})

    with pytest.raises(ClientError, match=str(file)):
        adopt_earlier_purchases(journal)
