"""The mailer over SMTP.

There is no way to ask an SMTP server for a mail that it may have taken, so an unknown outcome stays
unknown (``Recovery.NONE``): the mail is not sent again, and the money returns at the deadline.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from aiosmtplib import SMTP, SMTPException

from ringbolt.clock import Clock
from ringbolt.core.outcome import Recovery, Rejected
from ringbolt.core.part_checks import Finding
from ringbolt.mail.letter import compose
from ringbolt.mail.mailer import MailResult, OutMail
from ringbolt.mail.smtp.address import Relay
from ringbolt.mail.smtp.check import SmtpCheck
from ringbolt.mail.smtp.connection import Endpoint, Terms, addresses_of, open_connection
from ringbolt.mail.smtp.dkim import DkimSigner
from ringbolt.mail.smtp.exchangers import Exchangers, NoMailError
from ringbolt.mail.smtp.kept import KeptConnections, say_goodbye
from ringbolt.mail.smtp.replies import GREYLISTED_MS, NotSentError
from ringbolt.mail.smtp.transfer import Envelope, transfer
from ringbolt.upstream.fetch.name_lookup import zone_of

_FINAL_REPLY_TIMEOUTS: Final = 4
"""The reply to a whole message may take so many times the timeout: servers scan it first
(RFC 5321, 4.5.3.2.6)."""
_ALL_SERVERS_S: Final = 60.0
"""After so long no further server of a domain is tried."""
_BUSY_DOMAIN_MS: Final = 10_000
_DOMAINS: Final = 8
"""So many times the mails of one domain may be under way to all: whoever has many domains, with
slow servers, must not hold up the workers, who also place calls and send texts."""


class Delivery(Protocol):
    """How mails leave: through a relay, or straight to their recipients' servers."""

    async def send(self, envelope: Envelope) -> MailResult: ...

    async def close(self) -> None: ...


class SmtpMailer:
    """Implements ``Mailer`` and ``SupportsCheck``; mails are dated by ``clock`` and signed by
    ``signer``, if any."""

    recovery = Recovery.NONE

    def __init__(
        self,
        name: str,
        delivery: Delivery,
        clock: Clock,
        signer: DkimSigner | None,
        check: SmtpCheck,
    ) -> None:
        self.name = name
        self._delivery = delivery
        self._clock = clock
        self._signer = signer
        self._check = check

    async def send(self, mail: OutMail) -> MailResult:
        try:
            message = compose(mail, self._clock.now_ms()).as_bytes()
        except ValueError as error:
            return Rejected(f"it cannot be written: {error}")
        if not mail.still_wanted():
            return Rejected("the request for this e-mail was withdrawn", permanent=False)
        if self._signer is not None:
            message = self._signer.signed(message, mail.envelope_from.rpartition("@")[2])
        return await self._delivery.send(
            Envelope(mail.envelope_from, mail.to, message, mail.still_wanted)
        )

    async def check(self) -> Sequence[Finding]:
        return await self._check.run()

    async def close(self) -> None:
        await self._delivery.close()


class ThroughRelay:
    """All mails go to one server, over at most ``connections`` kept connections."""

    def __init__(self, relay: Relay, terms: Terms, connections: int) -> None:
        self._relay = relay
        self._terms = terms
        self._kept = KeptConnections(self._open, connections, 2 * terms.timeout_s)

    async def send(self, envelope: Envelope) -> MailResult:
        try:
            async with self._kept.turn():
                return await self._send(envelope)
        except NotSentError as error:
            return error.result

    async def _send(self, envelope: Envelope) -> MailResult:
        kept = await self._kept.take()
        patience_s = _FINAL_REPLY_TIMEOUTS * self._terms.timeout_s
        try:
            result = await transfer(kept.client, envelope, patience_s)
        except NotSentError:
            if not kept.is_used:
                raise
            kept = await self._kept.fresh()  # the relay had closed the kept one meanwhile
            result = await transfer(kept.client, envelope, patience_s)
        if isinstance(result, Rejected):
            await _reset(kept.client)
        self._kept.put_back(kept)
        return result

    async def _open(self) -> SMTP:
        relay = self._relay
        addresses = await addresses_of(relay.host, self._terms.timeout_s)
        return await open_connection(
            Endpoint(relay.host, addresses, relay.port, relay.is_tls), self._terms
        )

    async def close(self) -> None:
        await self._kept.close()


async def _reset(client: SMTP) -> None:
    """Make a connection ready for another mail after a refusal, or close it."""
    try:
        if client.is_connected:
            await client.rset()
    except (SMTPException, OSError):
        client.close()


def _destination_failed(error: NotSentError) -> Rejected:
    """Servers of the recipient's domain that cannot be reached say nothing of this part."""
    return replace(error.result, by_destination=True, retry_after_ms=GREYLISTED_MS)


class Direct:
    """Each mail goes to the servers of its recipient's domain, over a connection of its own.

    A stranger chooses the domain, and its servers may answer slowly on purpose: so at most
    ``connections`` mails are under way to one domain, and ``_DOMAINS`` times as many in all, and
    the servers of a domain share one limit of time.
    """

    def __init__(self, exchangers: Exchangers, terms: Terms, connections: int) -> None:
        self._exchangers = exchangers
        self._terms = terms
        self._connections = connections
        self._under_way: Counter[str] = Counter()

    async def send(self, envelope: Envelope) -> MailResult:
        domain = envelope.to.rpartition("@")[2].lower()
        zone = zone_of(domain)
        if self._under_way.total() >= _DOMAINS * self._connections:
            why = "as many e-mails as may be are on their way"
            return Rejected(why, False, _BUSY_DOMAIN_MS, by_destination=True)
        if self._under_way[zone] >= self._connections:
            why = "as many e-mails as may be are on their way to this domain"
            return Rejected(why, False, _BUSY_DOMAIN_MS, by_destination=True)
        self._under_way[zone] += 1
        try:
            return await self._send(envelope, domain)
        finally:
            self._under_way[zone] -= 1
            if not self._under_way[zone]:
                del self._under_way[zone]

    async def _send(self, envelope: Envelope, domain: str) -> MailResult:
        until_s = time.monotonic() + _ALL_SERVERS_S
        try:
            endpoints = await self._exchangers.of(domain)
        except NoMailError as error:
            return Rejected(str(error), by_destination=True)
        except NotSentError as error:
            return _destination_failed(error)
        result: MailResult = Rejected("no mail server was asked", permanent=False)
        for endpoint in endpoints:
            result = await self._send_to(endpoint, envelope)
            if not isinstance(result, Rejected) or result.permanent:
                break  # taken, not known, or a server of the domain has said no for good
            if time.monotonic() > until_s:
                break
        return result

    async def _send_to(self, endpoint: Endpoint, envelope: Envelope) -> MailResult:
        try:
            client = await open_connection(endpoint, self._terms)
            result = await transfer(client, envelope, _FINAL_REPLY_TIMEOUTS * self._terms.timeout_s)
        except NotSentError as error:
            return _destination_failed(error)
        await say_goodbye(client)
        if isinstance(result, Rejected) and not result.permanent:
            return replace(result, by_destination=True)  # else a stranger's server fails our part
        return result

    async def close(self) -> None:
        """Nothing is kept open."""
