"""The simulated provider as a shop sees it: behind HTTP, like any other provider.

What was never sent, or refused with 4xx, is a definite no; a lost answer, a timeout or 5xx leaves
it open whether a number was leased.
"""

from __future__ import annotations

from typing import TypeVar, Unpack
from urllib.parse import quote

import msgspec

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    AcquireResult,
    CancelResult,
    InboundText,
    Offer,
    TextBatch,
)
from ringbolt.numbers.simulated.wire import (
    AnotherTextReply,
    CancelReply,
    CountriesReply,
    FinishReply,
    LeaseRefusal,
    LeaseState,
    OffersReply,
    TextLine,
    TextsReply,
    request_of,
)
from ringbolt.upstream.exchange import Answer, Lost, NeverSent
from ringbolt.upstream.far_end import FarEnd
from ringbolt.upstream.http import Options
from ringbolt.upstream.world_client import world_client
from ringbolt.upstream.world_cursor import known_cursor

_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class SimulatedNumberProvider:
    """Implements ``NumberProvider`` and ``SupportsLeaseLookup`` over the world at ``base_url``."""

    recovery = Recovery.LOOKUP

    def __init__(self, base_url: str, name: str = "simulated", token: str = "") -> None:
        self.name = name
        self._url = f"{base_url.rstrip('/')}/simulator/lender"
        self._far_end = FarEnd("The simulated provider of numbers", world_client(token))

    async def offers(self, country: int) -> tuple[Offer, ...]:
        reply = await self._get("/offers", OffersReply, country=str(country))
        return tuple(reply.offers)

    async def countries(self) -> tuple[int, ...]:
        return tuple((await self._get("/countries", CountriesReply)).countries)

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        body = _encode(request_of(wanted))
        if not wanted.still_wanted():
            return Rejected("the request for this number was withdrawn", permanent=False)
        match await self._far_end.post(f"{self._url}/leases", body):
            case Answer() as answer:
                return _result(answer)
            case NeverSent(why):
                return Rejected(f"the provider cannot be reached: {why}", permanent=False)
            case Lost(why):
                return Unknown(f"the provider's answer was lost: {why}")

    async def find(self, ref: str) -> Acquired | None:
        url = f"{self._url}/leases"
        found = await self._far_end.find(url, LeaseState, LeaseRefusal, params={"ref": ref})
        return None if found is None else found.lease

    async def request_text(self, lease_id: str) -> bool:
        return (await self._post(lease_id, "another", AnotherTextReply)).granted

    async def finish(self, lease_id: str) -> None:
        await self._post(lease_id, "finish", FinishReply)

    async def cancel(self, lease_id: str) -> CancelResult:
        return (await self._post(lease_id, "cancel", CancelReply)).result()

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        reply = await self._get(f"/leases/{quote(lease_id, safe='')}/texts", TextsReply)
        return tuple(reply.texts)

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        after = known_cursor(cursor)

        async def take(lines: list[bytes]) -> None:
            nonlocal after
            events = [self._far_end.decode(line, TextLine) for line in lines]
            after = str(events[-1].cursor) if events else after
            await sink(TextBatch(tuple(text for each in events for text in each.texts), after))

        await self._far_end.follow(f"{self._url}/events", {"after": after}, take)

    async def close(self) -> None:
        await self._far_end.close()

    async def _get(self, path: str, kind: type[T], **params: str) -> T:
        return await self._ask("GET", self._url + path, kind, params=params)

    async def _post(self, lease_id: str, verb: str, kind: type[T]) -> T:
        url = f"{self._url}/leases/{quote(lease_id, safe='')}/{verb}"
        return await self._ask("POST", url, kind)

    async def _ask(self, method: str, url: str, kind: type[T], **options: Unpack[Options]) -> T:
        """Raises ``Unavailable``."""
        return self._far_end.decode_ok(await self._far_end.ask(method, url, **options), kind)


def _result(answer: Answer) -> AcquireResult:
    try:
        if answer.status == 201:
            return msgspec.json.decode(answer.body, type=LeaseState).lease
        if answer.is_refusal:
            return Rejected(msgspec.json.decode(answer.body, type=LeaseRefusal).reason)
    except msgspec.DecodeError:
        if answer.is_refusal:
            return Rejected(f"the provider refused with HTTP {answer.status}")
    return Unknown(f"the provider answered HTTP {answer.status}")
