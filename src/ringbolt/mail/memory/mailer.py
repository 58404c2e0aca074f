"""A mail server in memory. Like a real one, it sends a mail twice if it is requested twice, unless
its ``recovery`` is ``IDEMPOTENT``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.mail.letter import compose
from ringbolt.mail.mailer import Accepted, MailResult, OutMail

AnswerTo = Callable[[OutMail], MailResult]


class MemoryMailer:
    """A mail server without a look-up.

    ``sent``: the accepted mails, one entry each time. ``answers``: the answers to the next
    requests; ``by_address``: to mails for an address (default: ``takes``).
    """

    def __init__(self, recovery: Recovery, name: str = "memory-mail") -> None:
        self.name = name
        self.recovery = recovery
        self.sent: list[OutMail] = []
        self.answers: deque[AnswerTo] = deque()
        self.by_address: dict[str, AnswerTo] = {}

    async def send(self, mail: OutMail) -> MailResult:
        try:
            compose(mail, 0)
        except ValueError as error:
            return Rejected(f"it cannot be written: {error}")
        if not mail.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        answer_to = self.answers.popleft() if self.answers else self.by_address.get(mail.to)
        return (answer_to or self.takes)(mail)

    # What ``answers`` and ``by_address`` may hold

    def takes(self, mail: OutMail) -> MailResult:
        if self.recovery is not Recovery.IDEMPOTENT or mail.ref not in self.refs:
            self.sent.append(mail)
        return Accepted(f"mail-{mail.ref}")

    def takes_unheard(self, mail: OutMail) -> MailResult:
        self.takes(mail)
        return Unknown("the answer was lost")

    def never_hears(self, mail: OutMail) -> MailResult:
        return Unknown("the request was lost")

    def refuses(self, mail: OutMail) -> MailResult:
        return Rejected("550 no such user")

    def refuses_for_now(self, mail: OutMail) -> MailResult:
        return Rejected("451 greylisted", permanent=False)

    @property
    def refs(self) -> list[str]:
        return [mail.ref for mail in self.sent]

    def mailbox(self, address: str) -> list[OutMail]:
        """The mails to an address, oldest first."""
        return [mail for mail in self.sent if mail.to.lower() == address.lower()]

    async def close(self) -> None: ...


class MemoryLookupMailer(MemoryMailer):
    """A mail server with a look-up."""

    def __init__(self, name: str = "memory-mail") -> None:
        super().__init__(Recovery.LOOKUP, name)

    async def find(self, ref: str) -> str | None:
        return f"mail-{ref}" if ref in self.refs else None


def memory_mailer(recovery: Recovery, name: str = "memory-mail") -> MemoryMailer:
    if recovery is Recovery.LOOKUP:
        return MemoryLookupMailer(name)
    return MemoryMailer(recovery, name)
