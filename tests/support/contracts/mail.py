"""What a mailer is tested with: the mailer, and the mailboxes behind it.

A mailer joins as another one of ``SUBJECTS``: what opens it, with addresses that fare as ``Fate``
says (None for what its far end cannot be made to do: those tests are skipped).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from ringbolt.core.outcome import Recovery
from ringbolt.mail import letter
from ringbolt.mail.mailer import Mailer, OutMail, SupportsMailLookup
from ringbolt.mail.memory.mailer import MemoryLookupMailer, MemoryMailer
from ringbolt.mail.simulated.mailer import SimulatedMailer
from support.rigs.smtp import Counted, relay_url, smtp_mailer
from support.servers.mail_names import mail_name_server
from support.servers.mail_sink import Arrived, MailSink, mail_sink
from support.servers.opensmtpd import NoOpenSmtpdError, opensmtpd
from support.servers.world import WorldServer
from support.waiting import until

BOB = "bob@wallet.example"


@dataclass(frozen=True)
class Fate:
    """Addresses by what becomes of a mail to them."""

    refused: str | None = None
    deferred: str | None = None
    answer_lost: str | None = None
    request_lost: str | None = None


@dataclass(frozen=True)
class Shown:
    """A mail as its reader sees it."""

    sender: str
    subject: str
    text: str
    headers: dict[str, str]


class Subject(Protocol):
    """A mailer under test, and a look into the mailboxes behind it."""

    @property
    def mailer(self) -> Mailer: ...

    @property
    def fate(self) -> Fate: ...

    @property
    def sends_twice(self) -> bool:
        """It sends a mail again that it is asked for again, with the same reference."""
        ...

    async def mailbox(self, address: str = BOB) -> list[Shown]:
        """What came to an address, oldest first."""
        ...

    async def restart(self) -> None:
        """The mail server's process ends and comes back."""
        ...


FATES = Fate(
    refused="bob@refuse.example",
    deferred="bob@defer.example",
    answer_lost="bob@silent.example",
    request_lost="bob@lost.example",
)


@dataclass
class Simulated:
    server: WorldServer
    mailer: Mailer
    fate: Fate = FATES
    sends_twice: bool = False

    async def mailbox(self, address: str = BOB) -> list[Shown]:
        async with httpx.AsyncClient(base_url=self.server.url) as http:
            answer = await http.get(f"/simulator/mailbox/{address}")
        names = ("from", "subject", "text", "headers")
        return [Shown(*(mail[name] for name in names)) for mail in answer.json()["messages"]]

    async def restart(self) -> None:
        await self.server.restart()


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Simulated]:
    server = WorldServer(directory)
    await server.start()
    mailer = SimulatedMailer(server.url, server.world.clock)
    yield Simulated(server, mailer)
    await mailer.close()
    await server.stop()


@dataclass
class Memory:
    mailer: MemoryMailer
    sends_twice: bool
    fate: Fate = FATES

    async def mailbox(self, address: str = BOB) -> list[Shown]:
        return [
            Shown(mail.sender, mail.subject, mail.text, dict(mail.headers))
            for mail in self.mailer.mailbox(address)
        ]

    async def restart(self) -> None:
        """It lives as long as the process."""


def _memory(mailer: MemoryMailer, *, sends_twice: bool) -> Memory:
    mailer.by_address = {
        "bob@refuse.example": mailer.refuses,
        "bob@defer.example": mailer.refuses_for_now,
        "bob@silent.example": mailer.takes_unheard,
        "bob@lost.example": mailer.never_hears,
    }
    return Memory(mailer, sends_twice)


@asynccontextmanager
async def memory(directory: Path) -> AsyncIterator[Memory]:
    yield _memory(MemoryMailer(Recovery.IDEMPOTENT), sends_twice=False)


@asynccontextmanager
async def memory_with_lookup(directory: Path) -> AsyncIterator[Memory]:
    yield _memory(MemoryLookupMailer(), sends_twice=True)


@dataclass
class Smtp:
    """``is_relayed``: a relay takes the mails first, and hands them on when it likes."""

    sink: MailSink
    mailer: Counted
    fate: Fate = FATES
    sends_twice: bool = True
    is_relayed: bool = False

    async def mailbox(self, address: str = BOB) -> list[Shown]:
        if self.is_relayed:
            await until(lambda: len(self.sink.arrived) >= self.mailer.accepted)
        return [_shown(mail) for mail in self.sink.mailbox(address)]

    async def restart(self) -> None:
        """What it took is with the mailbox's owner."""


def _shown(mail: Arrived) -> Shown:
    headers = {name: str(value) for name, value in mail.message.items()}
    return Shown(headers["From"], headers["Subject"], mail.text, headers)


_WORDS: dict[str, Any] = {
    "refusals": {"@refuse.example": "550 5.1.1 no such user", "@defer.example": "451 4.7.1 later"},
    "cut_after": {"@silent.example"},
    "cut": {"@lost.example"},
}


@asynccontextmanager
async def smtp(directory: Path) -> AsyncIterator[Smtp]:
    async with mail_sink(**_WORDS) as sink:
        mailer = Counted(smtp_mailer(url=relay_url(sink.port)))
        yield Smtp(sink, mailer)
        await mailer.close()


@asynccontextmanager
async def smtp_direct(directory: Path) -> AsyncIterator[Smtp]:
    here = {"mx": ["10 mx.example."], "a": ["127.0.0.1"]}
    names = ("wallet", "refuse", "defer", "silent", "lost")
    records = {f"{name}.example": here for name in names} | {"mx.example": here}
    async with mail_sink(**_WORDS) as sink, mail_name_server(records) as dns:
        mailer = Counted(
            smtp_mailer(
                direct=True, mx_port=sink.port, name_servers=[dns.address], allow_private_mx=True
            )
        )
        yield Smtp(sink, mailer)
        await mailer.close()


@asynccontextmanager
async def smtp_opensmtpd(directory: Path) -> AsyncIterator[Smtp]:
    """A relay that nobody here wrote. It accepts every recipient, and bounces later."""
    async with mail_sink() as sink:
        try:
            async with opensmtpd(sink.port) as relay:
                mailer = Counted(smtp_mailer(url=relay_url(relay.port)))
                yield Smtp(sink, mailer, Fate(), is_relayed=True)
                await mailer.close()
        except NoOpenSmtpdError as error:
            pytest.skip(f"no OpenSMTPD: {error}")


SUBJECTS: dict[str, Callable[[Path], AbstractAsyncContextManager[Subject]]] = {
    "simulated": simulated,
    "memory": memory,
    "memory with look-up": memory_with_lookup,
    "SMTP": smtp,
    "SMTP to the recipient's servers": smtp_direct,
    "SMTP through OpenSMTPD": smtp_opensmtpd,
}


class Desk:
    """A subject, and the mails sent through it."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.mailer = subject.mailer
        self.fate = subject.fate

    async def find(self, ref: str) -> str | None:
        if not isinstance(self.mailer, SupportsMailLookup):
            pytest.skip("the mailer cannot look a mail up")
        return await self.mailer.find(ref)


def a_mail(to: str | None = BOB, text: str = "Hello Bob", **changes: Any) -> OutMail:
    if to is None:
        pytest.skip("the far end cannot be made to do this")
    words: dict[str, Any] = {
        "ref": secrets.token_hex(16),
        "sender": "Ringbolt <no-reply@shop.example>",
        "subject": "A message for you",
        "origin": "https://shop.example",
        "unsubscribe_url": "https://shop.example/u/token",
    }
    return letter.write(to=to, text=text, **(words | changes))
