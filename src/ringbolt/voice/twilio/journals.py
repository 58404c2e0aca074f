"""The journals of a carrier's calls, and what the shop has on record of others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

from ringbolt.core.calls.call import RecordedCall
from ringbolt.voice.carrier import CallRecords
from ringbolt.voice.twilio.journal import Journal

_OTHERS_MS: Final = 86_400_000
_NEAR_MS: Final = 300_000
"""A request that is lost makes no call later than that."""
LONGEST_MS: Final = 30 * 3_600_000
"""No call is up for longer: vendors end it after a day."""
MOST_ENDED: Final = 2000
"""Journals of calls that are over, kept for what comes late; the shop's records know older ones."""


class Journals:
    """By our reference. ``records``: None for a carrier that no shop has opened."""

    def __init__(self) -> None:
        self.records: CallRecords | None = None
        self._journals: dict[str, Journal] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    def __iter__(self) -> Iterator[Journal]:
        """Those of calls that are not over, or whose end is not committed."""
        return iter([each for ref, each in self._journals.items() if ref not in self._ended])

    def open(self, ref: str, to: str, now_ms: int) -> Journal:
        """The journal of a call that is about to be placed (again)."""
        found = self._journals.get(ref)
        if found is None:
            found = self._journals[ref] = Journal(ref, to, now_ms)
        return found

    def drop(self, ref: str) -> None:
        """There is no such call."""
        self._journals.pop(ref, None)

    def present(self, ref: str) -> Journal | None:
        return self._journals.get(ref)

    async def known(self, ref: str) -> Journal | None:
        """The journal of a call, by the shop's records if this process has none; None if it was
        never asked for. Raises what the records raise."""
        found = self._journals.get(ref)
        if found is None and self.records is not None:
            record = await self.records.call(ref)
            found = self._journals.get(ref)  # another task may have been faster
            if record is not None and found is None:
                found = self._journals[ref] = Journal.of_record(record)
                self.end_if_over(found)
        return found

    async def sync(self, journal: Journal) -> None:
        """Take over what other processes of the shop have committed of a call."""
        record = None if self.records is None else await self.records.call(journal.ref)
        if record is not None:
            journal.rebase(record)

    async def open_calls(self) -> Sequence[RecordedCall]:
        return () if self.records is None else await self.records.open_calls()

    async def others_to(self, journal: Journal) -> OtherCalls:
        """The other calls to the same number: ids that are theirs, and whether there is one whose
        id nobody knows."""
        others = OtherCalls(journal.asked_ms)
        for each in self._journals.values():
            if each.ref != journal.ref and each.to == journal.to:
                others.add(each.sid, each.asked_ms, is_unanswered=not each.sid)
        if self.records is not None:
            since_ms = journal.asked_ms - _OTHERS_MS
            for record in await self.records.calls_to(journal.to, since_ms):
                if record.ref != journal.ref and record.ref not in self._journals:
                    others.add(
                        record.carrier_id, record.asked_ms, is_unanswered=record.is_unanswered
                    )
        return others

    def forget_lost(self, now_ms: int) -> None:
        """Forget calls of whose end nobody will tell any more."""
        for each in self:
            if now_ms - each.asked_ms > LONGEST_MS:
                self.drop(each.ref)

    def end_if_over(self, journal: Journal) -> None:
        """Forget the oldest of those that are over and committed, if there are many."""
        if not journal.is_over or journal.uncommitted:
            return
        self._ended[journal.ref] = None
        self._ended.move_to_end(journal.ref)
        while len(self._ended) > MOST_ENDED:
            ref, _ = self._ended.popitem(last=False)
            self._journals.pop(ref, None)


class OtherCalls:
    """Calls that a look-up by number must not take for the one asked for at ``asked_ms``."""

    def __init__(self, asked_ms: int) -> None:
        self.ids: set[str] = set()
        self.has_unanswered = False
        self._asked_ms = asked_ms

    def add(self, carrier_id: str, asked_ms: int, *, is_unanswered: bool) -> None:
        if carrier_id:
            self.ids.add(carrier_id)
        elif is_unanswered and abs(asked_ms - self._asked_ms) < _NEAR_MS:
            self.has_unanswered = True
