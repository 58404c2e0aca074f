"""After the restore of a backup, the audit names what the books do not know, and the operator can
explain it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator

import pytest

from ringbolt.app.operator.acknowledge import acknowledge, find_difference
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.operator.audit_report import AuditReport
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict, InvalidInput, NodeUnavailable, NotFound
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import MEMO, hold_memo, is_own_memo
from ringbolt.lightning.memory.node import MemoryNode, wallet_invoice
from ringbolt.lightning.node import MACAROON_REJECTED, PaymentMade
from ringbolt.store import named_invoices
from ringbolt.store.engine.db import Database
from support.databases.order_rows import put_order

KEYRING, OTHERS = Keyring([b"\1" * 32]), Keyring([b"\2" * 32])


class Restored:
    """A shop whose books hold one unpaid order, and its node, which has seen more."""

    def __init__(self, database: Database, clock: SystemClock) -> None:
        self.db = database
        self.node = MemoryNode(clock)
        self._clock = clock

    async def audit(self, *, shared_node: bool = False) -> AuditReport:
        return await audit_shop(self.db, KEYRING, self.node, self.node, shared_node=shared_node)

    async def pay(self, name: bytes, amount_msat: int) -> str:
        """The node pays somebody; returns the payment hash in hex."""
        preimage = hashlib.sha256(name).digest()
        invoice = wallet_invoice(amount_msat, preimage, self._clock.now_ms() // 1000)
        await self.node.pay(invoice, 1000, 10)
        return hashlib.sha256(preimage).hexdigest()

    def receive(self, name: bytes, amount_msat: int, memo: str) -> None:
        """A hold invoice of the node was paid and settled."""
        self.node.receive(hashlib.sha256(name).digest(), amount_msat, memo)


@pytest.fixture
async def restored(database: Database, clock: SystemClock) -> Restored:
    await database.tx(lambda tx: put_order(tx, state="expired", finished_ms=1))
    return Restored(database, clock)


async def test_unknown_payments_and_invoices_are_named_with_their_amounts(
    restored: Restored,
) -> None:
    paid = await restored.pay(b"refund", 21_000)
    restored.receive(b"order", 3_000_000, hold_memo(KEYRING))
    booked = await restored.pay(b"booked", 7_000)
    await restored.db.tx(named_invoices.name, booked, named_invoices.of_refund("0" * 64))

    report = await restored.audit()

    assert sorted(each.amount_msat for each in report.found) == [0, 21_000, 3_000_000]
    reported = "\n".join(report.differences)
    assert paid[:12] in reported
    assert "21000 msat" in reported
    assert "3000000 msat" in reported
    assert f"Payment out {booked[:12]}" not in reported
    assert not report.agrees


async def test_an_explained_difference_no_longer_counts_but_a_new_one_does(
    restored: Restored,
) -> None:
    await restored.pay(b"refund", 21_000)
    [difference] = (await restored.audit()).found
    await restored.db.tx(acknowledge, difference, "paid after the backup", "ann@shop")

    report = await restored.audit()
    assert report.agrees
    [known] = report.acknowledged
    assert (known.reason, known.by) == ("paid after the backup", "ann@shop")
    assert known.amount_msat == 21_000

    await restored.pay(b"another", 22_000)
    assert len((await restored.audit()).found) == 1


async def test_an_explanation_needs_a_reason_and_is_given_once(restored: Restored) -> None:
    await restored.pay(b"refund", 21_000)
    found = (await restored.audit()).found
    difference = find_difference(found, found[0].id[:4])
    with pytest.raises(InvalidInput):
        await restored.db.tx(acknowledge, difference, " ", "ann@shop")
    with pytest.raises(NotFound):
        find_difference(found, "zz")
    await restored.db.tx(acknowledge, difference, "known", "ann@shop")
    with pytest.raises(Conflict):
        await restored.db.tx(acknowledge, difference, "known", "ann@shop")


async def test_a_shared_node_pays_for_others_too(restored: Restored) -> None:
    await restored.pay(b"theirs", 21_000)
    report = await restored.audit(shared_node=True)
    assert (report.agrees, report.foreign_payments) == (True, 1)


async def test_a_node_that_may_not_list_payments_paid_nobody(
    restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restored.node, "list_payments", no_permission)
    assert (await restored.audit()).not_asked == []
    await restored.db.tx(named_invoices.name, "ab" * 32, named_invoices.of_refund("0" * 64))
    assert (await restored.audit()).not_asked != []


async def no_permission(_: int) -> AsyncGenerator[PaymentMade, None]:
    raise NodeUnavailable("permission denied", code=MACAROON_REJECTED)
    yield


async def test_two_shops_on_one_node_tell_their_invoices_apart(restored: Restored) -> None:
    restored.receive(b"theirs", 3_000_000, hold_memo(OTHERS))
    assert (await restored.audit()).agrees
    restored.receive(b"ours", 3_000_000, hold_memo(KEYRING))
    assert len((await restored.audit()).found) == 1


def test_a_memo_is_recognised_after_a_rotation_and_from_earlier_versions() -> None:
    rotated = Keyring([b"\3" * 32, KEYRING.current])
    assert is_own_memo(rotated, hold_memo(rotated))
    assert is_own_memo(rotated, hold_memo(KEYRING))
    assert is_own_memo(rotated, MEMO)
    assert not is_own_memo(rotated, hold_memo(OTHERS))
