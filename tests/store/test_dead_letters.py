"""Events of a far end that lies or errs: what cannot be applied is a dead letter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
from sqlalchemy import select

from ringbolt.app.calls import check_call
from ringbolt.app.dead_letters import record_event
from ringbolt.app.policies import Policies
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallEvent, CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.l402 import memo, new_token
from ringbolt.core.sanitise import LATEST_MS
from ringbolt.core.sink import Sink
from ringbolt.lightning.node import InvoiceState, InvoiceStatus
from ringbolt.numbers.provider import InboundText, TextBatch
from ringbolt.settings import Settings
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptBatch, ReceiptState
from ringbolt.store import cursors, figures, inbox, ledger
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.schema.tables import inbox as inbox_table
from ringbolt.store.schema.tables import transfer
from ringbolt.store.schema.text_tables import received_text
from ringbolt.voice.carrier import EventBatch
from ringbolt.worker import message_watcher, text_watcher, watchers

HALF = "\ud83d"
TEXT = InboundText("e1", "+4915112345", "loan", "x", "hello", "", 1)
RECEIPT = DeliveryReceipt("r1", "part", "", 1, ReceiptState.DELIVERED, "DELIVRD", 1)
KEYRING = Keyring([b"a secret of thirty-two bytes, yes"])


class Far:
    """A far end of any kind that tells what is new after the cursor, and then is lost."""

    name = "far"

    def __init__(self, kind: Any, *batches: tuple[Any, ...]) -> None:
        self.batches = [kind(each, str(n)) for n, each in enumerate(batches, 1)]

    async def follow(self, cursor: str, sink: Sink[Any]) -> None:
        for batch in self.batches[int(cursor or 0) :]:
            await sink(batch)
        raise Unavailable("the far end is gone")


class Ledger:
    """A node that has settled ``invoices``."""

    def __init__(self, *invoices: InvoiceStatus) -> None:
        self.invoices = invoices

    async def info(self) -> Any:
        return SimpleNamespace(pubkey="02aa")

    async def settled_invoices(self, after: int) -> AsyncGenerator[InvoiceStatus, None]:
        for invoice in self.invoices:
            if invoice.settle_index > after:
                yield invoice
        raise Unavailable("the node is gone")


def shop_of(db: Database, **parts: Any) -> Shop:
    policies = Policies.of(Settings(limits="off"), KEYRING)
    named = {"db": db, "keyring": KEYRING, "clock": SystemClock(), "policies": policies, **parts}
    return cast(Shop, SimpleNamespace(**named))


async def follow(watcher: watchers.Watcher) -> None:
    with pytest.raises(Unavailable):
        await watcher.follow()


async def texts(db: Database) -> list[str]:
    return list(await db.read(lambda tx: tx.run(select(received_text.c.text)).scalars().all()))


@contextmanager
def faults_of(module: Any, name: str, is_bad: Any) -> Iterator[None]:
    """``module.name`` fails for what ``is_bad``, as a fault of ours would."""
    sound = getattr(module, name)

    def faulty(*args: Any, **kwargs: Any) -> Any:
        if is_bad(*args):
            raise AssertionError("a rule that does not hold")
        return sound(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, faulty)
        yield


@pytest.mark.parametrize(
    "bad",
    [
        {"at_ms": 2**63},
        {"at_ms": -(2**70)},
        {"event_id": HALF},
        {"number": HALF},
        {"lease_id": f"{HALF}\x00"},
        {"text": HALF, "sender": "\x00", "code": HALF},
    ],
)
async def test_a_text_that_no_column_takes_is_kept_as_far_as_it_can_be(
    database: Database, bad: dict[str, Any]
) -> None:
    good = replace(TEXT, event_id="e2", text="good")
    far = Far(TextBatch, (replace(TEXT, **bad),), (good,))
    await follow(text_watcher.text_watcher(shop_of(database), cast(Any, far)))
    assert len(await texts(database)) == 2
    assert await database.read(cursors.get, "texts:far") == "2"
    assert await database.read(inbox.count_dead_letters) == 0


async def test_a_text_that_cannot_be_taken_holds_up_no_other(database: Database) -> None:
    bad = replace(TEXT, event_id="bad")
    batch = (replace(TEXT, event_id="e2", text="before"), bad, replace(TEXT, text="beside"))
    far = Far(TextBatch, batch, (replace(TEXT, event_id="e3", text="after"),))
    watcher = text_watcher.text_watcher(shop_of(database), cast(Any, far))
    with (
        structlog.testing.capture_logs() as logs,
        faults_of(text_watcher, "receive_texts", lambda _, __, ___, reported: bad in reported),
    ):
        await follow(watcher)
    # then all others are there, and the operator is told which is not, and where it failed
    assert await texts(database) == ["before", "beside", "after"]
    assert await database.read(cursors.get, "texts:far") == "2"
    assert (await database.read(figures.snapshot)).dead_letters == 1
    [reported] = logs
    assert reported["log_level"] == "error"
    assert reported["source"] == "texts:far"
    assert "AssertionError at test_dead_letters.py" in reported["fault"]
    assert bad.number not in str(logs)


async def test_what_cannot_be_written_now_is_no_dead_letter(database: Database) -> None:
    def refuse(_: Tx) -> None:
        raise Unavailable("the disk is full")

    with pytest.raises(Unavailable):
        await record_event(database, "far", "e1", refuse)
    assert await database.read(inbox.count_dead_letters) == 0


async def test_an_event_that_comes_again_is_one_dead_letter(database: Database) -> None:
    def refuse(_: Tx) -> None:
        raise ValueError("never")

    for _ in range(2):
        await record_event(database, "far", HALF * 500, refuse)
    assert await database.read(inbox.count_dead_letters) == 1


async def test_a_number_that_no_column_takes_is_the_events_fault(database: Database) -> None:
    def write(tx: Tx) -> bool:
        ledger.ensure_account(tx, "a", "asset", stored=False)
        ledger.ensure_account(tx, "b", "asset", stored=False)
        return ledger.post(tx, idem="i", debit="a", credit="b", amount_msat=2**70, kind="payment")

    assert await record_event(database, "node", "e1", write) is None
    assert await database.read(inbox.count_dead_letters) == 1


async def test_a_receipt_that_no_column_takes_is_parked_as_far_as_it_can_be(
    database: Database,
) -> None:
    bad = replace(RECEIPT, event_id=HALF, part_id=f"p{HALF}", raw=HALF, at_ms=2**64, n=2**64)
    far = Far(ReceiptBatch, (bad,), (RECEIPT,))
    await follow(message_watcher.sms_watcher(shop_of(database), cast(Any, far)))
    sources = await database.read(lambda tx: tx.run(select(inbox_table.c.source)).scalars().all())
    assert sorted(sources) == ["sms:far:part", "sms:far:p\ufffd"]
    assert await database.read(cursors.get, "sms:far") == "2"
    [kept] = await database.read(inbox.unapplied, "sms:far:p\ufffd")
    assert kept.payload["at_ms"] == LATEST_MS


async def test_a_receipt_that_cannot_be_taken_holds_up_no_other(database: Database) -> None:
    bad = replace(RECEIPT, event_id="bad")
    far = Far(ReceiptBatch, (bad, RECEIPT), (replace(RECEIPT, event_id="r2"),))
    shop = shop_of(database)

    def is_bad(_: Tx, __: str, reported: Any, *___: Any) -> bool:
        return reported == bad or (not isinstance(reported, DeliveryReceipt) and bad in reported)

    with (
        faults_of(message_watcher, "record_receipts", is_bad),
        faults_of(message_watcher, "record_receipt", is_bad),
    ):
        await follow(message_watcher.sms_watcher(shop, cast(Any, far)))
    parked = await database.read(inbox.unapplied, "sms:far:part")
    assert {event.event_id for event in parked} == {"r1", "r2"}
    assert await database.read(inbox.count_dead_letters) == 1
    assert await database.read(cursors.get, "sms:far") == "2"


async def test_an_event_of_a_call_that_no_column_takes_holds_up_no_other(
    database: Database,
) -> None:
    bad = CallEvent(HALF, 2**70, 2**70, CallStatus.RINGING, HALF, HALF, 2**70, 2**70, 2**70)
    far = Far(EventBatch, (bad,), (replace(bad, ref="x"),))
    await follow(watchers.carrier_watcher(shop_of(database), cast(Any, far)))
    assert await database.read(cursors.get, "carrier:far") == "2"
    assert await database.read(inbox.count_dead_letters) == 0  # nobody's calls


async def test_an_event_of_a_call_that_cannot_be_applied_holds_up_no_other(
    database: Database,
) -> None:

    bad = CallEvent("bad", 1, 1, CallStatus.RINGING)
    far = Far(EventBatch, (bad, replace(bad, ref="good")), (replace(bad, ref="next"),))
    with (
        faults_of(watchers, "apply_event", lambda _, event, *__: event.ref == "bad"),
        faults_of(check_call, "apply_event", lambda _, event, *__: event.ref == "bad"),
    ):
        await follow(watchers.carrier_watcher(shop_of(database), cast(Any, far)))
    assert await database.read(cursors.get, "carrier:far") == "2"
    assert await database.read(inbox.count_dead_letters) == 1


def settled(index: int, amount_msat: int) -> InvoiceStatus:
    token = new_token(KEYRING, bytes([index]) * 15)
    return InvoiceStatus(
        token.payment_hash, InvoiceState.SETTLED, amount_msat, amount_msat,
        memo("Phone call", token.nonce), "", 0, 0, index,
    )  # fmt: skip


async def test_a_payment_that_cannot_be_booked_holds_up_no_other(database: Database) -> None:
    def accounts(tx: Tx) -> None:
        ledger.ensure_account(tx, "node", "asset", stored=False)
        ledger.ensure_account(tx, "escrow", "liability", stored=False)

    await database.tx(accounts)
    node = Ledger(settled(1, 2**70), settled(2, 5000))
    await follow(watchers.node_watcher(shop_of(database, node=node)))
    booked = await database.read(lambda tx: tx.run(select(transfer.c.amount_msat)).scalars().all())
    assert list(booked) == [5000]
    assert await database.read(cursors.get, "node:02aa:settle_index") == "2"
    assert await database.read(inbox.count_dead_letters) == 1
