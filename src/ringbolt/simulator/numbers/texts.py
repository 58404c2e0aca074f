"""The texts that arrived at the world's numbers: one log of all, and those of each loan."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from ringbolt.numbers.provider import InboundText, TextBatch
from ringbolt.simulator.file.log import PAGE, Log
from ringbolt.simulator.file.world_file import Append, Put, WorldFile

LOG: Final = "sms"
"""Every text that arrived at any number, whoever sent it: {to, from, text, at_ms, ...}."""
_OF_LOAN: Final = "lend-text:"


class ArrivedTexts:
    """Reads texts from the file. ``announce`` wakes who waits for new ones."""

    def __init__(self, file: WorldFile) -> None:
        self._file = file
        self._log = Log(file, LOG)

    def close(self) -> None:
        """Let those go who wait for texts."""
        self._log.close()

    def announce(self) -> None:
        self._log.announce()

    def of_lease(self, lease_id: str) -> tuple[InboundText, ...]:
        """What came to a loan, oldest first; at most 500."""
        rows = self._file.page(_OF_LOAN + lease_id, "", PAGE)
        return tuple(msgspec.convert(doc, InboundText) for _, doc in rows)

    async def since(self, after: int) -> AsyncIterator[TextBatch]:
        """Every text numbered above ``after`` (0: all), then those to come, until ``close``."""
        async for rows in self._log.since(after):
            yield TextBatch(tuple(_inbound(n, doc) for n, doc in rows), str(rows[-1][0]))


def event_id() -> str:
    """A name for a text's arrival; random, so that no two worlds have one in common."""
    return f"text_{secrets.token_hex(8)}"


def writes_of(arrived: InboundText, copies: int = 1) -> tuple[list[Put], list[Append]]:
    """How the world's file keeps a text, told of ``copies`` times."""
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
        key = f"{arrived.at_ms:013d}-{arrived.event_id}"
        puts.append((_OF_LOAN + arrived.lease_id, key, msgspec.to_builtins(arrived)))
    return puts, [(LOG, logged) for _ in range(copies)]


def _inbound(n: int, doc: Mapping[str, Any]) -> InboundText:
    """A text of ``LOG``; what an older world wrote has neither a loan nor a code."""
    return InboundText(
        doc.get("event_id", f"text-{n}"),
        doc["to"],
        doc.get("lease_id", ""),
        doc["from"],
        doc["text"],
        doc.get("code", ""),
        doc["at_ms"],
    )
