"""A provider of numbers with 1,000 open activations: the CPU of looking for texts, and how soon a
text is seen.

    python -m benchmarks.handler_api

The provider answers from another thread and lists its active leases, as sms-activate, hero-sms and
grizzlysms do; the CPU is that of our thread alone, over ``SECONDS``. At providers that list nothing
their limit of requests a second decides how soon a lease is looked at, and not we.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ringbolt.clock import SystemClock
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.dialect import DIALECTS
from ringbolt.numbers.handler_api.provider import handler_api_provider
from ringbolt.numbers.provider import TextBatch
from support.servers.stubs import Stub, scripted

OPEN = 1000
TEXTS = 30
SECONDS = 60.0
GOAL_CPU_PERCENT, GOAL_S = 2.0, 3.0


@dataclass(frozen=True, slots=True)
class Lease:
    """An activation in the shop's books."""

    lease_id: str
    number: str
    from_ms: int
    until_ms: int


class Books:
    """All of them are open."""

    def __init__(self) -> None:
        now_ms = SystemClock().now_ms()
        self._leases = [
            Lease(str(n), f"+4915{n:08d}", now_ms, now_ms + 1_200_000) for n in range(OPEN)
        ]

    async def open_at(self, provider: str) -> list[Lease]:
        return self._leases

    async def last_of(self, provider: str, number: str) -> str:
        return ""


class Provider(threading.Thread):
    """Lists ``OPEN`` activations; ``came_s``: when the text of each came, by its id."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.url = ""
        self.came_s: dict[str, float] = {}
        self.is_there = threading.Event()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with scripted() as stub:
            stub.say("getBalance", "ACCESS_BALANCE:1000")
            self._list(stub)
            self.url = stub.url
            self.is_there.set()
            for lease in random.Random(1).sample(range(OPEN), TEXTS):
                await asyncio.sleep(SECONDS / (TEXTS + 5))
                self.came_s[str(lease)] = time.monotonic()
                self._list(stub)
            await asyncio.Event().wait()

    def _list(self, stub: Stub) -> None:
        items = [self._item(n) for n in range(OPEN)]
        stub.say("getActiveActivations", json.dumps({"status": "success", "data": items}))

    def _item(self, n: int) -> dict[str, object]:
        has_code = str(n) in self.came_s
        return {
            "activationId": n,
            "serviceCode": "tg",
            "phoneNumber": f"4915{n:08d}",
            "activationStatus": "2" if has_code else "4",
            "smsCode": [f"{n:05d}"] if has_code else None,
            "smsText": f"Telegram code: {n:05d}" if has_code else None,
            "activationTime": "2026-11-30 20:00:00",
            "countryCode": "43",
        }


async def measure(provider: Provider) -> tuple[float, list[float]]:
    """The share of a core, percent, and how long each text took, seconds."""
    account = Account("provider", provider.url, "key", DIALECTS["sms-activate"])
    client = handler_api_provider(account, SystemClock(), Books())
    seen_s: dict[str, float] = {}

    async def sink(batch: TextBatch) -> None:
        for text in batch.texts:
            seen_s.setdefault(text.lease_id, time.monotonic())

    following = asyncio.create_task(client.follow("", sink))
    before, began = time.thread_time(), time.monotonic()
    await asyncio.sleep(SECONDS)
    percent = 100 * (time.thread_time() - before) / (time.monotonic() - began)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await client.close()
    return percent, [seen_s[each] - came for each, came in provider.came_s.items()]


def main() -> None:
    provider = Provider()
    provider.start()
    provider.is_there.wait()
    percent, delays = asyncio.run(measure(provider))
    delays.sort()
    note = "" if percent <= GOAL_CPU_PERCENT else f"  above {GOAL_CPU_PERCENT}"
    print(f"{OPEN} open activations: {percent:.2f} % of a core{note}")
    note = "" if delays[-1] <= GOAL_S else f"  above {GOAL_S}"
    print(f"{len(delays)} texts seen after {delays[len(delays) // 2]:.2f} s, "
          f"the last after {delays[-1]:.2f} s{note}")  # fmt: skip


if __name__ == "__main__":
    main()
