"""``/simulator/lender``: the simulated provider's API, which ``numbers/simulated`` uses.

Texts are sent to its numbers with ``POST /simulator/sms``.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.errors import InvalidInput
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.numbers.provider import Acquired, AcquireNumber, AcquireResult, TextBatch
from ringbolt.numbers.simulated.wire import (
    AnotherTextReply,
    CountriesReply,
    FinishReply,
    LeaseRefusal,
    LeaseRequest,
    LeaseState,
    OffersReply,
    TextLine,
    TextsReply,
    cancel_reply,
)
from ringbolt.simulator.event_stream import cursor_of, event_stream
from ringbolt.simulator.numbers.inventory import NumberInventory
from ringbolt.simulator.numbers.offers import countries, offers

PREFIX = "/simulator/lender"
_MAX_DIGITS = 6
_encode = msgspec.json.Encoder().encode


def routes(inventory: NumberInventory) -> list[Route]:
    api = _Provider(inventory)
    lease = f"{PREFIX}/leases/{{lease_id}}"
    return [
        Route(f"{PREFIX}/countries", api.countries),
        Route(f"{PREFIX}/offers", api.offers),
        Route(f"{PREFIX}/leases", api.acquire, methods=["POST"]),
        Route(f"{PREFIX}/leases", api.find, methods=["GET"]),
        Route(f"{lease}/texts", api.texts),
        Route(f"{lease}/another", api.request_text, methods=["POST"]),
        Route(f"{lease}/finish", api.finish, methods=["POST"]),
        Route(f"{lease}/cancel", api.cancel, methods=["POST"]),
        Route(f"{PREFIX}/events", api.events),
    ]


class _Provider:
    def __init__(self, inventory: NumberInventory) -> None:
        self._inventory = inventory

    async def countries(self, request: Request) -> Response:
        return _json(200, CountriesReply(list(countries())))

    async def offers(self, request: Request) -> Response:
        country = request.query_params.get("country", "")
        if not (country.isascii() and country.isdecimal() and len(country) <= _MAX_DIGITS):
            raise InvalidInput("country is the number of a country.", field="country")
        return _json(200, OffersReply(list(offers(int(country)))))

    async def acquire(self, request: Request) -> Response:
        """201 a number is leased; 4xx none is; 504 the answer is lost."""
        try:
            asked = msgspec.json.decode(await request.body(), type=LeaseRequest)
        except UNREADABLE as error:
            return _json(400, LeaseRefusal(str(error)))
        return _acquired(await self._inventory.acquire(_wanted(asked)))

    async def find(self, request: Request) -> Response:
        lease = await self._inventory.find(request.query_params.get("ref", ""))
        if lease is None:
            return _json(404, LeaseRefusal("there is no lease with this reference"))
        return _json(200, LeaseState(lease))

    async def texts(self, request: Request) -> Response:
        texts = await self._inventory.texts(request.path_params["lease_id"])
        return _json(200, TextsReply(list(texts)))

    async def request_text(self, request: Request) -> Response:
        granted = await self._inventory.request_text(request.path_params["lease_id"])
        return _json(200, AnotherTextReply(granted))

    async def finish(self, request: Request) -> Response:
        await self._inventory.finish(request.path_params["lease_id"])
        return _json(200, FinishReply())

    async def cancel(self, request: Request) -> Response:
        result = await self._inventory.cancel(request.path_params["lease_id"])
        return _json(200, cancel_reply(result))

    async def events(self, request: Request) -> Response:
        """Lines of texts after ``?after=N``."""
        return event_stream(self._inventory.events(cursor_of(request)), _line)


def _wanted(asked: LeaseRequest) -> AcquireNumber:
    return AcquireNumber(
        asked.ref,
        asked.service,
        asked.country,
        asked.hours,
        asked.real,
        frozenset(asked.avoid),
        asked.again,
    )


def _acquired(result: AcquireResult) -> Response:
    match result:
        case Acquired():
            return _json(201, LeaseState(result))
        case Rejected(reason):
            return _json(409, LeaseRefusal(reason))
        case Unknown(reason):
            return JSONResponse({"reason": reason}, 504)


def _line(batch: TextBatch) -> bytes:
    return _encode(TextLine(int(batch.cursor), list(batch.texts))) + b"\n"


def _json(status: int, body: msgspec.Struct) -> Response:
    return Response(_encode(body), status, media_type="application/json")
