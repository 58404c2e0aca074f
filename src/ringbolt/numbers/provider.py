"""The port to a provider of telephone numbers on which texts are received.

A number is acquired for an activation (about 20 minutes, the texts of one service) or a rental
(hours, any sender). It is requested once per attempt, by our own reference, and the
answer is three-valued: a number, a definite no, or unknown. Countries are the numbers of
``core.countries`` (43 is Germany), not calling codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sanitise import clamp_ms, storable_name
from ringbolt.core.sink import Sink

ANY_COUNTRY: Final = 999


def _always() -> bool:
    return True


def _unknown(_: str) -> Amount | None:
    return None


@dataclass(frozen=True, slots=True)
class Offer:
    """A service whose texts can be received. ``count``: how many numbers are free for it."""

    code: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class AcquireNumber:
    """A request to lease a number. ``ref``: ours, unique per attempt.

    ``service``: a code of ``offers``, or ``FULL_RENT`` for a rental. ``country``: a number of
    ``core.countries``, or ``ANY_COUNTRY``. ``hours``: 0 is an activation of about 20 minutes.
    ``real``: only a number of a real telephone. ``avoid``: numbers (E.164) that must not be
    assigned. ``again``: the number that this buyer had before and wants again, '' if none.
    ``most``: the most that it may cost in a currency, None if that is not known.
    ``still_wanted`` is called right before the request is sent; if it returns False, nothing is
    sent and the result is ``Rejected``, not permanent.
    """

    ref: str
    service: str
    country: int
    hours: int = 0
    real: bool = False
    avoid: frozenset[str] = frozenset()
    again: str = ""
    most: Callable[[str], Amount | None] = field(default=_unknown, compare=False, repr=False)
    still_wanted: Callable[[], bool] = field(default=_always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Acquired:
    """A number is leased. ``lease_id`` is the provider's own id of the lease.

    ``until_ms``: when the lease ends at the latest. ``cancel_after_ms``: the provider refuses to
    cancel before that time, 0 if it never does. ``country``: the one chosen for ``ANY_COUNTRY``.
    ``cost``: what the lease costs unless it is cancelled, None if the provider does not say.
    ``unfit``: why no buyer can have it ('' if one can), e.g. because it already shows an old code;
    then it is given back.
    """

    lease_id: str
    number: str
    until_ms: int
    cancel_after_ms: int
    country: int
    cost: Amount | None = None
    unfit: str = ""

    def __post_init__(self) -> None:
        for name, value in (
            ("lease_id", storable_name(self.lease_id)),
            ("number", storable_name(self.number)),
            ("until_ms", clamp_ms(self.until_ms)),
            ("cancel_after_ms", clamp_ms(self.cancel_after_ms)),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class ActiveLease:
    """An active lease, whichever request it answered.

    ``service`` and ``hours`` as in ``AcquireNumber``; of a rental both may be None, if the provider
    does not say. ``from_ms``: when it began, by the provider's clock; at the earliest, if it does
    not say.
    """

    acquired: Acquired
    service: str | None
    hours: int | None
    from_ms: int


class OpenLease(Protocol):
    """A lease in the shop's books that has not ended; ``lease_id`` is the provider's."""

    @property
    def lease_id(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def from_ms(self) -> int: ...

    @property
    def until_ms(self) -> int: ...


class LeaseBook(Protocol):
    """The shop's books of leases, for providers that must be asked about each. Every method raises
    ``Unavailable``."""

    async def open_at(self, provider: str) -> Sequence[OpenLease]:
        """The leases at a provider that have not ended, the latest first."""
        ...

    async def last_of(self, provider: str, number: str) -> str:
        """The provider's id of the last lease of a number; '' if it never had one."""
        ...


AcquireResult = Acquired | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text that came to ``number``. ``event_id``: unique per provider, the same when repeated.

    ``lease_id``: '' if the provider did not say (match it by number). ``sender`` is E.164 or a
    name, '' if unknown. ``code``: as the provider found it, '' if it did not. Where there is a
    text, the text decides (``core.texts.reported_code``); a spoken code has none.
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
    """The lease has ended, now or before; nothing is charged for it."""


@dataclass(frozen=True, slots=True)
class TooEarly:
    """The provider refuses until ``until_ms``; the lease stays active."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class HasText:
    """Not cancelled: what the number was leased for has come, in ``texts``. It is charged for.

    They may be known already; the caller treats them like those of ``follow``.
    """

    texts: tuple[InboundText, ...]


CancelResult = Cancelled | TooEarly | HasText


class NumberProvider(Protocol):
    """``finish``, ``cancel``, ``texts``, ``request_text``, ``offers`` and ``countries`` raise
    ``Unavailable`` when the provider cannot be reached."""

    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    async def offers(self, country: int) -> tuple[Offer, ...]:
        """The services on offer in ``country``; empty where there is none."""
        ...

    async def countries(self) -> tuple[int, ...]:
        """The countries (``core.countries``) in which there are numbers, in ascending order."""
        ...

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        """Request a number. Never raises for what the provider does; see ``AcquireResult``.

        ``Rejected.permanent``: it has no number, or none for us. Not permanent: the request was not
        sent, or a number may become free soon.
        """
        ...

    async def request_text(self, lease_id: str) -> bool:
        """Request one more text on the same number; False if that is not possible any more."""
        ...

    async def finish(self, lease_id: str) -> None:
        """Release the number after use. No effect if the lease has ended or is unknown."""
        ...

    async def cancel(self, lease_id: str) -> CancelResult:
        """Release the number unused, free of charge."""
        ...

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        """All texts of the lease so far, oldest first: a last look before it is released."""
        ...

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        """Deliver all texts after ``cursor`` to ``sink``, then new ones; see ``core.sink``.

        '' is the beginning, and the only cursor of a provider that cannot replay. Raises
        ``Unavailable`` when the provider is lost (the caller follows again), and what the sink
        raised; never returns.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsLeaseLookup(Protocol):
    """For providers that store our reference."""

    async def find(self, ref: str) -> Acquired | None:
        """The lease with our reference; None if there was none (a definite no).

        Raises ``Unavailable`` if the provider cannot be asked.
        """
        ...


@runtime_checkable
class SupportsActiveLeases(Protocol):
    """For providers that store no reference of ours (``getActiveActivations`` of the handler_api
    family): an active lease that is not in our database answered a request whose answer was lost.
    The account must be the shop's alone."""

    async def active(self, *, rentals: bool) -> tuple[ActiveLease, ...] | None:
        """Every active rental, or every active activation, of our account; None if the provider
        does not list those. Raises ``Unavailable``."""
        ...


@runtime_checkable
class SupportsStock(Protocol):
    """For providers that know for certain, and at once, whether ``acquire`` would find a number.

    The counts of ``offers`` are no promise: other customers of a provider take numbers too.
    """

    async def has_free(self, service: str, country: int) -> bool:
        """Whether a number could be leased now for ``service`` in ``country``. Raises
        ``Unavailable``."""
        ...


@dataclass(frozen=True, slots=True)
class Quote:
    """What is known of a number before it is asked for.

    ``cost``: what it costs, ``free``: how many there are; None if that is not known.
    ``closed``: why the provider leases nothing at all now, in words for the operator; '' if it
    does.
    """

    cost: Amount | None = None
    free: int | None = None
    closed: str = ""


@runtime_checkable
class SupportsQuotes(Protocol):
    """For providers whose prices and counts change all the time."""

    def quote(self, service: str, country: int, hours: int) -> Quote:
        """What such a number would cost now, by what was heard last. Never waits."""
        ...


@runtime_checkable
class SupportsNumberAgain(Protocol):
    """For providers that know in advance whether a number can be leased once more."""

    async def has_again(self, number: str, service: str) -> bool:
        """Whether its last holder could lease this number (E.164) again now. Raises
        ``Unavailable``."""
        ...
