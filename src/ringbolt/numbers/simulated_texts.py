"""The texts that arrived at the world's numbers: one log of all, and those of each loan."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec

from ringbolt.numbers.provider import InboundText, TextBatch

LOG: Final = "sms"
"""Every text that arrived at any number, whoever sent it: {to, from, text, at_ms, ...}."""
_OF_LOAN: Final = "lend-text:"
_PAGE: Final = 500

Document = Mapping[str, Any] | msgspec.Struct
Puts = list[tuple[str, str, Document | None]]
Appends = list[tuple[str, Document]]


class LenderStore(Protocol):
    """Where loans and texts are kept; ``store/world.py`` is one."""

    def load(self, kind: str) -> dict[str, dict[str, Any]]: ...

    def get(self, kind: str, key: str) -> dict[str, Any] | None: ...

    def page(self, kind: str, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]: ...

    def scan(self, log: str, after: int, limit: int) -> list[tuple[int, dict[str, Any]]]: ...

    def submit(
        self,
        puts: Iterable[tuple[str, str, Document | None]] = (),
        appends: Iterable[tuple[str, Document]] = (),
    ) -> asyncio.Future[list[int]]:
        """Write all or nothing, in the order of the calls; resolves when it is on the disk."""
        ...


class ArrivedTexts:
    """Reads texts from the file. ``announce`` wakes who waits for new ones."""

    def __init__(self, store: LenderStore) -> None:
        self._store = store
        self._news = asyncio.Event()
        self._closed = False

    def close(self) -> None:
        """Let those go who wait for texts."""
        self._closed = True
        self.announce()

    def announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def of_loan(self, lease_id: str) -> tuple[InboundText, ...]:
        """What came to a loan, oldest first; at most 500."""
        rows = self._store.page(_OF_LOAN + lease_id, "", _PAGE)
        return tuple(msgspec.convert(doc, InboundText) for _, doc in rows)

    async def since(self, after: int) -> AsyncIterator[TextBatch]:
        """Every text numbered above ``after`` (0: all), then those to come, until ``close``.

        A number that the file never reached is another world's: then all texts come.
        """
        if after > 0 and not self._store.scan(LOG, after - 1, 1):
            after = 0
        while not self._closed:
            news = self._news
            rows = self._store.scan(LOG, after, _PAGE)
            if not rows:
                await news.wait()
                continue
            after = rows[-1][0]
            yield TextBatch(tuple(_inbound(n, doc) for n, doc in rows), str(after))


def event_id() -> str:
    """A name for a text's arrival; random, so that no two worlds have one in common."""
    return f"text_{secrets.token_hex(8)}"


def writes_of(arrived: InboundText, copies: int = 1) -> tuple[Puts, Appends]:
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
    puts: Puts = []
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
