"""The port to a mail server that takes our e-mail.

A mailer is asked once per attempt, by our own reference. Its answer is three-valued: a definite
yes, a definite no, or unknown; an unknown one is looked up or waited for, never repeated. A yes
means that a mail server accepted the mail, which is all that can be proven of an e-mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sanitise import storable_name


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class OutMail:
    """An e-mail to one recipient. ``ref``: ours, unique per attempt.

    ``sender``: the From header, fixed by the operator, never the buyer's. ``envelope_from``: where
    bounces go. ``to``: one address, checked before. ``text``: plain text as the reader sees it,
    footer included. ``headers``: further ones, by name and value; none of From, To, Subject, Date,
    Message-ID. ``still_wanted`` is called right before the request is sent: if it returns False
    (the caller was suspended for so long that another worker has taken over), nothing is sent and
    the result is ``Rejected``, not permanent.
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
    """A mail server accepted it; ``remote_id`` is its own id of it ('' if it gave none), ``cost``
    what it bills for it, None if it does not say."""

    remote_id: str
    cost: Amount | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "remote_id", storable_name(self.remote_id))


MailResult = Accepted | Rejected | Unknown


class Mailer(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    async def send(self, mail: OutMail) -> MailResult:
        """Send it. Never raises for what the mail server does; see ``MailResult``.

        ``Rejected.permanent``: as SMTP's 5xx, otherwise as its 4xx.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsMailLookup(Protocol):
    async def find(self, ref: str) -> str | None:
        """The ``remote_id`` of the mail with our reference; None if it was never accepted
        (a definite no).

        Raises ``Unavailable`` if the mailer cannot be asked.
        """
        ...
