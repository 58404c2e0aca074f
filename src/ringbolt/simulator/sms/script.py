"""How the simulated phones take texts by themselves: one row a number, in plain words.

Every ordinary number is a phone that gets the text at once. Only the numbers of ``SCRIPTED`` (in a
range that no numbering plan contains) fare otherwise, so that a client can test every branch of a
send order. Where it is natural, a number does with a text what it does with a call.
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
"""So long after the receipts were told a slow carrier says that it took the text."""
REFUSALS: Final = 2
"""How often a carrier that refuses for now does so before it takes the same text."""
RETRY_AFTER_MS: Final = 2000
"""How long it wants to be left in peace meanwhile."""


class Intake(StrEnum):
    """What the carrier says to a text, and whether it takes it."""

    TAKES = "takes it"
    SENDS_AT_ONCE = "takes it, and says that it is sent already"
    TAKES_SLOWLY = "takes it slowly"
    TAKES_WITHOUT_AN_ANSWER = "takes it without an answer"
    REFUSES = "refuses it for good"
    REFUSES_FOR_NOW = "refuses it for now"
    LOSES_THE_REQUEST = "loses the request"


class Telling(StrEnum):
    """How what became of a text is told."""

    IN_ORDER = "in order"
    DOUBLED = "every receipt twice"
    REVERSED = "all at the end, the last first"
    NEVER = "never"
    BESIDE_A_STRANGERS = "beside a receipt for a message of nobody here"


@dataclass(frozen=True, slots=True)
class Word:
    """``state`` is reached ``at_ms`` after the text was taken; the carrier calls it ``raw``."""

    state: ReceiptState
    raw: str
    at_ms: int


QUEUED = Word(ReceiptState.ENROUTE, "queued", 100)
SENT = Word(ReceiptState.SENT, "sent", 100)
DELIVERED = Word(ReceiptState.DELIVERED, "delivered", 400)
UNKNOWN_SUBSCRIBER = Word(ReceiptState.FAILED, "failed: unknown subscriber", 100)
PART_REFUSED = Word(ReceiptState.FAILED, "failed: the network refused this part", 100)
EXPIRED = Word(ReceiptState.FAILED, "undelivered: expired", 400)
SENT_LATE = Word(ReceiptState.SENT, "sent", 40_000)
DELIVERED_LATE = Word(ReceiptState.DELIVERED, "delivered", 40_300)


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """A number's manners. ``story``: what a part meets; ``second``: the second one, if other."""

    description: str
    intake: Intake = Intake.TAKES
    story: tuple[Word, ...] = (SENT, DELIVERED)
    second: tuple[Word, ...] | None = None
    telling: Telling = Telling.IN_ORDER


@dataclass(frozen=True, slots=True)
class Telegram:
    """One receipt to tell: of part ``n`` from 1, or (0) of a stranger's message."""

    n: int
    word: Word


@dataclass(frozen=True, slots=True)
class Step:
    """What happens ``due_ms`` after the carrier took a text; ``arrives``: the phone has it all."""

    due_ms: int
    telegrams: tuple[Telegram, ...]
    arrives: bool


PLAIN: Final = Behaviour("Any phone: the text is sent and delivered.")

SCRIPTED: Final = MappingProxyType(
    {
        "+1234567800": Behaviour("Gets the text."),
        "+1234567804": Behaviour(
            "Is not allocated to anybody: the text fails and is never sent.",
            story=(UNKNOWN_SUBSCRIBER,),
        ),
        "+1234567805": Behaviour("The carrier refuses the text for good.", Intake.REFUSES),
        "+1234567806": Behaviour(
            "The carrier refuses a text for now (throttled), and takes it the third time.",
            Intake.REFUSES_FOR_NOW,
        ),
        "+1234567807": Behaviour(
            "The carrier takes the text but its answer is lost; then as ...00.",
            Intake.TAKES_WITHOUT_AN_ANSWER,
        ),
        "+1234567808": Behaviour(
            "The carrier loses the request: no answer and no text.", Intake.LOSES_THE_REQUEST
        ),
        "+1234567809": Behaviour(
            "The receipts come first: the carrier says that it took the text 2 s after them.",
            Intake.TAKES_SLOWLY,
        ),
        "+1234567820": Behaviour("The text is sent and then fails.", story=(SENT, EXPIRED)),
        "+1234567821": Behaviour(
            "The text is queued for 40 s, and sent and delivered then.",
            story=(QUEUED, SENT_LATE, DELIVERED_LATE),
        ),
        "+1234567822": Behaviour("Every receipt comes twice.", telling=Telling.DOUBLED),
        "+1234567823": Behaviour(
            "Gets the text, but no receipt ever comes.", telling=Telling.NEVER
        ),
        "+1234567824": Behaviour(
            "Of a text of several parts the second fails and is never sent; one of one part is"
            " delivered.",
            second=(PART_REFUSED,),
        ),
        "+1234567825": Behaviour("The receipts come in reverse order.", telling=Telling.REVERSED),
        "+1234567826": Behaviour(
            "A receipt for a message that nobody here sent comes beside the right ones.",
            telling=Telling.BESIDE_A_STRANGERS,
        ),
        "+1234567827": Behaviour(
            "The carrier's answer says that the text is sent already; delivered follows.",
            Intake.SENDS_AT_ONCE,
            story=(DELIVERED,),
        ),
        "+1234567890": Behaviour("Gets the text."),
    }
)
"""The documented numbers. Any other number is ``PLAIN``."""


def behaviour_of(number: str) -> Behaviour:
    """What becomes of a text to this number (E.164)."""
    return SCRIPTED.get(number, PLAIN)


@lru_cache(maxsize=256)
def plan(behaviour: Behaviour, part_count: int) -> tuple[Step, ...]:
    """All that becomes of a text of ``part_count`` parts, at least one step, in order of time."""
    parts = range(1, part_count + 1)
    stories = [(n, _story(behaviour, n)) for n in parts]
    told = [(word.at_ms, Telegram(n, word)) for n, story in stories for word in story]
    told.sort(key=lambda each: each[0])
    arrives_ms = None
    if all(story[-1].state is ReceiptState.DELIVERED for _, story in stories):
        arrives_ms = told[-1][0]
    told = _retold(told, behaviour.telling)
    moments = {due_ms: tuple(each for _, each in group) for due_ms, group in _by_due(told)}
    if arrives_ms is not None:
        moments.setdefault(arrives_ms, ())
    return tuple(Step(at, moments[at], at == arrives_ms) for at in sorted(moments))


def _story(behaviour: Behaviour, n: int) -> tuple[Word, ...]:
    if n == 2 and behaviour.second is not None:
        return behaviour.second
    return behaviour.story


_Told = list[tuple[int, Telegram]]


def _retold(told: _Told, telling: Telling) -> _Told:
    match telling:
        case Telling.IN_ORDER:
            return told
        case Telling.DOUBLED:
            return [each for each in told for _ in range(2)]
        case Telling.REVERSED:
            return [(told[-1][0], telegram) for _, telegram in reversed(told)]
        case Telling.NEVER:
            return []
        case Telling.BESIDE_A_STRANGERS:
            return [(SENT.at_ms, Telegram(0, DELIVERED)), *told]


def _by_due(told: _Told) -> groupby[int, tuple[int, Telegram]]:
    return groupby(told, key=lambda each: each[0])
