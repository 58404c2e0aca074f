"""How the simulated phones behave: one row per number.

Every ordinary number is a phone that rings until somebody answers or declines it, or until the
caller gives up. Only the numbers of ``SCRIPTED`` (and the rest of their range, which no numbering
plan contains) act by themselves, so that a client can test every branch of a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ringbolt.core.calls.call import TIME_WAS_UP, CallStatus
from ringbolt.core.phone import SCRIPTED as SCRIPTED_RANGE

DIAL_MS: Final = 100
"""From the caller's request to the first ring, or to the refusal of a number that cannot ring."""
RING_MS: Final = 1000
"""How long a scripted phone rings before it acts."""
SLOW_CARRIER_MS: Final = 5000
"""How long a slow carrier takes to say that it placed the call."""


class CarrierReply(StrEnum):
    """How the carrier answers a request for a call, and whether it places one."""

    PLACES = "places"
    PLACES_SLOWLY = "places slowly"
    REFUSES = "refuses"
    REFUSES_FOR_NOW = "refuses for now"
    PLACES_WITHOUT_AN_ANSWER = "places without an answer"
    LOSES_THE_REQUEST = "loses the request"

    @property
    def places(self) -> bool:
        return self in _PLACES


_PLACES = frozenset(
    {CarrierReply.PLACES, CarrierReply.PLACES_SLOWLY, CarrierReply.PLACES_WITHOUT_AN_ANSWER}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An end (or, with IN_PROGRESS, the answer) of a call.

    ``state`` is the phone's word for it, ``status`` and ``cause`` are the carrier's (SIP).
    """

    state: str
    status: CallStatus
    cause: str = ""


ANSWERED = Outcome("in-progress", CallStatus.IN_PROGRESS)
BUSY = Outcome("busy", CallStatus.BUSY, "486 Busy Here")
DECLINED = Outcome("declined", CallStatus.BUSY, "603 Decline")
UNALLOCATED = Outcome("failed", CallStatus.FAILED, "404 Not Found")
NOT_ANSWERED = Outcome("no-answer", CallStatus.NO_ANSWER, "487 Request Terminated")
CANCELED = Outcome("canceled", CallStatus.CANCELED, "487 Request Terminated")
CALLER_HUNG_UP = Outcome("completed", CallStatus.COMPLETED, "the caller hung up")
PHONE_HUNG_UP = Outcome("completed", CallStatus.COMPLETED, "the phone hung up")
TOO_LONG = Outcome("completed", CallStatus.COMPLETED, TIME_WAS_UP)
WORLD_RESTARTED = Outcome("completed", CallStatus.COMPLETED, "the simulated world was restarted")
NETWORK_FAILED = Outcome("failed", CallStatus.FAILED, "network failure during the call")
CLIP_LOST = Outcome("failed", CallStatus.FAILED, "the carrier cannot read or record the audio")


@dataclass(frozen=True, slots=True)
class Act:
    """What a phone does once while its call is up: press ``keys``, then reach ``outcome``.

    It does so ``after_ms`` of the call, or after ``part`` of the message was sent; with neither,
    as soon as it has heard all: the message is over, or the caller waits for keys.
    """

    keys: str = ""
    outcome: Outcome | None = None
    after_ms: int | None = None
    part: float | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a number behaves. ``reaction`` follows ``react_ms`` of ringing (None: never by itself).

    With ``react_before_timeout_ms`` it comes that long before the caller would give up instead.
    A number without ``rings`` reacts as soon as it is dialled. ``speaks_ms``: how long it speaks
    after the beep of a recording.
    """

    description: str
    reply: CarrierReply = CarrierReply.PLACES
    reaction: Outcome = ANSWERED
    rings: bool = True
    react_ms: int | None = RING_MS
    react_before_timeout_ms: int | None = None
    acts: tuple[Act, ...] = ()
    speaks_ms: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to a call without any action on it; times in ms of the world's clock.

    ``rings_at_ms`` is None for a number that never rings.
    """

    rings_at_ms: int | None
    reacts_at_ms: int
    reaction: Outcome


PLAIN: Final = Behaviour("A plain phone: rings until it is answered or declined.", react_ms=None)
LISTENER: Final = Behaviour("Answers, hears all and presses nothing.")

SCRIPTED: Final = MappingProxyType(
    {
        "+1234567800": LISTENER,
        "+1234567801": Behaviour("Is busy (486).", reaction=BUSY, rings=False),
        "+1234567802": Behaviour("Rings and is never answered.", react_ms=None),
        "+1234567803": Behaviour("Rings and declines (603).", reaction=DECLINED),
        "+1234567804": Behaviour(
            "Is not allocated to anybody (404).", reaction=UNALLOCATED, rings=False
        ),
        "+1234567805": Behaviour(
            "The carrier refuses the call before it rings, for good.", reply=CarrierReply.REFUSES
        ),
        "+1234567806": Behaviour(
            "The carrier refuses the call for now: no free channel.",
            reply=CarrierReply.REFUSES_FOR_NOW,
        ),
        "+1234567807": Behaviour(
            "The carrier places the call but its answer is lost; then as ...00.",
            reply=CarrierReply.PLACES_WITHOUT_AN_ANSWER,
        ),
        "+1234567808": Behaviour(
            "The carrier loses the request: no answer and no call.",
            reply=CarrierReply.LOSES_THE_REQUEST,
        ),
        "+1234567809": Behaviour(
            "The carrier places the call but takes 5 s to say so; then as ...00.",
            reply=CarrierReply.PLACES_SLOWLY,
        ),
        "+1234567810": Behaviour(
            "Answers and hangs up after 2 s.", acts=(Act(outcome=PHONE_HUNG_UP, after_ms=2000),)
        ),
        "+1234567811": Behaviour(
            "Answers and presses 1 while the message plays.", acts=(Act(keys="1", part=0.25),)
        ),
        "+1234567812": Behaviour("Answers, hears all and presses 1 2 3 #.", acts=(Act("123#"),)),
        "+1234567813": Behaviour("Answers after 8 s.", react_ms=8000),
        "+1234567814": Behaviour(
            "Answers, presses nothing and never hangs up: the caller ends the call."
        ),
        "+1234567815": Behaviour(
            "Answers, hears all and hangs up without a key.", acts=(Act(outcome=PHONE_HUNG_UP),)
        ),
        "+1234567816": Behaviour(
            "Answers late: 1 s before the caller gives up.", react_before_timeout_ms=1000
        ),
        "+1234567817": Behaviour(
            "Answers; the network fails in the middle of the message.",
            acts=(Act(outcome=NETWORK_FAILED, part=0.5),),
        ),
        "+1234567818": Behaviour(
            "Answers, hears all and speaks for 3 s into a recording.", speaks_ms=3000
        ),
        "+1234567890": Behaviour("Answers, hears all and presses 1 #.", acts=(Act("1#"),)),
    }
)
"""The documented numbers. Any other of the range ``+12345678xx`` is a ``LISTENER``."""


def behaviour_of(number: str) -> Behaviour:
    """What the phone with this number (E.164) does by itself."""
    if SCRIPTED_RANGE.fullmatch(number) is None:
        return PLAIN
    return SCRIPTED.get(number, LISTENER)


def plan(behaviour: Behaviour, placed_at_ms: int, ring_timeout_s: int, speed: float) -> Plan:
    """What happens to a call placed at ``placed_at_ms``; all delays are divided by ``speed``."""

    def after(ms: int) -> int:
        return placed_at_ms + round(ms / speed)

    if not behaviour.rings:
        return Plan(None, after(DIAL_MS), behaviour.reaction)
    timeout_ms = ring_timeout_s * 1000
    react_ms = behaviour.react_ms
    if behaviour.react_before_timeout_ms is not None:
        react_ms = max(0, timeout_ms - behaviour.react_before_timeout_ms)
    if react_ms is None or react_ms >= timeout_ms:
        return Plan(after(DIAL_MS), after(DIAL_MS + timeout_ms), NOT_ANSWERED)
    return Plan(after(DIAL_MS), after(DIAL_MS + react_ms), behaviour.reaction)
