"""``POST /simulator/sms``: a text that a stranger sends to any number.

The world stores every text and reports it to the shops that lease numbers. The shop decides which
order it belongs to, if any.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringbolt.core.phone import is_e164
from ringbolt.core.timestamps import iso
from ringbolt.simulator.numbers.inventory import NumberInventory

MAX_TEXT_CHARS: Final = 2000
MAX_SENDER_CHARS: Final = 32
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON can spell it, but it is no character: no database stores it."""


def routes(numbers: NumberInventory) -> list[Route]:
    async def receive_sms(request: Request) -> JSONResponse:
        sms = _sms(await request.body())
        if sms is None:
            return JSONResponse(
                {
                    "error": "INVALID_INPUT",
                    "message": 'The body is {"to": "+E164", "from": "sender", "text": "..."}.',
                },
                400,
            )
        sms_id, at_ms = await numbers.receive(sms["to"], sms["from"], sms["text"])
        return JSONResponse({"id": sms_id, **sms, "at": iso(at_ms)}, 202)

    return [Route("/simulator/sms", receive_sms, methods=["POST"])]


def _sms(body: bytes) -> dict[str, Any] | None:
    """The text in a request's body; None if the body holds none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    to, sender, text = (document.get(name) for name in ("to", "from", "text"))
    if not isinstance(to, str) or not isinstance(sender, str) or not isinstance(text, str):
        return None
    is_whole = _LONE_SURROGATE.search(f"{sender} {text}") is None
    if not (is_e164(to) and sender and len(text) <= MAX_TEXT_CHARS and is_whole):
        return None
    return {"to": to, "from": sender[:MAX_SENDER_CHARS], "text": text}
