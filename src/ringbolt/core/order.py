"""An order's life: its states, who may move it, and what each move does to the money.

``docs/lifecycle.md`` is generated from ``TRANSITIONS``. Every change in the store is one
compare-and-swap against this table; a move that is not in it does not happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple


class OrderState(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    DISPATCHING = "dispatching"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    SETTLED = "settled"
    FAILED = "failed"
    RETURNED = "returned"
    EXPIRED = "expired"


MEANING = {
    OrderState.AWAITING_PAYMENT: "An invoice is open; nothing is paid. (L402 orders skip this.)",
    OrderState.PAID: "The money is secured: settled (L402), held (hold invoice) or reserved "
    "(balance). Speech and audio are prepared.",
    OrderState.DISPATCHING: "An attempt is written down and the carrier is being asked.",
    OrderState.IN_PROGRESS: "The carrier has it; its outcome is awaited.",
    OrderState.FULFILLED: "The order is delivered. Decided here, before the node settles. A "
    "call on a balance stays so until it ends: what it costs is known then.",
    OrderState.SETTLED: "The money is ours: of a call on a balance for the minutes begun, and the "
    "rest of the reserve is released. Final.",
    OrderState.FAILED: "The order was not delivered. The money is the buyer's: a paid L402 "
    "credential may be tried again, or the refund claimed; a hold is cancelled, a reserve "
    "released.",
    OrderState.RETURNED: "The buyer has the money back. Final.",
    OrderState.EXPIRED: "Never paid. Final.",
}


class Fulfilment(Enum):
    """How an order is fulfilled: by a call, by a message that is sent, by texts that a number
    receives, by the payment itself, or by an audio file that the shop makes."""

    CALL = 1
    SEND = 2
    RECEIVE = 3
    CREDIT = 4
    SPEAK = 5


class OrderKind(StrEnum):
    """What is bought. ``FUND`` adds to the balance of an API key."""

    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    ACTIVATION = "activation"
    RENTAL = "rental"
    FUND = "fund"
    SPEECH = "speech"

    @property
    def fulfilment(self) -> Fulfilment:
        return _FULFILMENT[self]

    @property
    def is_received(self) -> bool:
        """Texts are received on a number."""
        return self.fulfilment is Fulfilment.RECEIVE

    @property
    def is_sold(self) -> bool:
        """It has a cost and earns money; a top-up does so only when it is spent."""
        return self.fulfilment is not Fulfilment.CREDIT

    @property
    def has_number(self) -> bool:
        """It is for one telephone number."""
        return self in (OrderKind.CALL, OrderKind.SMS)


_FULFILMENT = {
    OrderKind.CALL: Fulfilment.CALL,
    OrderKind.SMS: Fulfilment.SEND,
    OrderKind.EMAIL: Fulfilment.SEND,
    OrderKind.ACTIVATION: Fulfilment.RECEIVE,
    OrderKind.RENTAL: Fulfilment.RECEIVE,
    OrderKind.FUND: Fulfilment.CREDIT,
    OrderKind.SPEECH: Fulfilment.SPEAK,
}


class PaymentMethod(StrEnum):
    L402 = "l402"
    HOLD = "hold"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class Transition:
    """One legal move. ``who`` moves it (a use case of ``app``), ``money`` is what moves along."""

    source: OrderState
    target: OrderState
    who: str
    when: str
    money: str


class Step(NamedTuple):
    """A change of an order's state that has happened; ``source`` '' where the order begins.

    ``why``: the cause, in words; may hold words of a carrier. ``part``: the carrier, provider or
    mail server that is, or was last, asked, '' if none was. ``lasted_ms``: how long the order was
    in ``source``, None where it begins.
    """

    order_id: str
    kind: str
    source: str
    target: str
    why: str
    part: str
    lasted_ms: int | None


_S = OrderState
TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        _S.AWAITING_PAYMENT, _S.PAID, "record_hold",
        "the payment is held at the node", "node -> revenue, pending (a top-up: node -> key)",
    ),
    Transition(
        _S.AWAITING_PAYMENT, _S.EXPIRED, "expire_order",
        "the invoice ran out unpaid, or the order was cancelled before it was paid", "none",
    ),
    Transition(
        _S.PAID, _S.DISPATCHING, "dispatch",
        "all audio is ready; the attempt's intent is stored", "none",
    ),
    Transition(
        _S.PAID, _S.FULFILLED, "record_hold",
        "a top-up: its payment fulfils it; a spoken text (speak_text): its file is stored",
        "a top-up: captured once the node settled; a spoken text: escrow -> revenue",
    ),
    Transition(
        _S.PAID, _S.FAILED, "dispatch",
        "it cannot be spoken, fetched or played, the deadline passed, or it was cancelled or hung "
        "up before a carrier was asked",
        "none: owed to the buyer",
    ),
    Transition(
        _S.DISPATCHING, _S.IN_PROGRESS, "record_outcome",
        "the carrier accepted, or its first event came", "none",
    ),
    Transition(
        _S.DISPATCHING, _S.PAID, "dispatch",
        "the carrier refused for now; it is asked again later", "none",
    ),
    Transition(
        _S.DISPATCHING, _S.FULFILLED, "record_outcome",
        "the outcome was reported before the carrier's answer, or the text or mail was accepted",
        "escrow -> revenue",
    ),
    Transition(
        _S.DISPATCHING, _S.FAILED, "record_outcome",
        "the carrier refused, no number was free, or nothing is known by the deadline",
        "none: owed to the buyer",
    ),
    Transition(
        _S.IN_PROGRESS, _S.FULFILLED, "record_outcome",
        "the call was answered (or placed, if so configured), the text was sent (or delivered), a "
        "code came, a rental's first text came or its 20 minutes passed",
        "escrow -> revenue",
    ),
    Transition(
        _S.IN_PROGRESS, _S.DISPATCHING, "replace_number",
        "no code came and the buyer asks for another number", "none",
    ),
    Transition(
        _S.IN_PROGRESS, _S.FAILED, "record_outcome",
        "busy, declined, no answer, failed, cancelled, or the deadline", "none: owed to the buyer",
    ),
    Transition(
        _S.FULFILLED, _S.SETTLED, "record_outcome",
        "the node settled (L402: it had before), or the balance is captured (of a call: at its "
        "end, for the minutes begun)",
        "see fulfilled; a hold or reserve: pending -> captured",
    ),
    Transition(
        _S.FULFILLED, _S.RETURNED, "close_hold",
        "the node had lost the held payment before it could be settled: the loss is the shop's",
        "pending -> voided",
    ),
    Transition(
        _S.FAILED, _S.PAID, "place_l402_order",
        "the same L402 credential is shown again, within 24 hours, while nothing billable "
        "happened and no refund is claimed", "none: still in escrow",
    ),
    Transition(
        _S.FAILED, _S.RETURNED, "refund",
        "the refund is paid, the hold cancelled, or the reserve released",
        "escrow -> node; a hold or reserve: pending -> voided",
    ),
)  # fmt: skip

LOST = "the payment fell back before it was settled"
"""Why a fulfilled order is returned: it was delivered, and the buyer has the money; no error."""

UNDER_WAY = frozenset({_S.PAID, _S.DISPATCHING, _S.IN_PROGRESS})
"""The money is secured, and nothing is decided yet."""
OPEN = UNDER_WAY | {_S.AWAITING_PAYMENT}
"""Nothing is decided yet."""
NOT_TAKEN = frozenset({_S.PAID, _S.DISPATCHING})
"""No carrier or provider is known to have it: nothing was accepted, and no number is assigned."""
ASKED = frozenset({_S.DISPATCHING, _S.IN_PROGRESS})
"""A carrier or provider is being asked, or has it."""
DELIVERED = frozenset({_S.FULFILLED, _S.SETTLED})
"""The order was delivered."""
NOT_DELIVERED = frozenset({_S.FAILED, _S.RETURNED})
"""It was paid and not delivered: the money is, or was, the buyer's."""
DECIDED = DELIVERED | NOT_DELIVERED
"""It is decided whether the order was delivered."""
UNPAID = frozenset({_S.AWAITING_PAYMENT, _S.EXPIRED})
"""No money is, or ever was, secured."""
HOLD_TO_CANCEL = frozenset({_S.FAILED, _S.EXPIRED})
"""The node must let go of the hold invoice, if there is one."""
FINAL = frozenset({_S.SETTLED, _S.RETURNED, _S.EXPIRED})
"""Neither state nor money will change any more."""

_LEGAL: dict[OrderState, frozenset[OrderState]] = {
    target: frozenset(t.source for t in TRANSITIONS if t.target is target) for target in OrderState
}


def sources_of(target: OrderState) -> frozenset[OrderState]:
    """The states from which an order may move to ``target``."""
    return _LEGAL[target]
