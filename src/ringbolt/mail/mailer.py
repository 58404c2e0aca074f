"""The port to whoever takes e-mail away.

A mailer is asked once per attempt, by our own reference. Its answer is three-valued: a definite
yes, a definite no, or not known; what is not known is looked up or waited for, never repeated.
A yes means that a mail server took the mail over, which is all that can be proven of an e-mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ringbolt.core.recovery import Recovery as Recovery  # noqa: PLC0414 (the port re-exports it)


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class OutMail:
    """An e-mail to one recipient. ``ref``: ours, unique per attempt.

    ``sender``: the From header, fixed by the operator, never the buyer's. ``envelope_from``: where
    bounces go. ``to``: one address, checked before. ``text``: plain text as the reader sees it,
    footer included. ``headers``: further ones, by name and value; none of From, To, Subject, Date,
    Message-ID. ``still_wanted`` is asked right before the request goes out: if it says no (the
    asker was stopped for so long that another has taken over), nothing is sent and the answer is
    ``Rejected``, not for good.
    """

    ref: str
    sender: str
    envelope_from: str
    to: str
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    still_wanted: Callable[[], bool] = field(default=always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mail server took it over; ``remote_id`` is its own name for it ('' if it gave none)."""

    remote_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not taken. ``permanent``: asking again is of no use (SMTP 5xx)."""

    reason: str
    permanent: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """The mail server may or may not have taken it."""

    reason: str


MailResult = Accepted | Rejected | Unknown


class Mailer(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    async def send(self, mail: OutMail) -> MailResult:
        """Hand it over. Never raises for what the mail server does; see ``MailResult``."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsMailLookup(Protocol):
    async def find(self, ref: str) -> str | None:
        """The ``remote_id`` of the mail with our reference; None if it was never taken (a
        definite no).

        Raises ``Unavailable`` if the mailer cannot be asked.
        """
        ...
