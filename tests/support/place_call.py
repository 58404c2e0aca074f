"""Bodies of place-call, read as the paid URL reads them, without a server."""

from __future__ import annotations

import json
from typing import Any, Final

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.json_body import read_object
from ringbolt.api.kit.names import Names
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.reader import Reader
from ringbolt.api.kit.request import Request
from ringbolt.api.l402.call_request import read_call
from ringbolt.api.l402.call_schema import PlaceCall
from ringbolt.api.l402.call_service import PATH, PhoneCalls
from ringbolt.api.l402.dialect import STYLE, PaidDialect
from ringbolt.api.l402.paid_request import PaidRequest, paid_request
from ringbolt.api.l402.words import WORDS
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput

_DIALECT: Final = PaidDialect(lambda status, code: None, {PATH: PhoneCalls.wording})
_READER: Final = Reader(PlaceCall, exact=STYLE.exact)
_NAMES: Final = Names(_READER, STYLE)


async def _unused(request: Request[PlaceCall]) -> None:
    raise AssertionError("the body alone is read")


_OPERATION: Final = Operation("POST", PATH, _unused, PlaceCall)


def decode_body(body: bytes) -> dict[str, Any]:
    """The document of a body, whatever its fields are. Raises ``InvalidInput``."""
    document: dict[str, Any] = read_object(body, empty=PhoneCalls.wording.no_body)
    return document


def call_order(document: dict[str, Any] | bytes) -> CallOrder:
    """The call that a body describes. Raises as ``place_call``."""
    order = place_call(document).order
    assert isinstance(order, CallOrder)
    return order


def place_call(document: dict[str, Any] | bytes) -> PaidRequest:
    """What a body describes. Raises ``InvalidInput``, in the family's words."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    scope = {"type": "http", "method": "POST", "headers": [], "client": ("192.0.2.1", 50000)}
    request: Request[PlaceCall] = Request(scope, PATH, Fields(STYLE, {}))
    request.body = body
    request.fields = _DIALECT.read(request, _OPERATION, _NAMES)
    request.params = _READER.read(request.fields)
    try:
        return paid_request(request, read_call(request), public_url="")
    except InvalidInput as error:
        worded = WORDS.word(error, request.fields.written, request.fields.label)
        error.field, error.message = worded.field, worded.message
        error.suggestion = worded.suggestion
        raise
