"""The records of the simulated texts: accepted, reported and delivered, as the file has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from ringbolt.simulator.file.log import Log
from ringbolt.simulator.file.world_file import Append, Entry, Put, WorldFile
from ringbolt.simulator.sms.script import PlannedReceipt, Step, behaviour_of, plan
from ringbolt.sms.carrier import DeliveryReceipt
from ringbolt.sms.simulated.wire import SmsRequest

INBOX_SIZE: Final = 1000
"""How many of a phone's texts are shown, the newest."""

_ACCEPTED: Final = "sms"
"""``sms/REF``: a text that the carrier accepted; never deleted."""
_PENDING: Final = "sms-pending"
"""``sms-pending/REF``: how many of its steps are done, while some are not."""
_REFUSED: Final = "sms-refused"
_INBOX: Final = "sms-inbox:"
LOG: Final = "sms-receipt"
"""Every receipt, in order."""
_END_MS: Final = 10**13


class PhoneText(Struct):
    """A text as a phone shows it: whole, however many parts it had. ``at_ms``: when it came."""

    sender: str = msgspec.field(name="from")
    text: str
    at_ms: int


class AcceptedSms(Struct, frozen=True):
    """A text that the carrier accepted at ``at_ms``; all that happens to it follows from this.

    ``speed``: how many times faster than real time, as it was when the text was accepted.
    """

    id: str
    ref: str
    to: str
    sender: str
    parts: tuple[str, ...]
    at_ms: int
    speed: float

    @property
    def part_ids(self) -> tuple[str, ...]:
        return tuple(f"{self.id}-{n}" for n in range(1, len(self.parts) + 1))

    @property
    def steps(self) -> tuple[Step, ...]:
        return plan(behaviour_of(self.to), len(self.parts))

    def at(self, after_ms: int) -> int:
        """The world's time ``after_ms`` after the text was accepted."""
        return self.at_ms + round(after_ms / self.speed)

    def receipt(self, planned: PlannedReceipt) -> DeliveryReceipt:
        n, stage = planned.n, planned.stage
        unknown = f"{self.id}-stranger"
        part_id, ref = (f"{self.id}-{n}", self.ref) if n else (unknown, unknown)
        event_id = f"{part_id}:{stage.state}"
        return DeliveryReceipt(
            event_id, part_id, ref, n, stage.state, stage.raw, self.at(stage.at_ms)
        )


@dataclass(slots=True)
class Writes:
    """One transaction. ``over``: the texts that it is the last change to."""

    puts: list[Put] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    def accept(self, sms: AcceptedSms) -> None:
        self.puts += [(_ACCEPTED, sms.ref, sms), (_PENDING, sms.ref, {"done": 0})]

    def step(self, sms: AcceptedSms, done: int) -> None:
        """The step before ``done`` has happened."""
        step = sms.steps[done - 1]
        for planned in step.receipts:
            self.appends.append((LOG, msgspec.to_builtins(sms.receipt(planned))))
        if step.arrives:
            at_ms = sms.at(step.due_ms)
            # The newest text has the lowest key, so that the first page holds the newest.
            key = f"{_END_MS - at_ms:013d}-{sms.id}"
            text = PhoneText(sms.sender, "".join(sms.parts), at_ms)
            self.puts.append((_INBOX + sms.to, key, text))
        if done == len(sms.steps):
            self.puts.append((_PENDING, sms.ref, None))
            self.over.append(sms.ref)
        else:
            self.puts.append((_PENDING, sms.ref, {"done": done}))

    def refuse(self, request: SmsRequest, count: int) -> None:
        """The same text has been refused ``count`` times since it was last accepted."""
        self.puts.append((_REFUSED, _fingerprint(request), {"count": count} if count else None))


class SmsRecords:
    """What is on the disk; nothing else is answered or published."""

    def __init__(self, store: WorldFile) -> None:
        self._store = store
        self.log = Log(store, LOG)

    def write(self, writes: Writes) -> asyncio.Future[list[int]]:
        return self._store.submit(writes.puts, writes.appends)

    def pending(self) -> list[tuple[AcceptedSms, int]]:
        """The texts with steps still to come, and how many of their steps are done."""
        waiting = self._store.load(_PENDING).items()
        texts = ((self.find(ref), document["done"]) for ref, document in waiting)
        return [(sms, done) for sms, done in texts if sms is not None and done < len(sms.steps)]

    def find(self, ref: str) -> AcceptedSms | None:
        document = self._store.get(_ACCEPTED, ref)
        return None if document is None else msgspec.convert(document, AcceptedSms)

    def receipts(self, sms: AcceptedSms) -> tuple[DeliveryReceipt, ...]:
        """The receipts of ``sms`` so far."""
        pending = self._store.get(_PENDING, sms.ref)
        steps = sms.steps if pending is None else sms.steps[: pending["done"]]
        receipts = (planned for step in steps for planned in step.receipts if planned.n)
        return tuple(map(sms.receipt, receipts))

    def refusals(self, request: SmsRequest) -> int:
        """How often the same text, with any reference, was refused since it was last accepted."""
        document = self._store.get(_REFUSED, _fingerprint(request))
        return 0 if document is None else int(document["count"])

    def inbox(self, number: str) -> list[PhoneText]:
        """The texts that came to this number, oldest first."""
        newest_first = self._store.page(_INBOX + number, "", INBOX_SIZE)
        return [msgspec.convert(document, PhoneText) for _, document in reversed(newest_first)]


def receipts_of(rows: Iterable[Entry]) -> tuple[DeliveryReceipt, ...]:
    """The receipts in a page of the log."""
    return tuple(msgspec.convert(document, DeliveryReceipt) for _, document in rows)


def _fingerprint(request: SmsRequest) -> str:
    """What two attempts at the same text have in common, apart from their references."""
    text = "\0".join((request.to, request.sender, *request.parts))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
