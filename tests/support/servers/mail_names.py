"""A name server on loopback with the records of mail: MX, TXT, A, AAAA, PTR."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass
class MailNames(asyncio.DatagramProtocol):
    """``records``: texts by type and name, as in a zone file. ``silent`` names are not answered,
    for ``broken`` ones the server reports a failure of its own."""

    records: Records
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.address = f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype).lower()
        self.asked.append((name, kind))
        if name not in self.silent:
            self._transport.sendto(self._answer(query, name, kind), addr)

    def _answer(self, query: dns.message.Message, name: str, kind: str) -> bytes:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts := self.records[name].get(kind):
            owner = query.question[0].name
            answer.answer.append(dns.rrset.from_text_list(owner, 60, "IN", kind.upper(), texts))
        return answer.to_wire()


@asynccontextmanager
async def mail_name_server(records: Records) -> AsyncIterator[MailNames]:
    """The server, at ``address``."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: MailNames(records), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()
