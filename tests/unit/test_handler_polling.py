"""Leases are looked at one after another, though the provider fails for some of them."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.numbers.handler_api.polling import FAILURES, Poller, Texts
from ringbolt.numbers.provider import InboundText, OpenLease
from support.contracts.numbers import Book, BookedLease


async def nothing() -> None:
    return None


def lease(book: Book, lease_id: str) -> None:
    now_ms = SystemClock().now_ms()
    book.leases.append(BookedLease(lease_id, "+4915112345678", now_ms, now_ms + 1_200_000))


async def test_a_lease_that_cannot_be_looked_at_keeps_no_text_from_the_others() -> None:
    book, found = Book(), asyncio.Event()
    for lease_id in ("good", "bad"):
        lease(book, lease_id)

    async def look(lease: OpenLease) -> Texts:
        if lease.lease_id == "bad":
            raise Unavailable("ERROR_SQL")
        return (InboundText("1", lease.number, lease.lease_id, "", "48010", "48010", 0),)

    async def report(texts: Texts) -> None:
        if texts:
            found.set()

    poller = Poller("provider", book, SystemClock(), nothing, None, look, report)
    running = asyncio.create_task(poller.run())
    done, _ = await asyncio.wait(
        [running, asyncio.create_task(found.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    assert running not in done
    running.cancel()
    await asyncio.wait([running])


async def test_a_provider_that_fails_for_every_lease_is_lost() -> None:
    book, looks = Book(), 0
    for n in range(2 * FAILURES):
        lease(book, f"lease-{n}")

    async def look(lease: OpenLease) -> Texts:
        nonlocal looks
        looks += 1
        raise Unavailable("nothing came in time")

    async def report(texts: Texts) -> None:
        assert not texts

    with pytest.raises(Unavailable):
        await Poller("provider", book, SystemClock(), nothing, None, look, report).run()
    assert looks == FAILURES
