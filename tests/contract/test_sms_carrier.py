"""What every carrier of texts must do for the shop, whatever stands behind the port.

A carrier joins as another subject of ``sms_rig.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SmsCarrier,
    SmsSnapshot,
    SupportsSmsLookup,
    SupportsSmsSearch,
)
from support.contracts.following import Listener, heard
from support.contracts.sms import SUBJECTS, Desk
from support.waiting import eventually, until

SENT, DELIVERED, FAILED = ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED


@pytest.fixture(params=SUBJECTS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with SUBJECTS[request.param](tmp_path) as subject:
        desk = Desk(subject)
        await desk.start_listening()
        yield desk
        await desk.stop_listening()


# What becomes of a text


async def test_a_text_is_sent_then_delivered_and_the_phone_shows_it(desk: Desk) -> None:
    ref, accepted = await desk.send(desk.fate.delivered, "your code is 1234")

    assert len(accepted.part_ids) == 1
    assert not accepted.sent
    assert await desk.states(ref, 2) == [(1, SENT), (1, DELIVERED)]
    assert {receipt.part_id for receipt in desk.of(ref)} == set(accepted.part_ids)
    assert await desk.subject.texts_of(desk.fate.delivered) == [
        (desk.subject.sender, "your code is 1234")
    ]


async def test_a_text_of_several_parts_has_an_id_and_receipts_for_each(desk: Desk) -> None:
    if desk.subject.has_one_id:
        pytest.skip("the carrier has one id for the whole text")
    ref, accepted = await desk.send(desk.fate.delivered, "one ", "two ", "three")

    states = await desk.states(ref, 6)

    assert len(set(accepted.part_ids)) == 3
    assert sorted(states) == [(n, state) for n in (1, 2, 3) for state in (DELIVERED, SENT)]
    for receipt in desk.of(ref):
        assert receipt.part_id == accepted.part_ids[receipt.n - 1]


async def test_a_carrier_with_one_id_for_a_text_reports_the_whole_of_it(desk: Desk) -> None:
    if not desk.subject.has_one_id:
        pytest.skip("the carrier has an id for each part")
    long = "This is more than fits into one segment. " * 8
    ref, accepted = await desk.send(desk.fate.delivered, long[:153], long[153:306], long[306:])

    await desk.states(ref, 2)

    assert len(accepted.part_ids) == 1
    await until(lambda: desk.of(ref)[-1].state is DELIVERED)
    assert all(receipt.is_whole for receipt in desk.of(ref))
    assert {receipt.part_id for receipt in desk.of(ref)} == set(accepted.part_ids)
    assert await desk.subject.texts_of(desk.fate.delivered) == [(desk.subject.sender, long)]


async def test_a_phone_shows_several_parts_as_one_text(desk: Desk) -> None:
    await desk.send(desk.fate.delivered, "one ", "two ", "three")

    shown = await eventually(lambda: desk.subject.texts_of(desk.fate.delivered))

    assert shown == [(desk.subject.sender, "one two three")]


async def test_a_text_can_fail_before_it_is_sent(desk: Desk) -> None:
    ref, _ = await desk.send(desk.fate.failed)

    assert await desk.states(ref, 1) == [(1, FAILED)]
    assert desk.of(ref)[0].raw


async def test_a_text_can_fail_after_it_was_sent(desk: Desk) -> None:
    ref, _ = await desk.send(desk.fate.sent_then_failed)

    assert await desk.states(ref, 2) == [(1, SENT), (1, FAILED)]
    assert desk.fate.sent_then_failed is not None
    assert await desk.subject.texts_of(desk.fate.sent_then_failed) == []


async def test_a_part_can_fail_by_itself(desk: Desk) -> None:
    ref, _ = await desk.send(desk.fate.second_part_failed, "one ", "two ", "three")

    states = await desk.states(ref, 5)

    assert (2, SENT) not in states
    ends = {n: state for n, state in states if state is not SENT}
    assert ends == {1: DELIVERED, 2: FAILED, 3: DELIVERED}


async def test_an_answer_can_say_that_the_text_is_sent_already(desk: Desk) -> None:
    ref, accepted = await desk.send(desk.fate.sent_at_once)

    assert accepted.sent
    assert await desk.states(ref, 1) == [(1, DELIVERED)]


# How receipts come


async def test_receipts_can_come_before_the_answer(desk: Desk) -> None:
    sms = desk.text(desk.fate.receipts_first)
    answer = asyncio.create_task(desk.carrier.send(sms))

    states = await desk.states(sms.ref, 2)

    assert not answer.done()
    assert states == [(1, SENT), (1, DELIVERED)]
    accepted = await answer
    assert isinstance(accepted, Accepted)
    assert desk.of(sms.ref)[0].part_id == accepted.part_ids[0]


async def test_a_receipt_that_comes_twice_is_the_same_event(desk: Desk) -> None:
    ref, _ = await desk.send(desk.fate.doubled)

    states = await desk.states(ref, 4)

    assert states == [(1, SENT), (1, SENT), (1, DELIVERED), (1, DELIVERED)]
    ids = [receipt.event_id for receipt in desk.of(ref)]
    assert ids[0] == ids[1] != ids[2] == ids[3]


async def test_receipts_can_come_in_reverse_order_and_tell_when_it_happened(desk: Desk) -> None:
    ref, _ = await desk.send(desk.fate.reversed, "one ", "two")

    states = await desk.states(ref, 4)

    assert states == [(2, DELIVERED), (1, DELIVERED), (2, SENT), (1, SENT)]
    delivered, *_, sent = desk.of(ref)
    assert sent.at_ms < delivered.at_ms


async def test_a_receipt_for_a_message_of_nobody_here_is_reported_all_the_same(desk: Desk) -> None:
    ref, _ = await desk.send(desk.fate.beside_a_strangers)

    assert await desk.states(ref, 2) == [(1, SENT), (1, DELIVERED)]
    strangers = [receipt for receipt in desk.reported if receipt.ref != ref]
    assert [receipt.state for receipt in strangers] == [DELIVERED]
    assert strangers[0].part_id not in {receipt.part_id for receipt in desk.of(ref)}


async def test_events_have_names_of_their_own(desk: Desk) -> None:
    count = 2 * len(desk.parts)
    first, _ = await desk.send(desk.fate.delivered, *desk.parts)
    second, _ = await desk.send(desk.fate.delivered, *desk.parts)
    await desk.states(first, count)
    await desk.states(second, count)

    assert len({receipt.event_id for receipt in desk.reported}) == 2 * count


# What the carrier says


async def test_a_refusal_for_good_is_definite_and_leaves_no_text(desk: Desk) -> None:
    sms = desk.text(desk.fate.refused)

    result = await desk.carrier.send(sms)

    assert isinstance(result, Rejected)
    assert result.permanent
    assert await desk.find(sms.ref) is None


async def test_a_refusal_for_now_can_be_asked_again_and_is_taken_then(desk: Desk) -> None:
    results = [
        await desk.carrier.send(desk.text(desk.fate.refused_for_now, "same", ref=ref))
        for ref in ("try-1", "try-2", "try-3")
    ]

    for refused in results[:2]:
        assert isinstance(refused, Rejected)
        assert not refused.permanent
        assert refused.retry_after_ms is not None
        assert refused.retry_after_ms > 0
    assert isinstance(results[2], Accepted)
    assert await desk.states("try-3", 2) == [(1, SENT), (1, DELIVERED)]
    assert await desk.find("try-2") is None


async def test_a_lost_answer_leaves_a_text_that_can_be_found(desk: Desk) -> None:
    sms = desk.text(desk.fate.answer_lost)

    assert isinstance(await desk.carrier.send(sms), Unknown)

    assert await desk.states(sms.ref, 2) == [(1, SENT), (1, DELIVERED)]
    found = await desk.find(sms.ref)
    assert found is not None
    assert found.part_ids == (desk.of(sms.ref)[0].part_id,)


async def test_a_lost_request_leaves_no_text(desk: Desk) -> None:
    sms = desk.text(desk.fate.request_lost)

    assert isinstance(await desk.carrier.send(sms), Unknown)

    assert await desk.find(sms.ref) is None


async def test_what_nobody_waits_for_any_more_is_not_sent(desk: Desk) -> None:
    sms = OutSms("late", desk.fate.delivered, "Ringbolt", ("x",), "gsm7", lambda: False)

    result = await desk.carrier.send(sms)

    assert isinstance(result, Rejected)
    assert not result.permanent
    assert await desk.find("late") is None


async def test_a_part_that_no_phone_network_carries_is_refused_for_good(desk: Desk) -> None:
    result = await desk.carrier.send(desk.text(desk.fate.delivered, "x" * 161))

    assert isinstance(result, Rejected)
    assert result.permanent


# References and cursors


async def test_the_same_reference_twice_is_one_text(desk: Desk) -> None:
    if desk.subject.is_reported_twice:
        pytest.skip("the carrier looks references up, and does not go by them")
    sms = desk.text(desk.fate.delivered)

    first, again = await asyncio.gather(desk.carrier.send(sms), desk.carrier.send(sms))
    await desk.states(sms.ref, 2)
    later = await desk.carrier.send(sms)

    assert isinstance(first, Accepted)
    assert first == again == later
    await desk.states((await desk.send(desk.fate.delivered, "a later one"))[0], 2)
    assert len(desk.of(sms.ref)) == 2
    assert len(await desk.subject.texts_of(desk.fate.delivered)) == 2


async def test_recovery_by_lookup_comes_with_the_means(desk: Desk) -> None:
    can_look_up = isinstance(desk.carrier, SupportsSmsLookup | SupportsSmsSearch)
    assert can_look_up or desk.carrier.recovery is not Recovery.LOOKUP


@pytest.mark.parametrize("ref", ["never-sent", "strange / ref?#%2F é"])
async def test_a_reference_that_was_never_used_is_a_definite_no(desk: Desk, ref: str) -> None:
    assert await desk.find(ref) is None


async def test_a_snapshot_holds_the_parts_and_the_receipts_that_were_reported(desk: Desk) -> None:
    ref, accepted = await desk.send(desk.fate.delivered, *desk.parts)
    await desk.states(ref, 2 * len(desk.parts))

    if not isinstance(desk.carrier, SupportsSmsLookup):
        pytest.skip("the carrier cannot look up all receipts of a text")
    snapshot = await desk.find(ref)

    assert snapshot == SmsSnapshot(ref, accepted.part_ids, tuple(desk.of(ref)))


async def collect(
    carrier: SmsCarrier, cursor: str, count: int
) -> tuple[str, list[DeliveryReceipt]]:
    """At least ``count`` receipts after ``cursor``, and the cursor after them."""

    def receipts(batches: list[ReceiptBatch]) -> list[DeliveryReceipt]:
        return [receipt for batch in batches for receipt in batch.receipts]

    batches = await heard(carrier, cursor, lambda batches: len(receipts(batches)) >= count)
    return batches[-1].cursor, receipts(batches)


async def test_a_cursor_gives_the_same_receipts_again_and_then_goes_on(desk: Desk) -> None:
    desk.needs_replay()
    first, _ = await desk.send(desk.fate.delivered)
    await desk.states(first, 2)
    cursor, receipts = await collect(desk.carrier, "", 2)
    assert receipts == desk.of(first)

    other, _ = await desk.send(desk.fate.delivered)
    await desk.states(other, 2)

    assert (await collect(desk.carrier, "", 4))[1] == desk.reported
    assert (await collect(desk.carrier, cursor, 2))[1] == desk.of(other)


@pytest.mark.parametrize("cursor", ["1000000", "9" * 40, "another-carrier's"])
async def test_a_cursor_of_another_carrier_gives_all_receipts(desk: Desk, cursor: str) -> None:
    desk.needs_replay()
    ref, _ = await desk.send(desk.fate.delivered)
    await desk.states(ref, 2)

    assert (await collect(desk.carrier, cursor, 2))[1] == desk.of(ref)


# What is not committed


async def test_a_batch_that_was_not_committed_is_reported_again(desk: Desk) -> None:
    await desk.stop_listening()
    listener = Listener(desk.carrier, lambda batch: batch.receipts, faults=1)
    async with listener.listening():
        ref, accepted = await desk.send(desk.fate.delivered)
        committed = await listener.until_committed(2)

    assert listener.refused
    # One may come twice: what a phone tells, and what it says when it is asked.
    assert {receipt.state for receipt in committed} == {DELIVERED, SENT}
    assert {(receipt.ref, receipt.part_id) for receipt in committed} == {
        (ref, accepted.part_ids[0])
    }


async def test_nothing_is_passed_over_before_it_is_committed(desk: Desk) -> None:
    await desk.stop_listening()
    listener = Listener(desk.carrier, lambda batch: batch.receipts, held=True)
    async with listener.listening():
        first, _ = await desk.send(desk.fate.delivered)
        await until(lambda: listener.handed_over)
        other, _ = await desk.send(desk.fate.delivered)
        for _ in range(2):
            assert await eventually(lambda: desk.subject.texts_of(desk.fate.delivered))

        # one that replays has confirmed nothing, so it has handed over nothing more
        assert len(listener.handed_over) == 1 or not desk.subject.replays
        assert listener.committed == []

        listener.may_commit.set()
        committed = await listener.until_committed(4)

    told = sorted((receipt.ref, receipt.state) for receipt in committed)
    assert told == sorted((ref, state) for ref in (first, other) for state in (SENT, DELIVERED))
