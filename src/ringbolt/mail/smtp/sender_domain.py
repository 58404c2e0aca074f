"""What ``ringbolt doctor`` finds out about the sender's domain, by DNS alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from ringbolt.core.part_checks import Finding
from ringbolt.mail.smtp.dkim import DkimSigner, kind_of, public_part
from ringbolt.mail.smtp.exchangers import RESOLV_CONF
from ringbolt.mail.smtp.txt_records import DKIM, DMARC, SPF, check_dkim, check_dmarc, check_spf
from ringbolt.upstream.fetch.name_lookup import NameServers, zone_of

_PATIENCE_S: Final = 5.0
_DOMAIN: Final = "sender domain"
_REVERSE: Final = "reverse name"
_NO_DNS: Final = "Look at this machine's name servers (/etc/resolv.conf), then run it again."
_RESERVED: Final = (".example", ".test", ".invalid", ".localhost", ".local")
"""Domains without mail (RFC 2606, RFC 6762)."""


class SenderDomain:
    """``domain`` is that of the sender's address. ``resolver``: the name servers to ask, None for
    those of this machine."""

    def __init__(self, domain: str, resolver: dns.asyncresolver.Resolver | None) -> None:
        self._domain = domain
        self._names = NameServers(resolver, RESOLV_CONF, _PATIENCE_S)

    async def check(self, signer: DkimSigner | None) -> list[Finding]:
        """Its mail servers, SPF, DKIM and DMARC, each with what to do about it."""
        if f".{self._domain}".endswith(_RESERVED) and not await self._exists():
            fix = "Set RINGBOLT_MAIL_SENDER to an address of a domain of your own."
            said = f"{self._domain} is no domain that mail can come from."
            return [Finding("wrong", _DOMAIN, said, fix)]
        return list(
            await asyncio.gather(
                self._found(_DOMAIN, self._bounces()),
                self._found(SPF, self._spf()),
                self._found(DKIM, self._dkim(signer)),
                self._found(DMARC, self._dmarc()),
            )
        )

    async def check_reverse(self, helo: str) -> Finding:
        """Whether the name in EHLO leads to an address that leads back to it: for mail that goes
        straight to its recipients' servers."""
        return await self._found(_REVERSE, self._reverse(helo))

    async def _found(self, subject: str, looking: Awaitable[Finding]) -> Finding:
        try:
            return await looking
        except (dns.exception.DNSException, OSError):
            said = f"The records of {self._domain} cannot be looked up."
            return Finding("note", subject, said, _NO_DNS)

    async def _exists(self) -> bool:
        try:
            return bool(await self._records(self._domain, "SOA"))
        except (dns.exception.DNSException, OSError):
            return False

    async def _bounces(self) -> Finding:
        exchangers = await self._records(self._domain, "MX")
        if any(each.exchange == dns.name.root for each in exchangers):
            said = f"{self._domain} takes no e-mail (a null MX): many receivers refuse its mail."
            return Finding("wrong", _DOMAIN, said, "Publish an MX record of a server that does.")
        if exchangers or await self._addresses(self._domain):
            return Finding("ok", _DOMAIN, f"{self._domain} takes bounces.")
        said = f"{self._domain} has neither an MX record nor an address: bounces are lost, and "
        said += "many receivers refuse its mail."
        return Finding("wrong", _DOMAIN, said, "Publish an MX record of a server that takes them.")

    async def _spf(self) -> Finding:
        return check_spf(self._domain, await self._texts(self._domain))

    async def _dkim(self, signer: DkimSigner | None) -> Finding:
        if signer is None:
            said = "The shop does not sign: the relay must."
            fix = "Look for dkim=pass in the headers of a test mail; if it is missing, set "
            return Finding("note", DKIM, said, f"{fix}dkim_key and dkim_selector.")
        domain = signer.domain or self._domain
        if zone_of(domain) != zone_of(self._domain):
            said = f"Signatures by {domain} do not count for mail from {self._domain} (DMARC)."
            return Finding("wrong", DKIM, said, "Leave dkim_domain out, or sign by that domain.")
        name = f"{signer.selector}._domainkey.{domain}"
        records = await self._texts(name)
        return check_dkim(name, records, public_part(signer.key), kind_of(signer.key))

    async def _dmarc(self) -> Finding:
        records = await self._texts(f"_dmarc.{self._domain}")
        if not records:  # that of the registered domain holds for those below it
            records = await self._texts(f"_dmarc.{zone_of(self._domain)}")
        return check_dmarc(self._domain, records)

    async def _reverse(self, helo: str) -> Finding:
        fix = "Set helo to the name of this machine, and have its host set the reverse name (PTR) "
        fix += "of its address to the same; most mail servers refuse mail otherwise."
        if not helo or helo.startswith("["):
            return Finding("wrong", _REVERSE, "The shop names itself by an address only.", fix)
        addresses = await self._addresses(helo)
        if not addresses:
            return Finding("wrong", _REVERSE, f"The name {helo} has no address.", fix)
        for address in addresses:
            back = await self._records(dns.reversename.from_address(address).to_text(), "PTR")
            names = {each.target.to_text(omit_final_dot=True).lower() for each in back}
            if helo.lower() not in names:
                led = ", ".join(sorted(names)) or "no name"
                said = f"{helo} leads to {address}, and that back to {led}."
                return Finding("wrong", _REVERSE, said, fix)
        return Finding("ok", _REVERSE, f"{helo} leads to {', '.join(addresses)}, and back.")

    async def _texts(self, name: str) -> list[str]:
        records = await self._records(name, "TXT")
        return [b"".join(each.strings).decode("ascii", "replace") for each in records]

    async def _addresses(self, name: str) -> list[str]:
        both = await asyncio.gather(self._records(name, "A"), self._records(name, "AAAA"))
        return [each.address for found in both for each in found]

    async def _records(self, name: str, kind: str) -> Sequence[Any]:
        """None of a name that does not exist. Raises ``DNSException`` and ``OSError``."""
        try:
            answer = await self._names.resolver().resolve(
                dns.name.from_text(name), kind, lifetime=_PATIENCE_S, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        return tuple(answer.rrset or ())
