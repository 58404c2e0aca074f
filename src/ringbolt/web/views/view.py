"""The parts of an order's page, as plain values that templates show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ringbolt.core.notices import TextNotice

Tone = Literal["", "now", "ok", "warn", "bad"]
StepState = Literal["done", "now", "todo", "ok", "bad"]


@dataclass(frozen=True, slots=True)
class Tag:
    """The state in one or two words."""

    words: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One ring of the timeline. ``at_ms``: when it happened, None if it has not."""

    state: StepState
    what: str
    at_ms: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What happened, and what it means."""

    tag: Tag
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button. ``name``: the last part of its address. ``wait_note``: why it cannot be pressed
    yet, '' if it can."""

    name: str
    words: str
    tone: Literal["", "primary", "danger"] = ""
    wait_note: str = ""


@dataclass(frozen=True, slots=True)
class Numbered:
    """The number of an order that receives, its code, and its texts, the latest first."""

    number: str
    code: str
    texts: tuple[TextNotice, ...]
    is_masked: bool
    is_rental: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What depends on the kind of order. ``what`` is its first line, ``facts`` what was ordered.
    ``changes_ms``: when it changes by the time alone. ``left_s``: how long a rented number is the
    visitor's still. ``can_hear``: what a call says can be heard again."""

    what: str
    head: Head
    steps: tuple[Step, ...]
    facts: tuple[tuple[str, str], ...]
    again: str
    actions: tuple[Action, ...] = ()
    changes_ms: int | None = None
    left_s: int = 0
    numbered: Numbered | None = None
    taken_if: str = ""
    can_hear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """The whole page of an order. ``state`` is the API's word. ``left_s``: how long the invoice can
    be paid. ``is_live``: it may still change. ``taken_sats``: what was paid in the end.
    ``can_repeat``: the same can be ordered once more. ``version``: changes with what is shown."""

    order_id: str
    token: str
    state: str
    name: str
    price_sats: int
    payreq: str
    payment_hash: str
    valid_until_ms: int
    left_s: int
    paid_ms: int | None
    is_payable: bool
    is_live: bool
    can_repeat: bool
    is_taken: bool
    taken_sats: int | None
    version: str = ""
    body: Body = field(kw_only=True)

    @property
    def changes_ms(self) -> int | None:
        return self.body.changes_ms
