"""``/simulator/mailer``: the simulated mail server, which delivers to the mailboxes."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.json_errors import UNREADABLE
from ringbolt.mail.simulated.wire import MailAccepted, MailRefusal, MailRequest
from ringbolt.simulator.mail.mailboxes import Mailboxes
from ringbolt.simulator.mail.message import UnreadableMail, read_message
from ringbolt.simulator.mail.script import ScriptedDomain, scripted_domain

PREFIX = "/simulator/mailer"
_encode = msgspec.json.Encoder().encode
_request = msgspec.json.Decoder(MailRequest).decode


def routes(mailboxes: Mailboxes) -> list[Route]:
    api = _MailServer(mailboxes)
    return [
        Route(f"{PREFIX}/messages", api.send, methods=["POST"]),
        Route(f"{PREFIX}/messages/{{ref:path}}", api.find, methods=["GET"]),
    ]


class _MailServer:
    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes

    async def send(self, request: Request) -> Response:
        """201 it is delivered; 4xx it is not; 504 the answer is lost."""
        try:
            asked = _request(await request.body())
            mail = read_message(asked)
        except (*UNREADABLE, UnreadableMail) as error:
            return _json(400, MailRefusal(str(error), permanent=True))
        match scripted_domain(asked.to):
            case ScriptedDomain.REFUSES:
                return _json(403, MailRefusal("550 5.1.1 no such user here", permanent=True))
            case ScriptedDomain.DEFERS:
                return _json(429, MailRefusal("450 4.2.1 try again later", permanent=False))
            case ScriptedDomain.LOSES:
                return JSONResponse({"reason": "the request was lost"}, 504)
            case ScriptedDomain.SILENT:
                await self._mailboxes.deliver(asked.ref, asked.to, mail)
                return JSONResponse({"reason": "the answer was lost"}, 504)
            case None:
                await self._mailboxes.deliver(asked.ref, asked.to, mail)
                return _json(201, MailAccepted(_id_of(asked.ref)))

    async def find(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        if not self._mailboxes.holds(ref):
            return _json(404, MailRefusal("there is no mail with this reference", permanent=True))
        return _json(200, MailAccepted(_id_of(ref)))


def _id_of(ref: str) -> str:
    return f"sim-{ref}"


def _json(status: int, body: msgspec.Struct) -> Response:
    return Response(_encode(body), status, media_type="application/json")
