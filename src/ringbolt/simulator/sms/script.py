"""The outcomes of texts to the simulated phones: one row per number.

Every ordinary number is a phone that gets the text at once. Only the numbers in ``SCRIPTED`` (in a
range that no numbering plan contains) behave differently, so that a client can test every branch of
a send order. Where possible, a number treats a text as it treats a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from types import MappingProxyType
from typing import Final

from ringbolt.sms.carrier import ReceiptState

SLOW_CARRIER_MS: Final = 2000
"""How long after the receipts a slow carrier answers that it accepted the text."""
REFUSALS: Final = 2
"""How often a carrier that refuses for now does so before it accepts the same text."""
RETRY_AFTER_MS: Final = 2000
"""How long it asks to wait meanwhile."""


class CarrierReply(StrEnum):
    """How the carrier answers a text, and whether it accepts it."""

    TAKES = "takes it"
    SENDS_AT_ONCE = "takes it, and says that it is sent already"
    TAKES_SLOWLY = "takes it slowly"
    TAKES_WITHOUT_AN_ANSWER = "takes it without an answer"
    REFUSES = "refuses it for good"
    REFUSES_FOR_NOW = "refuses it for now"
    LOSES_THE_REQUEST = "loses the request"


class ReceiptOrder(StrEnum):
    """In which order, and how often, the receipts of a text come."""

    IN_ORDER = "in order"
    DOUBLED = "every receipt twice"
    REVERSED = "all at the end, the last first"
    NEVER = "never"
    WITH_AN_UNKNOWN = "with one for an unknown message"


@dataclass(frozen=True, slots=True)
class Stage:
    """``state`` is reached ``at_ms`` after the text was accepted; the carrier calls it ``raw``."""

    state: ReceiptState
    raw: str
    at_ms: int


QUEUED = Stage(ReceiptState.ENROUTE, "queued", 100)
SENT = Stage(ReceiptState.SENT, "sent", 100)
DELIVERED = Stage(ReceiptState.DELIVERED, "delivered", 400)
UNKNOWN_SUBSCRIBER = Stage(ReceiptState.FAILED, "failed: unknown subscriber", 100)
PART_REFUSED = Stage(ReceiptState.FAILED, "failed: the network refused this part", 100)
EXPIRED = Stage(ReceiptState.FAILED, "undelivered: expired", 400)
SENT_LATE = Stage(ReceiptState.SENT, "sent", 40_000)
DELIVERED_LATE = Stage(ReceiptState.DELIVERED, "delivered", 40_300)


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """How a number behaves. ``stages``: of each part; ``second``: of the second one, if other."""

    description: str
    reply: CarrierReply = CarrierReply.TAKES
    stages: tuple[Stage, ...] = (SENT, DELIVERED)
    second: tuple[Stage, ...] | None = None
    receipt_order: ReceiptOrder = ReceiptOrder.IN_ORDER


@dataclass(frozen=True, slots=True)
class PlannedReceipt:
    """One receipt to come: of part ``n`` from 1, or (0) of a message that was never sent."""

    n: int
    stage: Stage


@dataclass(frozen=True, slots=True)
class Step:
    """What happens ``due_ms`` after a text was accepted; ``arrives``: the phone has all of it."""

    due_ms: int
    receipts: tuple[PlannedReceipt, ...]
    arrives: bool


PLAIN: Final = Behaviour("Any phone: the text is sent and delivered.")

SCRIPTED: Final = MappingProxyType(
    {
        "+1234567800": Behaviour("Gets the text."),
        "+1234567804": Behaviour(
            "Is not allocated to anybody: the text fails and is never sent.",
            stages=(UNKNOWN_SUBSCRIBER,),
        ),
        "+1234567805": Behaviour("The carrier refuses the text for good.", CarrierReply.REFUSES),
        "+1234567806": Behaviour(
            "The carrier refuses a text for now (throttled), and accepts it the third time.",
            CarrierReply.REFUSES_FOR_NOW,
        ),
        "+1234567807": Behaviour(
            "The carrier accepts the text but its answer is lost; then as ...00.",
            CarrierReply.TAKES_WITHOUT_AN_ANSWER,
        ),
        "+1234567808": Behaviour(
            "The carrier loses the request: no answer and no text.", CarrierReply.LOSES_THE_REQUEST
        ),
        "+1234567809": Behaviour(
            "The receipts come first: the carrier accepts the text 2 s after them.",
            CarrierReply.TAKES_SLOWLY,
        ),
        "+1234567820": Behaviour("The text is sent and then fails.", stages=(SENT, EXPIRED)),
        "+1234567821": Behaviour(
            "The text is queued for 40 s, and sent and delivered then.",
            stages=(QUEUED, SENT_LATE, DELIVERED_LATE),
        ),
        "+1234567822": Behaviour("Every receipt comes twice.", receipt_order=ReceiptOrder.DOUBLED),
        "+1234567823": Behaviour(
            "Gets the text, but no receipt ever comes.", receipt_order=ReceiptOrder.NEVER
        ),
        "+1234567824": Behaviour(
            "Of a text of several parts the second fails and is never sent; one of one part is"
            " delivered.",
            second=(PART_REFUSED,),
        ),
        "+1234567825": Behaviour(
            "The receipts come in reverse order.", receipt_order=ReceiptOrder.REVERSED
        ),
        "+1234567826": Behaviour(
            "A receipt for a message that was never sent here comes with the right ones.",
            receipt_order=ReceiptOrder.WITH_AN_UNKNOWN,
        ),
        "+1234567827": Behaviour(
            "The carrier's answer says that the text is sent already; delivered follows.",
            CarrierReply.SENDS_AT_ONCE,
            stages=(DELIVERED,),
        ),
        "+1234567890": Behaviour("Gets the text."),
    }
)
"""The documented numbers. Any other number is ``PLAIN``."""


def behaviour_of(number: str) -> Behaviour:
    """The scripted outcome of a text to this number (E.164)."""
    return SCRIPTED.get(number, PLAIN)


@lru_cache(maxsize=256)
def plan(behaviour: Behaviour, part_count: int) -> tuple[Step, ...]:
    """All that happens to a text of ``part_count`` parts, at least one step, in order of time."""
    parts = range(1, part_count + 1)
    stages_of_parts = [(n, _stages(behaviour, n)) for n in parts]
    receipts = [
        (stage.at_ms, PlannedReceipt(n, stage)) for n, stages in stages_of_parts for stage in stages
    ]
    receipts.sort(key=lambda each: each[0])
    arrives_ms = None
    if all(stages[-1].state is ReceiptState.DELIVERED for _, stages in stages_of_parts):
        arrives_ms = receipts[-1][0]
    receipts = _reordered(receipts, behaviour.receipt_order)
    moments = {due_ms: tuple(each for _, each in group) for due_ms, group in _by_due(receipts)}
    if arrives_ms is not None:
        moments.setdefault(arrives_ms, ())
    return tuple(Step(at, moments[at], at == arrives_ms) for at in sorted(moments))


def _stages(behaviour: Behaviour, n: int) -> tuple[Stage, ...]:
    if n == 2 and behaviour.second is not None:
        return behaviour.second
    return behaviour.stages


_Receipts = list[tuple[int, PlannedReceipt]]


def _reordered(receipts: _Receipts, receipt_order: ReceiptOrder) -> _Receipts:
    match receipt_order:
        case ReceiptOrder.IN_ORDER:
            return receipts
        case ReceiptOrder.DOUBLED:
            return [each for each in receipts for _ in range(2)]
        case ReceiptOrder.REVERSED:
            return [(receipts[-1][0], planned) for _, planned in reversed(receipts)]
        case ReceiptOrder.NEVER:
            return []
        case ReceiptOrder.WITH_AN_UNKNOWN:
            return [(SENT.at_ms, PlannedReceipt(0, DELIVERED)), *receipts]


def _by_due(receipts: _Receipts) -> groupby[int, tuple[int, PlannedReceipt]]:
    return groupby(receipts, key=lambda each: each[0])
