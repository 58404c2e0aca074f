"""A DNS server on loopback that gives the configured answers, or none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """``records``: addresses by name. Names under ``silent`` zones are never answered."""

    def __init__(self, records: dict[str, list[str]], ttl_s: int, silent: tuple[str, ...]) -> None:
        self._records = records
        self._ttl_s = ttl_s
        self._silent = silent
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if not name.endswith(self._silent or ("\0",)):
            self._transport.sendto(self._answer(query, name, question.rdtype), addr)

    def _answer(
        self, query: dns.message.Message, name: str, kind: dns.rdatatype.RdataType
    ) -> bytes:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name not in self._records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer.to_wire()
        wanted = ":" if kind == dns.rdatatype.AAAA else "."
        found = [address for address in self._records[name] if wanted in address]
        if found:
            rows = dns.rrset.from_text_list(
                query.question[0].name, self._ttl_s, "IN", dns.rdatatype.to_text(kind), found
            )
            answer.answer.append(rows)
        return answer.to_wire()


@asynccontextmanager
async def name_server(
    ttl_s: int = 60, silent: tuple[str, ...] = (), **records: list[str]
) -> AsyncIterator[tuple[NameServer, dns.asyncresolver.Resolver]]:
    """The server, and a resolver that uses it; in ``records`` a name's dots are underscores."""
    named = {name.replace("_", "."): addresses for name, addresses in records.items()}
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(named, ttl_s, silent), local_addr=("127.0.0.1", 0)
    )
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield server, resolver
    finally:
        transport.close()
