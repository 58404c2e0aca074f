"""What the audit found: sums, differences, and those that the operator has explained."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ringbolt.core.timestamps import iso_seconds
from ringbolt.store.acknowledgements import Acknowledgement
from ringbolt.store.audit import Books


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement. ``amount_msat``: the money that is concerned, 0 if that is not known."""

    sentence: str
    amount_msat: int = 0

    @property
    def id(self) -> str:
        """By what it is acknowledged. It depends on the amounts too: if they change, it is another
        difference."""
        return hashlib.sha256(self.sentence.encode()).hexdigest()[:10]


@dataclass(slots=True)
class AuditReport:
    """Sums in msat, what disagrees, and what could not be asked. ``elsewhere`` counts payments at
    nodes that the shop had before, by their names: those nodes are not asked. ``acknowledged``:
    differences that are still there, and explained. ``foreign_payments`` counts payments of a
    shared node that the books do not know."""

    books: Books
    owed_msat: int
    found: list[Difference] = field(default_factory=list)
    acknowledged: list[Acknowledgement] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    node_invoices: int = 0
    elsewhere: Counter[str] = field(default_factory=Counter)
    foreign_payments: int = 0

    @property
    def agrees(self) -> bool:
        return not self.found

    @property
    def differences(self) -> list[str]:
        """Those that nobody has explained, as sentences."""
        return [difference.sentence for difference in self.found]

    def differs(self, sentence: str, amount_msat: int = 0) -> None:
        """Add a difference."""
        self.found.append(Difference(sentence, amount_msat))

    def set_aside(self, known: Iterable[Acknowledgement]) -> None:
        """Move the differences that are acknowledged out of those found."""
        by_id = {each.id: each for each in known}
        self.acknowledged = [by_id[each.id] for each in self.found if each.id in by_id]
        self.found = [each for each in self.found if each.id not in by_id]


def when(at_ms: int | None) -> str:
    """A time in a sentence."""
    return "" if at_ms is None else f" at {iso_seconds(at_ms // 1000)}"
