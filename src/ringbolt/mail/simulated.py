"""The simulated mail server as a shop sees it: a stranger behind HTTP.

It is sent the very bytes that a real one would get. What was never sent, or refused with 4xx, is
a definite no; a lost answer, a timeout or 5xx leaves it open whether the mail was taken.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from ringbolt.clock import Clock, SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.core.recovery import Recovery
from ringbolt.mail.letter import compose
from ringbolt.mail.mailer import Accepted, MailResult, OutMail, Rejected, Unknown
from ringbolt.mail.simulated_wire import MailRefusal, MailRequest, MailTaken

_ANSWER_S: Final = 10.0
_CONNECT_S: Final = 5.0
_KEEP_ALIVE_S: Final = 3.0
"""Below the 5 s of uvicorn: a request on a connection that it just closed would be in doubt."""
_LOST = (aiohttp.ClientError, TimeoutError)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_encode = msgspec.json.Encoder().encode
_taken = msgspec.json.Decoder(MailTaken).decode
_refusal = msgspec.json.Decoder(MailRefusal).decode


class SimulatedMailer:
    """Implements ``Mailer`` and ``SupportsMailLookup`` over the world at ``base_url``; mails are
    dated by ``clock``."""

    def __init__(self, base_url: str, clock: Clock | None = None) -> None:
        self._messages = URL(f"{base_url.rstrip('/')}/simulator/mailer/messages")
        self._clock = clock or SystemClock()
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    async def send(self, mail: OutMail) -> MailResult:
        try:
            body = _encode(_request_of(mail, self._clock.now_ms()))
        except ValueError as error:
            return Rejected(f"it cannot be written: {error}")
        if not mail.still_wanted():
            return Rejected("nobody waits for this e-mail any more", permanent=False)
        try:
            async with self._http().post(self._messages, data=body) as answer:
                return _result(answer.status, await answer.read())
        except _NEVER_SENT as error:
            return Rejected(f"the mail server cannot be reached: {_words(error)}", permanent=False)
        except _LOST as error:
            return Unknown(f"the mail server's answer was lost: {_words(error)}")

    async def find(self, ref: str) -> str | None:
        url = URL(f"{self._messages}/{quote(ref, safe='')}", encoded=True)
        try:
            async with self._http().get(url) as answer:
                status, body = answer.status, await answer.read()
            if status == 404:
                # Only the mail server's own word is a definite no; a proxy's 404 is not.
                _refusal(body)
                return None
            if status != 200:
                raise _unavailable(f"HTTP {status}")
            return _taken(body).id
        except (*_LOST, msgspec.DecodeError) as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(_ANSWER_S, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _request_of(mail: OutMail, at_ms: int) -> MailRequest:
    message = compose(mail, at_ms).as_bytes().decode("ascii")
    return MailRequest(mail.ref, mail.envelope_from, mail.to, message)


def _result(status: int, body: bytes) -> MailResult:
    try:
        if status == 201:
            return Accepted(_taken(body).id)
        if 400 <= status < 500:
            refusal = _refusal(body)
            return Rejected(refusal.reason, refusal.permanent)
    except msgspec.DecodeError:
        if 400 <= status < 500:
            return Rejected(f"the mail server refused with HTTP {status}", permanent=False)
    return Unknown(f"the mail server answered HTTP {status}")


def _words(error: object) -> str:
    return str(error) or type(error).__name__


def _unavailable(error: object) -> Unavailable:
    return Unavailable(f"The simulated mail server does not answer: {_words(error)}.")
