"""``/simulator/mailer``: a mail server that takes what a shop writes, and fills the mailboxes.

It reads the Internet message that it is sent, as any receiver does. Some recipients are scripted:
everybody ``@refuse.example`` is refused for good, ``@defer.example`` for now; a mail
``@silent.example`` arrives without an answer, one ``@lost.example`` never arrives, without one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ringbolt.core.json_errors import UNREADABLE
from ringbolt.mail.simulated.wire import MailAccepted, MailRefusal, MailRequest
from ringbolt.simulator.messages_api import MAIL_LOG
from ringbolt.simulator.world import World

PREFIX = "/simulator/mailer"
REFUSES: Final = "refuse.example"
DEFERS: Final = "defer.example"
SILENT: Final = "silent.example"
LOSES: Final = "lost.example"
TAKEN: Final = "mail"
"""``mail/REF``: the mail with that reference, which is taken once."""
MAX_LINE: Final = 998
_encode = msgspec.json.Encoder().encode
_request = msgspec.json.Decoder(MailRequest).decode


def routes(world: World) -> list[BaseRoute]:
    face = _MailServer(world)
    return [
        Route(f"{PREFIX}/messages", face.send, methods=["POST"]),
        Route(f"{PREFIX}/messages/{{ref:path}}", face.find, methods=["GET"]),
    ]


class UnreadableMail(ValueError):
    """The message is not one that a mail server would take; says why."""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A message as its reader sees it."""

    sender: str
    subject: str
    text: str
    headers: dict[str, str]


class _MailServer:
    def __init__(self, world: World) -> None:
        self._world = world
        self._arriving: dict[str, asyncio.Future[list[int]]] = {}

    async def send(self, request: Request) -> Response:
        """201 it is taken; 4xx it is not; 504 the server does not say."""
        try:
            asked = _request(await request.body())
            mail = read(asked)
        except (*UNREADABLE, UnreadableMail) as error:
            return _json(400, MailRefusal(str(error), permanent=True))
        domain = asked.to.rpartition("@")[2].lower()
        if domain == REFUSES:
            return _json(403, MailRefusal("550 5.1.1 no such user here", permanent=True))
        if domain == DEFERS:
            return _json(429, MailRefusal("450 4.2.1 try again later", permanent=False))
        if domain == LOSES:
            return JSONResponse({"reason": "the request was lost"}, 504)
        await self._take(asked, mail)
        if domain == SILENT:
            return JSONResponse({"reason": "the answer was lost"}, 504)
        return _json(201, MailAccepted(_id_of(asked.ref)))

    async def find(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        if self._world.store.get(TAKEN, ref) is None:
            return _json(404, MailRefusal("there is no mail with this reference", permanent=True))
        return _json(200, MailAccepted(_id_of(ref)))

    async def _take(self, asked: MailRequest, mail: ReadMail) -> None:
        """Put it into the mailbox, once for its reference."""
        if self._world.store.get(TAKEN, asked.ref) is not None:
            return
        arriving = self._arriving.get(asked.ref)
        if arriving is None:
            arriving = self._submit(asked, mail)
            self._arriving[asked.ref] = arriving
            arriving.add_done_callback(lambda _: self._arriving.pop(asked.ref, None))
        await asyncio.shield(arriving)

    def _submit(self, asked: MailRequest, mail: ReadMail) -> asyncio.Future[list[int]]:
        document: dict[str, Any] = {
            "from": mail.sender,
            "subject": mail.subject,
            "text": mail.text,
            "headers": mail.headers,
            "at_ms": self._world.clock.now_ms(),
        }
        return self._world.store.submit(
            [(TAKEN, asked.ref, {"to": asked.to})],
            [(f"{MAIL_LOG}:{asked.to.lower()}", document)],
        )


def read(asked: MailRequest) -> ReadMail:
    """The message, as its receiver reads it. Raises ``UnreadableMail`` for what is not RFC 5322,
    or is for somebody else than its envelope says."""
    raw = asked.message
    if not raw.isascii():
        raise UnreadableMail("the message holds other signs than ASCII")
    if "\n" in raw.replace("\r\n", "") or "\r" in raw.replace("\r\n", ""):
        raise UnreadableMail("a line does not end in CR LF")
    if any(len(line) > MAX_LINE for line in raw.split("\r\n")):
        raise UnreadableMail(f"a line is longer than {MAX_LINE} characters")
    message = message_from_bytes(raw.encode(), policy=SMTP)
    assert isinstance(message, EmailMessage)
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        if len(message.get_all(name, [])) != 1:
            raise UnreadableMail(f"there is not exactly one {name}")
    if message.defects or message.get_content_type() != "text/plain":
        raise UnreadableMail("the message is not sound plain text")
    if [each.addr_spec for each in message["To"].addresses] != [asked.to]:
        raise UnreadableMail("the message is not for whom the envelope names")
    text: str = message.get_content()
    headers = {name: str(value) for name, value in message.items()}
    return ReadMail(headers["From"], headers["Subject"], text.replace("\r\n", "\n"), headers)


def _id_of(ref: str) -> str:
    return f"sim-{ref}"


def _json(status: int, body: msgspec.Struct) -> Response:
    return Response(_encode(body), status, media_type="application/json")
