"""The port to a carrier of text messages (SMS).

A carrier is asked once per attempt, by our own reference. Its answer is three-valued: a definite
yes, a definite no, or unknown; an unknown one is looked up or waited for, never repeated. What
happens to a message is reported by receipts for each of its parts, which may come late, before the
answer, twice, out of order or never. A carrier whose numbers also receive texts is a source of own
numbers (``SupportsInbound``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol, runtime_checkable

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sanitise import storable_name
from ringbolt.core.sink import Sink

MOST_PARTS: Final = 255
"""Of one text: its parts are numbered in one octet (3GPP TS 23.040, 9.2.3.24.1)."""


def always() -> bool:
    """For texts that nobody can withdraw."""
    return True


def _names(part_ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(storable_name, part_ids[:MOST_PARTS]))


@dataclass(frozen=True, slots=True)
class OutSms:
    """A text to send. ``ref``: ours, unique per attempt. ``to``: E.164. ``parts``: as segmented.

    ``sender``: what the phone shows, E.164 or up to 11 characters. ``still_wanted`` is called
    right before the request is sent: if it returns False (the caller was suspended for so long that
    another worker has taken over), nothing is sent and the result is ``Rejected``, not permanent.
    """

    ref: str
    to: str
    sender: str
    parts: tuple[str, ...]
    encoding: Literal["gsm7", "ucs2"]
    still_wanted: Callable[[], bool] = field(default=always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier accepted the message.

    ``part_ids``: the carrier's own id of each part, in order. ``sent``: it was handed to the mobile
    network already, not only to the carrier. ``cost``: what it bills for the whole text, None if it
    does not say (yet: see ``core.part_checks.SupportsCostLookup``).
    """

    part_ids: tuple[str, ...]
    sent: bool = False
    cost: Amount | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "part_ids", _names(self.part_ids))


SendResult = Accepted | Rejected | Unknown


class ReceiptState(StrEnum):
    """The state of a part in a receipt.

    ENROUTE decides nothing. SENT: handed to the mobile network. DELIVERED: the phone has it.
    FAILED: it will never get it.
    """

    ENROUTE = "enroute"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What a carrier reported of one part of a message.

    ``event_id``: unique per carrier and the same when the receipt is repeated. ``ref``: ours, ''
    if the carrier does not echo it. ``n``: the part's number from 1, 0 if not known. ``raw``: the
    carrier's own name of the state. ``at_ms``: when it happened (UTC), by the carrier's clock.
    ``cost``: what the carrier bills for this part alone (``n``), or for the whole text if it has
    one id for all its parts; None if the receipt does not say. A later one replaces it.
    ``is_whole``: the carrier has one id for all parts of the text, and this is about all of them.
    """

    event_id: str
    part_id: str
    ref: str
    n: int
    state: ReceiptState
    raw: str
    at_ms: int
    cost: Amount | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptBatch:
    """Receipts in the order in which they came.

    ``cursor``: where to follow on from once they are committed, '' if the carrier cannot replay.
    """

    receipts: tuple[DeliveryReceipt, ...]
    cursor: str


class SmsCarrier(Protocol):
    """Sends texts, and reports what becomes of them."""

    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    async def send(self, sms: OutSms) -> SendResult:
        """Send all parts. Never raises for what the carrier does; see ``SendResult``."""
        ...

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        """Deliver all receipts after ``cursor`` to ``sink``, then new ones; see ``core.sink``.

        '' is the beginning, and the only cursor of a carrier that cannot replay. Never returns:
        raises ``Unavailable`` when the carrier is lost (the caller follows again), and what the
        sink raised.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SmsSnapshot:
    """What a carrier knows of one message: its parts and every receipt so far."""

    ref: str
    part_ids: tuple[str, ...]
    receipts: tuple[DeliveryReceipt, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "part_ids", _names(self.part_ids))


@runtime_checkable
class SupportsSmsLookup(Protocol):
    """A carrier that can say whether it has a text."""

    async def find(self, ref: str) -> SmsSnapshot | None:
        """The message with our reference; None if the carrier never accepted it (a definite no).

        Raises ``Unavailable`` if the carrier cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class InboundSms:
    """A text that came to a number of the operator's.

    ``event_id``: unique per carrier, the same when the text is repeated. ``to``: E.164. ``sender``:
    E.164 or a name, '' if unknown. ``at_ms``: when it was sent or received (UTC), by the far end's
    clock.
    """

    event_id: str
    to: str
    sender: str
    text: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class InboundBatch:
    """Texts in the order in which they came. ``heard``: numbers whose telephone gave a sign of life
    (at the time of the batch). ``cursor``: as in ``ReceiptBatch``."""

    texts: tuple[InboundSms, ...]
    heard: tuple[str, ...] = ()
    cursor: str = ""


@runtime_checkable
class SupportsInbound(Protocol):
    """For carriers that receive texts on the operator's own numbers."""

    @property
    def watched_numbers(self) -> tuple[str, ...]:
        """The numbers (E.164) that are lent only as long as signs of life come (``heard``); none
        for a carrier whose numbers are always there."""
        ...

    async def follow_texts(self, cursor: str, sink: Sink[InboundBatch]) -> None:
        """Deliver the texts to own numbers to ``sink``, as ``follow`` does receipts."""
        ...


@runtime_checkable
class SupportsSmsSearch(Protocol):
    """For a carrier that lists its messages, but not by our reference; its ``recovery`` is
    ``LOOKUP``."""

    async def search(self, sms: OutSms, since_ms: int) -> Sequence[SmsSnapshot]:
        """The messages with this recipient and text that the carrier accepted after ``since_ms``
        (UTC, by our clock), the oldest first. They may be those of other attempts.

        Raises ``Unavailable`` if the carrier cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class OpenText:
    """A text whose end is not known yet. ``part_ids``: the carrier's own, in order."""

    ref: str
    part_ids: tuple[str, ...]


@runtime_checkable
class SupportsSmsPolling(Protocol):
    """For a carrier that must be asked what became of a text, because it does not report it, or
    its reports may be lost."""

    @property
    def poll_every_s(self) -> float:
        """How often to ask for each open text; real seconds."""
        ...

    async def poll(self, texts: Sequence[OpenText]) -> Sequence[DeliveryReceipt]:
        """The present states of these texts, as receipts; none for a text that is not known.

        Raises ``Unavailable`` if the carrier cannot be asked for any.
        """
        ...
