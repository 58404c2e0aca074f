"""The JSON between the simulated provider and its adapter; both use this."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    Cancelled,
    CancelResult,
    HasText,
    InboundText,
    Offer,
    TooEarly,
)

E164 = Annotated[str, Meta(pattern=r"^\+[0-9]{2,15}$")]


class LeaseRequest(Struct):
    """A request for a number: ``POST /simulator/lender/leases``."""

    ref: Annotated[str, Meta(min_length=1, max_length=200)]
    service: Annotated[str, Meta(min_length=1, max_length=40)]
    country: Annotated[int, Meta(ge=0)]
    hours: Annotated[int, Meta(ge=0, le=10_000)] = 0
    real: bool = False
    avoid: Annotated[list[E164], Meta(max_length=1000)] = []
    again: Annotated[str, Meta(pattern=r"^(\+[0-9]{2,15})?$")] = ""


class LeaseRefusal(Struct):
    """Why there is no lease, with a status of 4xx."""

    reason: str


class LeaseState(Struct):
    """201: the new lease; 200: the one that was looked up."""

    lease: Acquired


class CancelReply(Struct):
    """The result of a cancellation: done, refused until ``until_ms``, or too late, because
    ``texts`` arrived."""

    cancelled: bool
    until_ms: int | None = None
    texts: list[InboundText] = []

    def result(self) -> CancelResult:
        if self.cancelled:
            return Cancelled()
        if self.until_ms is not None:
            return TooEarly(self.until_ms)
        return HasText(tuple(self.texts))


class AnotherTextReply(Struct):
    """Whether one more text may come to the number."""

    granted: bool


class FinishReply(Struct):
    """The lease has ended, now or before."""

    finished: bool = True


class TextsReply(Struct):
    texts: list[InboundText]


class TextLine(Struct):
    """One line of the stream of texts; ``cursor``: where to continue once they are stored."""

    cursor: int
    texts: list[InboundText]


class CountriesReply(Struct):
    countries: list[int]


class OffersReply(Struct):
    offers: list[Offer]


def request_of(wanted: AcquireNumber) -> LeaseRequest:
    return LeaseRequest(
        wanted.ref,
        wanted.service,
        wanted.country,
        wanted.hours,
        wanted.real,
        sorted(wanted.avoid),
        wanted.again,
    )


def cancel_reply(result: CancelResult) -> CancelReply:
    match result:
        case Cancelled():
            return CancelReply(cancelled=True)
        case TooEarly(until_ms):
            return CancelReply(cancelled=False, until_ms=until_ms)
        case HasText(texts):
            return CancelReply(cancelled=False, texts=list(texts))
