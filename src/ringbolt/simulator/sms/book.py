"""The book of the simulated texts: what was taken, told and delivered, as the file has it."""

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
from ringbolt.simulator.sms.script import Step, Telegram, behaviour_of, plan
from ringbolt.sms.carrier import DeliveryReceipt
from ringbolt.sms.simulated.wire import SmsRequest

INBOX_SIZE: Final = 1000
"""So many of a phone's texts are shown, the newest."""

_TAKEN: Final = "sms"
"""``sms/REF``: a text that the carrier took, for ever."""
_PENDING: Final = "sms-pending"
"""``sms-pending/REF``: how many of its steps are done, as long as some are not."""
_REFUSED: Final = "sms-refused"
_INBOX: Final = "sms-inbox:"
_LOG: Final = "sms-receipt"
_END_MS: Final = 10**13


class PhoneText(Struct):
    """A text as a phone shows it: whole, whatever it came in. ``at_ms``: when it came."""

    sender: str = msgspec.field(name="from")
    text: str
    at_ms: int


class TakenSms(Struct, frozen=True):
    """A text that the carrier took at ``at_ms``; what becomes of it follows from this alone.

    ``speed``: how many times faster than real time, as it was when the text was taken.
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
        """The world's time ``after_ms`` after the text was taken."""
        return self.at_ms + round(after_ms / self.speed)

    def receipt(self, telegram: Telegram) -> DeliveryReceipt:
        n, word = telegram.n, telegram.word
        stranger = f"{self.id}-stranger"
        part_id, ref = (f"{self.id}-{n}", self.ref) if n else (stranger, stranger)
        event_id = f"{part_id}:{word.state}"
        return DeliveryReceipt(event_id, part_id, ref, n, word.state, word.raw, self.at(word.at_ms))


@dataclass(slots=True)
class Writes:
    """What one moment changes: one transaction. ``over``: the texts that it is the last of."""

    puts: list[Put] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    def take(self, sms: TakenSms) -> None:
        self.puts += [(_TAKEN, sms.ref, sms), (_PENDING, sms.ref, {"done": 0})]

    def step(self, sms: TakenSms, done: int) -> None:
        """The step before ``done`` has happened."""
        step = sms.steps[done - 1]
        for telegram in step.telegrams:
            self.appends.append((_LOG, msgspec.to_builtins(sms.receipt(telegram))))
        if step.arrives:
            at_ms = sms.at(step.due_ms)
            # The newest text has the first key, so that a page from the start holds the newest.
            key = f"{_END_MS - at_ms:013d}-{sms.id}"
            text = PhoneText(sms.sender, "".join(sms.parts), at_ms)
            self.puts.append((_INBOX + sms.to, key, text))
        if done == len(sms.steps):
            self.puts.append((_PENDING, sms.ref, None))
            self.over.append(sms.ref)
        else:
            self.puts.append((_PENDING, sms.ref, {"done": done}))

    def refuse(self, request: SmsRequest, count: int) -> None:
        """The same text has been refused ``count`` times since it was last taken."""
        self.puts.append((_REFUSED, _sameness(request), {"count": count} if count else None))


class SmsBook:
    """What is on the disk; nothing else is told to anybody."""

    def __init__(self, store: WorldFile) -> None:
        self._store = store
        self.log = Log(store, _LOG)

    def write(self, writes: Writes) -> asyncio.Future[list[int]]:
        return self._store.submit(writes.puts, writes.appends)

    def pending(self) -> list[tuple[TakenSms, int]]:
        """The texts to which something is still to happen, and how many of their steps are done."""
        waiting = self._store.load(_PENDING).items()
        texts = ((self.find(ref), document["done"]) for ref, document in waiting)
        return [(sms, done) for sms, done in texts if sms is not None and done < len(sms.steps)]

    def find(self, ref: str) -> TakenSms | None:
        document = self._store.get(_TAKEN, ref)
        return None if document is None else msgspec.convert(document, TakenSms)

    def told(self, sms: TakenSms) -> tuple[DeliveryReceipt, ...]:
        """The receipts of ``sms`` so far."""
        pending = self._store.get(_PENDING, sms.ref)
        steps = sms.steps if pending is None else sms.steps[: pending["done"]]
        telegrams = (telegram for step in steps for telegram in step.telegrams if telegram.n)
        return tuple(map(sms.receipt, telegrams))

    def refusals(self, request: SmsRequest) -> int:
        """How often the same text, with whatever reference, was refused since it was last taken."""
        document = self._store.get(_REFUSED, _sameness(request))
        return 0 if document is None else int(document["count"])

    def inbox(self, number: str) -> list[PhoneText]:
        """The texts that came to this number, oldest first."""
        newest_first = self._store.page(_INBOX + number, "", INBOX_SIZE)
        return [msgspec.convert(document, PhoneText) for _, document in reversed(newest_first)]


def receipts_of(rows: Iterable[Entry]) -> tuple[DeliveryReceipt, ...]:
    """The receipts that a page of the book's log holds."""
    return tuple(msgspec.convert(document, DeliveryReceipt) for _, document in rows)


def _sameness(request: SmsRequest) -> str:
    """What two attempts at the same text have in common, whatever their references are."""
    text = "\0".join((request.to, request.sender, *request.parts))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
