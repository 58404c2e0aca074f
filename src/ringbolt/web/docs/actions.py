"""What a step of a page does. ``{name}`` in a text stands for a variable of an earlier step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

VARIABLE: Final = re.compile(r"{([a-z_]+)}")


class Payment(StrEnum):
    """What the payment is for: a proof of payment, an order that holds it, or a balance."""

    PROOF = "proof"
    HELD = "held"
    TOP_UP = "top-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. ``url``: whole; ``body``: JSON, or None. ``keep``: which variable gets which field
    of the answer. ``into`` names the answer. ``until``: repeat it, ``pause_s`` apart, until one of
    these fields has one of these values (none: until it is there). ``inside`` is the field of the
    answer that these are in, if not in the answer itself."""

    method: str
    url: str
    into: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    keep: Mapping[str, str] = field(default_factory=dict)
    until: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pause_s: int = 1
    inside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Pay the invoice in the variable ``invoice``. ``wallet``: where the simulated wallet is; '' if
    the money is real: then the reader pays with a wallet of their own."""

    wallet: str
    how: Payment


@dataclass(frozen=True, slots=True)
class Enter:
    """Something that the reader has, for the next commands."""

    variable: str
    what: str


Action = Call | Pay | Enter


class Writer(Protocol):
    """Writes actions in one language."""

    def start(self, actions: Sequence[Action]) -> str:
        """What stands once before all commands; '' if nothing."""
        ...

    def call(self, call: Call) -> str: ...

    def pay(self, pay: Pay) -> str:
        """The simulated wallet pays."""
        ...

    def paid_elsewhere(self, how: Payment) -> str:
        """The reader pays, and enters the proof of payment if it is needed."""
        ...

    def enter(self, enter: Enter) -> str: ...
