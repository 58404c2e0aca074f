"""The adapter to the simulated mail server, over HTTP.

It receives the same bytes as a real server would. A request that was never sent, or was refused
with 4xx, is a definite no. After a lost answer, a timeout or 5xx it is unknown whether the mail was
accepted.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from yarl import URL

from ringbolt.clock import Clock, SystemClock
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.mail.letter import compose
from ringbolt.mail.mailer import Accepted, MailResult, OutMail
from ringbolt.mail.simulated.wire import MailAccepted, MailRefusal, MailRequest
from ringbolt.upstream.exchange import Answer, Lost, NeverSent
from ringbolt.upstream.far_end import FarEnd
from ringbolt.upstream.world_client import world_client

_encode = msgspec.json.Encoder().encode


class SimulatedMailer:
    """Implements ``Mailer`` and ``SupportsMailLookup`` over the world at ``base_url``; mails are
    dated by ``clock``."""

    recovery = Recovery.LOOKUP

    def __init__(
        self,
        base_url: str,
        clock: Clock | None = None,
        name: str = "simulated",
        token: str = "",
    ) -> None:
        self.name = name
        self._messages = URL(f"{base_url.rstrip('/')}/simulator/mailer/messages")
        self._clock = clock or SystemClock()
        self._far_end = FarEnd("The simulated mail server", world_client(token))

    async def send(self, mail: OutMail) -> MailResult:
        try:
            body = _encode(_request_of(mail, self._clock.now_ms()))
        except ValueError as error:
            return Rejected(f"it cannot be written: {error}")
        if not mail.still_wanted():
            return Rejected("the request for this e-mail was withdrawn", permanent=False)
        match await self._far_end.post(self._messages, body):
            case Answer() as answer:
                return _result(answer)
            case NeverSent(why):
                return Rejected(f"the mail server cannot be reached: {why}", permanent=False)
            case Lost(why):
                return Unknown(f"the mail server's answer was lost: {why}")

    async def find(self, ref: str) -> str | None:
        url = URL(f"{self._messages}/{quote(ref, safe='')}", encoded=True)
        found = await self._far_end.find(url, MailAccepted, MailRefusal)
        return None if found is None else found.id

    async def close(self) -> None:
        await self._far_end.close()


def _request_of(mail: OutMail, at_ms: int) -> MailRequest:
    message = compose(mail, at_ms).as_bytes().decode("ascii")
    return MailRequest(mail.ref, mail.envelope_from, mail.to, message)


def _result(answer: Answer) -> MailResult:
    try:
        if answer.status == 201:
            return Accepted(msgspec.json.decode(answer.body, type=MailAccepted).id)
        if answer.is_refusal:
            refusal = msgspec.json.decode(answer.body, type=MailRefusal)
            return Rejected(refusal.reason, refusal.permanent)
    except msgspec.DecodeError:
        if answer.is_refusal:
            return Rejected(f"the mail server refused with HTTP {answer.status}", permanent=False)
    return Unknown(f"the mail server answered HTTP {answer.status}")
