"""``/simulator/sms-carrier``: the simulated SMS carrier's API, which ``sms/simulated`` uses."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.event_stream import cursor_of, event_stream
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.sms.carrier import Accepted, ReceiptBatch, SendResult
from ringbolt.sms.simulated.wire import ReceiptsLine, SmsAccepted, SmsRefusal, SmsRequest, SmsState

PREFIX = "/simulator/sms-carrier"
_encode = msgspec.json.Encoder().encode
_request = msgspec.json.Decoder(SmsRequest).decode


def routes(network: SmsNetwork) -> list[Route]:
    api = _SmsCarrier(network)
    return [
        Route(f"{PREFIX}/messages", api.send, methods=["POST"]),
        Route(f"{PREFIX}/messages/{{ref:path}}", api.find, methods=["GET"]),
        Route(f"{PREFIX}/events", api.events, methods=["GET"]),
    ]


class _SmsCarrier:
    def __init__(self, network: SmsNetwork) -> None:
        self._network = network

    async def send(self, request: Request) -> Response:
        """201 it is accepted; 4xx it is not; 504 the answer is lost."""
        try:
            asked = _request(await request.body())
        except UNREADABLE as error:
            return _json(400, SmsRefusal(str(error), permanent=True))
        return _sent(await self._network.send(asked))

    async def find(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        found = await self._network.find(ref)
        if found is None:
            return _json(404, SmsRefusal("there is no text with this reference", permanent=True))
        return _json(200, SmsState(ref, list(found.part_ids), list(found.receipts)))

    async def events(self, request: Request) -> Response:
        """Lines of receipts after ``?after=N``."""
        return event_stream(self._network.events(cursor_of(request)), _line)


def _line(batch: ReceiptBatch) -> bytes:
    return _encode(ReceiptsLine(int(batch.cursor), list(batch.receipts))) + b"\n"


def _sent(result: SendResult) -> Response:
    match result:
        case Accepted(part_ids, sent):
            return _json(201, SmsAccepted(list(part_ids), sent))
        case Rejected(reason, permanent, retry_after_ms):
            return _json(403 if permanent else 429, SmsRefusal(reason, permanent, retry_after_ms))
        case Unknown(reason):
            return JSONResponse({"reason": reason}, 504)


def _json(status: int, body: msgspec.Struct) -> Response:
    return Response(_encode(body), status, media_type="application/json")
