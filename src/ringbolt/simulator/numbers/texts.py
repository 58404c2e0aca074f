"""The texts that arrived at the world's numbers: one log of all, and those of each lease."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from ringbolt.numbers.provider import InboundText, TextBatch
from ringbolt.simulator.file.log import PAGE, Log
from ringbolt.simulator.file.world_file import Append, Put, WorldFile

LOG: Final = "sms"
"""Every text that arrived at any number: {to, from, text, at_ms, ...}."""
_OF_LEASE: Final = "lend-text:"
_arrivals = itertools.count()


class ArrivedTexts:
    """Reads texts from the file. ``announce`` wakes the readers that wait for new ones."""

    def __init__(self, file: WorldFile) -> None:
        self._file = file
        self._log = Log(file, LOG)

    def close(self) -> None:
        """End the streams of texts."""
        self._log.close()

    def announce(self) -> None:
        self._log.announce()

    def of_lease(self, lease_id: str) -> tuple[InboundText, ...]:
        """The texts of a lease, oldest first; at most 500."""
        rows = self._file.page(_OF_LEASE + lease_id, "", PAGE)
        return tuple(msgspec.convert(doc, InboundText) for _, doc in rows)

    async def since(self, after: int) -> AsyncIterator[TextBatch]:
        """Every text numbered above ``after`` (0: all), then new ones, until ``close``."""
        async for rows in self._log.since(after):
            yield TextBatch(tuple(_inbound(n, doc) for n, doc in rows), str(rows[-1][0]))


def event_id() -> str:
    """An id for the arrival of a text; random, so that no two worlds share one."""
    return f"text_{secrets.token_hex(8)}"


def writes_of(arrived: InboundText, copies: int = 1) -> tuple[list[Put], list[Append]]:
    """How the world's file keeps a text that is published ``copies`` times."""
    logged = {
        "to": arrived.number,
        "from": arrived.sender,
        "text": arrived.text,
        "at_ms": arrived.at_ms,
        "event_id": arrived.event_id,
        "lease_id": arrived.lease_id,
        "code": arrived.code,
    }
    puts: list[Put] = []
    if arrived.lease_id:
        # Texts of one millisecond stay in the order of their arrival.
        key = f"{arrived.at_ms:013d}-{next(_arrivals):08d}-{arrived.event_id}"
        puts.append((_OF_LEASE + arrived.lease_id, key, msgspec.to_builtins(arrived)))
    return puts, [(LOG, logged) for _ in range(copies)]


def _inbound(n: int, doc: Mapping[str, Any]) -> InboundText:
    """A text of ``LOG``; those of older worlds have neither lease nor code."""
    return InboundText(
        doc.get("event_id", f"text-{n}"),
        doc["to"],
        doc.get("lease_id", ""),
        doc["from"],
        doc["text"],
        doc.get("code", ""),
        doc["at_ms"],
    )
