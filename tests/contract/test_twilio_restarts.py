"""The Twilio adapter after a restart, or at another account: what is on record is all it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringbolt.core.calls.call import CallStatus, Clip, RecordedCall, RenderedGather
from ringbolt.core.errors import Unavailable
from ringbolt.voice.twilio.carrier import TwilioCarrier
from support.contracts.twilio_calls import TwilioLine, twilio, twilio_settings
from support.contracts.voice import PLAIN, tone
from support.waiting import until


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[TwilioLine]:
    async with twilio(tmp_path) as made:
        yield made


class Records:
    """What a shop has on record after its restart."""

    def __init__(self, *records: RecordedCall) -> None:
        self.records = records

    async def call(self, ref: str) -> RecordedCall | None:
        return next((each for each in self.records if each.ref == ref), None)

    async def calls_to(self, number: str, since_ms: int) -> list[RecordedCall]:
        return [each for each in self.records if each.to == number and each.asked_ms >= since_ms]

    async def open_calls(self) -> list[RecordedCall]:
        return [each for each in self.records if each.is_open]


def on_record(line: TwilioLine, ref: str, carrier_id: str, **changes: Any) -> RecordedCall:
    values: dict[str, Any] = {
        "to": PLAIN,
        "asked_ms": line.world.clock.now_ms(),
        "is_unanswered": not carrier_id,
        "is_open": True,
        "last_seq": 2,
        "status": CallStatus.RINGING,
        "keys": 0,
    }
    return RecordedCall(ref, carrier_id=carrier_id, **(values | changes))


async def test_after_a_restart_a_call_is_followed_by_what_is_on_record(
    line: TwilioLine, second: Clip, tmp_path: Path
) -> None:
    ref = await line.place(PLAIN, second)
    await line.until_status(ref, CallStatus.RINGING)
    found = await line.carrier.find(ref)
    assert found is not None
    await line.stop_listening()
    again = TwilioCarrier(twilio_settings(line.url), line.world.clock, tmp_path / "scripts")
    again.read_records(Records(on_record(line, ref, found.carrier_id)))
    line.carrier, line.reported = again, []

    async with line.listening():  # nobody calls this one back
        await line.answer(PLAIN)
        await line.until_over(ref)

    assert [event.seq for event in line.of(ref)] == [3, 4]
    await again.close()


async def test_a_restarted_shop_goes_on_with_a_call_that_is_up(
    line: TwilioLine, second: Clip, tmp_path: Path
) -> None:
    long = RenderedGather((line.clip(tone(4000)),), 4, "#", 60_000)
    ref = await line.place(PLAIN, long, second)
    await line.until_status(ref, CallStatus.RINGING)
    await line.answer(PLAIN)
    await line.until_status(ref, CallStatus.IN_PROGRESS)
    found = await line.carrier.find(ref)
    assert found is not None
    call = await line.world.phones.call(found.carrier_id)
    await until(lambda: line.world.phones.heard(call))  # the first document was fetched
    await line.stop_listening()
    again = TwilioCarrier(twilio_settings(line.url), line.world.clock, tmp_path / "scripts")
    record = on_record(line, ref, found.carrier_id, last_seq=3, status=CallStatus.IN_PROGRESS)
    again.read_records(Records(record))
    line.serve(again)
    line.reported = []

    async with line.listening():
        await line.world.phones.press(PLAIN, "42#")
        end = await line.until_over(ref)

    told = [(event.seq, event.digits) for event in line.of(ref)]
    assert told == [(4, "4"), (5, "2"), (6, "#"), (7, "")]
    assert end.status is CallStatus.COMPLETED
    await again.close()


async def test_another_account_does_not_undo_what_the_former_one_took(
    line: TwilioLine, second: Clip, tmp_path: Path
) -> None:
    ref = await line.place(PLAIN, second)
    found = await line.carrier.find(ref)
    assert found is not None
    other = twilio_settings(line.url, account_sid="AC" + "8" * 32)
    changed = TwilioCarrier(other, line.world.clock, tmp_path / "scripts")
    unknown = on_record(line, "lost", "", last_seq=0)
    changed.read_records(Records(on_record(line, ref, found.carrier_id), unknown))

    with pytest.raises(Unavailable, match="had accepted"):
        await changed.find(ref)
    with pytest.raises(Unavailable, match="another account"):
        await changed.find("lost")
    await changed.close()
