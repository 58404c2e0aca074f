"""``/simulator/sms`` and ``/simulator/mailbox``: texts that strangers send, mail that arrived.

The world keeps every text that is sent to any number and tells it to who borrows numbers: whose it
is, a shop decides. A mailbox shows what was mailed to an address; without a shop that mails it is
empty.
"""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from ringbolt.core.phone import is_e164
from ringbolt.core.timestamps import iso
from ringbolt.simulator.world import World

MAIL_LOG = "mail"
"""``mail:ADDRESS`` holds what was mailed there: {from, subject, text, headers, at_ms}."""
MAX_TEXT_CHARS = 2000
_PAGE = 1000
_HALF_A_SIGN = re.compile("[\ud800-\udfff]")
"""JSON can say it, but no text holds it."""


def routes(world: World) -> list[BaseRoute]:
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
        sms_id, at_ms = await world.backend.receive(sms["to"], sms["from"], sms["text"])
        return JSONResponse({"id": sms_id, **sms, "at": iso(at_ms)}, 202)

    async def mailbox(request: Request) -> JSONResponse:
        address = request.path_params["address"].lower()
        mails = world.store.scan(f"{MAIL_LOG}:{address}", 0, _PAGE)
        messages = [
            {
                "from": mail["from"],
                "subject": mail["subject"],
                "text": mail["text"],
                "at": iso(mail["at_ms"]),
                "headers": mail.get("headers", {}),
            }
            for _, mail in mails
        ]
        return JSONResponse({"messages": messages})

    return [
        Route("/simulator/sms", receive_sms, methods=["POST"]),
        Route("/simulator/mailbox/{address}", mailbox),
    ]


def _sms(body: bytes) -> dict[str, Any] | None:
    """The text in a request's body; None if it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    to, sender, text = (document.get(name) for name in ("to", "from", "text"))
    if not isinstance(to, str) or not isinstance(sender, str) or not isinstance(text, str):
        return None
    is_whole = _HALF_A_SIGN.search(f"{sender} {text}") is None
    if not (is_e164(to) and sender and len(text) <= MAX_TEXT_CHARS and is_whole):
        return None
    return {"to": to, "from": sender[:32], "text": text}
