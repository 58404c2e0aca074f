"""A mail server on loopback that keeps what it takes, and refuses or cuts connections as told.

The protocol is aiosmtpd's, which nobody here wrote.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from support.servers.ports import HeldPort

Fates = dict[str, str]


@dataclass(frozen=True)
class Arrived:
    """A mail as it came: the envelope, and the message's bytes."""

    sender: str
    to: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.SMTP)

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailSink:
    """``refusals``: replies to RCPT by address, also ``@domain``; ``ends``: to the message.
    ``greylist``: how many times each address is refused with 451 first.

    ``cut``: addresses whose message is dropped with the connection; ``cut_after``: whose message
    is kept, and the connection dropped without a reply. ``connections`` counts those made,
    ``goodbyes`` those ended by QUIT.
    """

    refusals: Fates = field(default_factory=dict)
    ends: Fates = field(default_factory=dict)
    greylist: int = 0
    cut: set[str] = field(default_factory=set)
    cut_after: set[str] = field(default_factory=set)
    login: tuple[str, str] = ("", "")
    arrived: list[Arrived] = field(default_factory=list)
    helos: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    logins: int = 0
    goodbyes: int = 0
    encrypted: list[bool] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)
    port: int = 0

    def mailbox(self, address: str) -> list[Arrived]:
        return [mail for mail in self.arrived if mail.to.lower() == address.lower()]

    @property
    def connections(self) -> int:
        return len(self.helos)

    # What aiosmtpd calls

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.helos.append(hostname)
        return replies

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.senders.append(envelope.mail_from or "")
        refusal = _for(self.refusals, address)
        if refusal:
            return refusal
        seen = self._seen[address] = self._seen.get(address, 0) + 1
        if seen <= self.greylist:
            return f"451 4.7.1 <{address}>: greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        [to] = envelope.rcpt_tos
        end = _for(self.ends, to)
        if end:
            return end
        if not self._has(self.cut, to):
            raw = envelope.original_content or b""
            self.arrived.append(Arrived(envelope.mail_from or "", to, raw))
            self.encrypted.append(session.ssl is not None)
        if self._has(self.cut, to) or self._has(self.cut_after, to):
            assert server.transport is not None
            cast(Any, server.transport).abort()
        return f"250 2.0.0 Ok: queued as {len(self.arrived)}"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.goodbyes += 1
        return "221 Bye"

    def _has(self, cut: set[str], to: str) -> bool:
        return bool({to, _domain(to)} & cut)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        self.logins += 1
        user, password = self.login
        wanted = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=given == wanted, handled=False)


def _domain(address: str) -> str:
    return address[address.rindex("@") :]


def _for(fates: Fates, address: str) -> str:
    return fates.get(address) or fates.get(_domain(address)) or ""


@asynccontextmanager
async def mail_sink(
    tls: ssl.SSLContext | None = None,
    *,
    implicit: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    **options: Any,
) -> AsyncIterator[MailSink]:
    """A running sink, at ``sink.port``. ``tls``: offers STARTTLS, or (``implicit``) only TLS.
    ``options``: those of the sink."""
    sink = MailSink(**options)
    loop = asyncio.get_running_loop()
    user = sink.login[0]

    def protocol() -> SMTP:
        return SMTP(
            sink,
            loop=loop,
            hostname="sink.example",
            tls_context=None if implicit else tls,
            auth_required=bool(user),
            auth_require_tls=False,
            authenticator=sink.authenticate if user else None,
        )

    held = HeldPort() if not port else None
    server = await loop.create_server(
        protocol, host, port or cast(HeldPort, held).number, ssl=tls if implicit else None
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        if hasattr(server, "close_clients"):
            server.close_clients()
