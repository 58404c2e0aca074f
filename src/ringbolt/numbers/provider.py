"""The port to a provider of telephone numbers on which texts are received.

A number is acquired for an activation (about 20 minutes, the texts of one service) or a rental
(hours, any sender). It is asked for once per attempt, by our own reference, and the answer is
three-valued: a number, a definite no, or not known. Countries are the numbers of
``core.countries`` (43 is Germany), no calling codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink

ANY_COUNTRY: Final = 999
ANY_SENDER: Final = "full"
"""The service of a rental that receives from everybody."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Offer:
    """A service whose texts can be received. ``count``: how many numbers are free for it."""

    code: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class AcquireNumber:
    """A number to borrow. ``ref``: ours, unique per attempt.

    ``service``: a code of ``offers``, or ``ANY_SENDER`` for a rental. ``country``: a number of
    ``core.countries``, or ``ANY_COUNTRY``. ``hours``: 0 is an activation of about 20 minutes.
    ``real``: only numbers of real telephones will do. ``avoid``: numbers (E.164) that must not be
    given. ``again``: the number that this buyer had before and wants again, '' if none.
    ``still_wanted`` is asked right before the request goes out; if it says no, nothing is sent
    and the answer is ``Rejected``, not for good.
    """

    ref: str
    service: str
    country: int
    hours: int = 0
    real: bool = False
    avoid: frozenset[str] = frozenset()
    again: str = ""
    still_wanted: Callable[[], bool] = field(default=_always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Acquired:
    """A number is ours. ``lease_id`` is the provider's own name for the loan.

    ``until_ms``: when the provider takes it back at the latest. ``cancel_after_ms``: it refuses a
    cancel before that time, 0 if it never does. ``country``: the one chosen where any would do.
    """

    lease_id: str
    number: str
    until_ms: int
    cancel_after_ms: int
    country: int


@dataclass(frozen=True, slots=True)
class ActiveLease:
    """A loan that goes on, whichever request it answered.

    ``service`` and ``hours`` as in ``AcquireNumber``. ``from_ms``: when it began, by the provider's
    clock.
    """

    acquired: Acquired
    service: str
    hours: int
    from_ms: int


AcquireResult = Acquired | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text that came to ``number``. ``event_id`` is unique per provider: repeats are known by it.

    ``lease_id``: '' if the provider did not say whose it is (match it by number). ``sender`` is
    E.164 or a name, '' if not told. ``code``: as the provider found it, '' if it did not.
    """

    event_id: str
    number: str
    lease_id: str
    sender: str
    text: str
    code: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Texts in the provider's order.

    ``cursor``: where to follow on from once they are committed, '' if the provider cannot replay.
    """

    texts: tuple[InboundText, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The loan is over, or was before; nothing is charged for it."""


@dataclass(frozen=True, slots=True)
class TooEarly:
    """The provider refuses until ``until_ms``; the loan goes on."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class HasText:
    """Not cancelled: what the number was lent for came before, in ``texts``. It is charged for.

    They may be known already; the caller takes them as if ``follow`` had told them.
    """

    texts: tuple[InboundText, ...]


CancelResult = Cancelled | TooEarly | HasText


class NumberProvider(Protocol):
    """``finish``, ``cancel``, ``texts``, ``request_text``, ``offers`` and ``countries`` raise
    ``Unavailable`` when the provider cannot be asked."""

    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    async def offers(self, country: int) -> tuple[Offer, ...]:
        """The services to be had in ``country``; empty where there is none."""
        ...

    async def countries(self) -> tuple[int, ...]:
        """The countries (``core.countries``) in which there are numbers, in rising order."""
        ...

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        """Ask for a number. Never raises for what the provider does; see ``AcquireResult``.

        ``Rejected.permanent``: it has none, or gives us none. Not permanent: it was not asked, or
        may well have one in a moment.
        """
        ...

    async def request_text(self, lease_id: str) -> bool:
        """Ask for one more text on the same number; False if that is not possible any more."""
        ...

    async def finish(self, lease_id: str) -> None:
        """Give the number back after use. Of no effect if the loan is over or unknown."""
        ...

    async def cancel(self, lease_id: str) -> CancelResult:
        """Give the number back unused, for no charge."""
        ...

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        """All texts of the loan so far, oldest first: a last look before it is given up."""
        ...

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        """Tell ``sink`` of all texts after ``cursor``, then of those to come, as ``core.sink``
        says.

        '' is the beginning, and the only cursor of a provider that cannot replay. Raises
        ``Unavailable`` when the provider is lost (the caller follows again), and what the sink
        raised; never returns.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsLeaseLookup(Protocol):
    """For providers that keep our reference."""

    async def find(self, ref: str) -> Acquired | None:
        """The loan with our reference; None if there was none (a definite no).

        Raises ``Unavailable`` if the provider cannot be asked.
        """
        ...


@runtime_checkable
class SupportsActiveLeases(Protocol):
    """For providers that keep no reference of ours (``getActiveActivations`` of the handler_api
    family): which loan answered a lost request is found out by which ones nobody wrote down. The
    account must be the shop's alone."""

    async def active(self) -> tuple[ActiveLease, ...]:
        """Every loan of our account that goes on. Raises ``Unavailable``."""
        ...


@runtime_checkable
class SupportsNumberAgain(Protocol):
    """For providers that know beforehand whether a number can be had once more."""

    async def has_again(self, number: str, service: str) -> bool:
        """Whether a loan of that very number (E.164) would be granted now to who had it last.
        Raises ``Unavailable``."""
        ...
