"""The adapter to the simulated SMS carrier, over HTTP like any other carrier.

A request that was never sent, or was refused with 4xx, is a definite no. After a lost answer, a
timeout or 5xx it is unknown whether the text was sent.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from yarl import URL

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.sms.carrier import Accepted, OutSms, ReceiptBatch, SendResult, SmsSnapshot
from ringbolt.sms.simulated.wire import ReceiptsLine, SmsAccepted, SmsRefusal, SmsState, request_of
from ringbolt.upstream.exchange import Answer, Lost, NeverSent
from ringbolt.upstream.far_end import FarEnd
from ringbolt.upstream.world_client import world_client
from ringbolt.upstream.world_cursor import known_cursor

_encode = msgspec.json.Encoder().encode


class SimulatedSmsCarrier:
    """Implements ``SmsCarrier`` and ``SupportsSmsLookup`` over the world at ``base_url``."""

    recovery = Recovery.LOOKUP

    def __init__(self, base_url: str, name: str = "simulated", token: str = "") -> None:
        self.name = name
        self._url = f"{base_url.rstrip('/')}/simulator/sms-carrier"
        self._messages = URL(f"{self._url}/messages")
        self._far_end = FarEnd("The simulated SMS carrier", world_client(token))

    async def send(self, sms: OutSms) -> SendResult:
        body = _encode(request_of(sms))
        if not sms.still_wanted():
            return Rejected("the request for this text was withdrawn", permanent=False)
        match await self._far_end.post(self._messages, body):
            case Answer() as answer:
                return _result(answer)
            case NeverSent(why):
                return Rejected(f"the carrier cannot be reached: {why}", permanent=False)
            case Lost(why):
                return Unknown(f"the carrier's answer was lost: {why}")

    async def find(self, ref: str) -> SmsSnapshot | None:
        url = URL(f"{self._messages}/{quote(ref, safe='')}", encoded=True)
        found = await self._far_end.find(url, SmsState, SmsRefusal)
        if found is None:
            return None
        return SmsSnapshot(found.ref, tuple(found.part_ids), tuple(found.receipts))

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        after = known_cursor(cursor)

        async def take(lines: list[bytes]) -> None:
            nonlocal after
            events = [self._far_end.decode(line, ReceiptsLine) for line in lines]
            after = str(events[-1].cursor) if events else after
            receipts = tuple(receipt for each in events for receipt in each.receipts)
            await sink(ReceiptBatch(receipts, after))

        await self._far_end.follow(f"{self._url}/events", {"after": after}, take)

    async def close(self) -> None:
        await self._far_end.close()


def _result(answer: Answer) -> SendResult:
    try:
        if answer.status == 201:
            taken = msgspec.json.decode(answer.body, type=SmsAccepted)
            return Accepted(tuple(taken.part_ids), taken.sent)
        if answer.is_refusal:
            refusal = msgspec.json.decode(answer.body, type=SmsRefusal)
            return Rejected(refusal.reason, refusal.permanent, refusal.retry_after_ms)
    except msgspec.DecodeError:
        if answer.is_refusal:
            return Rejected(f"the carrier refused with HTTP {answer.status}", permanent=False)
    return Unknown(f"the carrier answered HTTP {answer.status}")
