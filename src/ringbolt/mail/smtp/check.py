"""What ``ringbolt doctor`` finds out about a mailer over SMTP. Nothing is sent."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from ringbolt.core.part_checks import Finding
from ringbolt.mail.letter import sender_domain
from ringbolt.mail.smtp.address import Relay
from ringbolt.mail.smtp.connection import Endpoint, Terms, addresses_of, open_connection
from ringbolt.mail.smtp.dkim import DkimSigner
from ringbolt.mail.smtp.exchangers import Exchangers, NoMailError
from ringbolt.mail.smtp.kept import say_goodbye
from ringbolt.mail.smtp.replies import OF_THE_LOGIN, NotSentError, plain
from ringbolt.mail.smtp.sender_domain import SenderDomain

_PATIENCE_S: Final = 5.0
_RELAY: Final = "relay"
_ENCRYPTION: Final = "encryption"
_SCHEMES: Final = (
    "Write smtps:// for a port with TLS from the first byte (465), smtp:// for others (587, 25)."
)


@dataclass(frozen=True, slots=True)
class SmtpCheck:
    """``relay`` is None for direct delivery. ``sender``: the From of the mails. ``key_file``: of
    ``signer``."""

    relay: Relay | None
    terms: Terms
    exchangers: Exchangers
    domain: SenderDomain
    signer: DkimSigner | None
    sender: str
    base_url: str
    key_file: Path | None = None

    async def run(self) -> Sequence[Finding]:
        terms = replace(self.terms, timeout_s=min(self.terms.timeout_s, _PATIENCE_S))
        found = await self._relay(self.relay, terms) if self.relay else await self._direct(terms)
        found += await self.domain.check(self.signer)
        return [*found, *_secrecy(self.key_file), _unsubscribing(self.base_url)]

    async def _relay(self, relay: Relay, terms: Terms) -> list[Finding]:
        where = f"{relay.host}:{relay.port}"
        try:
            addresses = await addresses_of(relay.host, terms.timeout_s)
            endpoint = Endpoint(relay.host, addresses, relay.port, relay.is_tls)
            client = await open_connection(endpoint, terms)
        except NotSentError as error:
            return [Finding("wrong", _RELAY, f"{where}: {error.reason}.", _remedy(error))]
        encryption = _encryption(client, relay)
        refusal = await _refusal_of(client, sender_domain(self.sender))
        await say_goodbye(client)
        if refusal is not None:
            said = f"{where} takes no mail from {self.sender}: {refusal.reason}."
            return [Finding("wrong", _RELAY, said, _remedy_of_sender(refusal)), encryption]
        login = " and the user name and password" if relay.username else ""
        return [Finding("ok", _RELAY, f"{where} takes our mail{login}."), encryption]

    async def _direct(self, terms: Terms) -> list[Finding]:
        """Whether port 25 is open outwards, as seen by the sender's own mail servers."""
        return [await self._port(terms), await self.domain.check_reverse(terms.helo)]

    async def _port(self, terms: Terms) -> Finding:
        domain = sender_domain(self.sender)
        try:
            [endpoint, *_] = await self.exchangers.of(domain)
            client = await open_connection(endpoint, terms)
        except NoMailError as error:
            return Finding("note", "port 25", f"It cannot be tried: {error}.", "See sender domain.")
        except NotSentError as error:
            fix = "Ask the host of this machine to open port 25 outwards, or use a relay (url)."
            return Finding("wrong", "port 25", f"{error.reason}.", fix)
        await say_goodbye(client)
        return Finding("ok", "port 25", f"{endpoint.host} answers.")


def _remedy(error: NotSentError) -> str:
    if error.reply in OF_THE_LOGIN:
        return "Correct the user name and password, or ask the relay for new ones."
    if "certificate" in error.reason:
        return "Use the name that its certificate is for, or name its authority in ca_file."
    if "offers no TLS" in error.reason:
        return f"{_SCHEMES} Leave tls out for a relay on this machine."
    if "no TLS connection" in error.reason:
        return f"{_SCHEMES} Else its TLS is faulty or too old: ask the relay."
    return f"Correct host and port in the relay's url, and open them in your firewall. {_SCHEMES}"


def _remedy_of_sender(refusal: NotSentError) -> str:
    if refusal.reply in OF_THE_LOGIN:
        return "Set username and password, as the relay gave them to you."
    return "Set RINGBOLT_MAIL_SENDER to an address that this account may send from."


def _encryption(client: SMTP, relay: Relay) -> Finding:
    tls = client.get_transport_info("ssl_object")
    if tls is not None:
        return Finding("ok", _ENCRYPTION, f"{tls.version()}, {tls.cipher()[0]}.")
    if relay.is_local:
        return Finding("ok", _ENCRYPTION, "None: the relay is on this machine.")
    said = "The connection is not encrypted: anybody in between can read the mails."
    return Finding("note", _ENCRYPTION, said, 'Set tls = "required".')


async def _refusal_of(client: SMTP, domain: str) -> NotSentError | None:
    """Why the relay refuses our envelope; None if it does not. No mail is begun."""
    try:
        await client.mail(f"bounce+check@{domain}")
        await client.rset()
    except SMTPResponseException as error:
        return NotSentError(f"{error.code} {plain(error.message)}", error.code)
    except (SMTPException, OSError) as error:
        return NotSentError(plain(str(error)) or "the connection was lost")
    return None


def _secrecy(key_file: Path | None) -> list[Finding]:
    """Whether others of this machine can read the key, and sign in the shop's name."""
    if key_file is None or not key_file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return []
    said = f"Others on this machine can read {key_file}, and sign mail in your name."
    return [Finding("note", "DKIM key", said, f"chmod 600 {key_file}")]


def _unsubscribing(base_url: str) -> Finding:
    parts = urlsplit(base_url)
    if parts.scheme == "https":
        return Finding("ok", "links to unsubscribe", f"They lead to {base_url}.")
    said = "Mail programs offer the one click only for https:// links, and large receivers ask for "
    fix = "Set RINGBOLT_PUBLIC_URL to the https:// address that the world reaches the shop at."
    return Finding("note", "links to unsubscribe", f"{said}it.", fix)
